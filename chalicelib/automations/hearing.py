"""What waits are waiting for: events that lie beside the execution, and the ends of executions it started."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Protocol

from chalicelib.automations import models, packing
from chalicelib.automations.meter import Meter
from chalicelib.automations.rules import conditions, references, retries
from chalicelib.automations.rules.journal import Journal, Json, Record, Status
from chalicelib.core import clock
from chalicelib.durable.leases import Lease
from chalicelib.durable.steps import ENDED, State
from chalicelib.storage.table import Key
from chalicelib.storage.tables import WORK


class Turn(Protocol):
    """What hearing needs of the turn."""

    workspace_id: str
    execution: str
    lease: Lease
    journal: Journal
    meter: Meter
    load: packing.Loader
    heard: set[str]
    unheard: set[str]


def hear(turn: Turn, *, has_rung: bool) -> list[Record]:
    """Give the records of the waits that are over now. Looks only where something may have changed.

    An event may have come before its wait began, so each wait looks once. The end of a child rings after its start, but
    where a former worker started it and fell, that ring may have been answered already: then it is looked at once too.
    """
    waits = [one for one in turn.journal.waiting(Status.WAITING) if one.kind == "waitForEvent"]
    children = turn.journal.waiting(Status.CHILD)
    now_ms = clock.now_ms()
    made: list[Record] = []
    if has_rung or any(one.address not in turn.heard for one in waits):
        made += _events(turn, waits, now_ms)
        turn.heard |= {one.address for one in waits}
    looked_at = children if has_rung else [one for one in children if one.address in turn.unheard]
    made += [ended for one in looked_at if (ended := _child(turn, one, now_ms)) is not None]
    turn.unheard -= {one.address for one in children}
    over = {one.address for one in made}
    late = [one for one in waits if one.address not in over and one.due is not None and one.due <= now_ms]
    return made + [_over(turn, one, now_ms, {"timedOut": True, "payload": None}) for one in late]


def register(turn: Turn, records: Iterable[Record]) -> None:
    """Make an execution that is about to wait for events findable by their names."""
    for record in records:
        if record.kind == "waitForEvent" and record.status is Status.WAITING:
            last_ms = record.due if record.due is not None else clock.now_ms() + models.LONGEST_S * 1000
            exp_s = last_ms // 1000 + models.DAY_S
            WORK.put(models.waiting_row(turn.workspace_id, record.shown["event"], turn.execution, exp_s))
            turn.meter.add(writes=1)


def _events(turn: Turn, waits: list[Record], now_ms: int) -> list[Record]:
    if not waits or models.BELL not in turn.lease.row.get("inbox", {}):
        return []
    turn.meter.add(reads=1)
    taken, made = turn.journal.consumed(), []
    open_waits = list(waits)
    for event in models.events_of(turn.workspace_id, turn.execution):
        wanted = next((one for one in open_waits if event["id"] not in taken and _fits(one, event)), None)
        if wanted is None:
            continue
        open_waits.remove(wanted)
        taken.add(event["id"])
        output = {"timedOut": False, "payload": event["payload"]}
        made.append(replace(_over(turn, wanted, now_ms, output), event=event["id"]))
    return made


def _fits(wait: Record, event: Json) -> bool:
    if wait.shown["event"] != event["name"]:
        return False
    wanted = wait.shown.get("match") or {}
    return all(conditions.same(_at(event["payload"], path), value) for path, value in wanted.items())


def _at(payload: Any, path: str) -> Any:
    try:
        return references.look_up(payload, references.parse(path))
    except references.BadPath:
        return None


def _over(turn: Turn, wait: Record, now_ms: int, output: Any) -> Record:
    key = models.waiting_row(turn.workspace_id, wait.shown["event"], turn.execution, 0)
    WORK.delete(Key(key["pk"], key["sk"]))
    turn.meter.add(writes=1)
    return replace(wait, status=Status.OK, ended=now_ms, due=None, output=output, logs=[], used={})


def _child(turn: Turn, record: Record, now_ms: int) -> Record | None:
    turn.meter.add(reads=1)
    row = WORK.get(models.execution_key(turn.workspace_id, str(record.child)))
    if row is not None and row["st"] not in ENDED:
        return None
    ended = replace(record, ended=now_ms, logs=[], used={})
    if row is not None and row["st"] == State.DONE:
        read = packing.Loader(turn.workspace_id, row["sk"])
        output = read.value(row.get("res"))
        turn.load.secrets |= read.secrets
        return replace(ended, status=Status.OK, output=output)
    reason = retries.failure("Gone", "the execution it started is no longer kept") if row is None else row.get("err")
    return replace(ended, status=Status.FAILED, error=reason or retries.failure("Failed", "it ended without a reason"))

"""Replay: the same execution once more, whole or from a step, on the same version or on a repaired one.

It is a new execution with keys of its own. From a step: what came before is taken over and not done again.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from chalicelib.automations import lanes, loading, models, packing, starts
from chalicelib.automations.executions import find_own
from chalicelib.automations.models import Automation
from chalicelib.automations.packing import Loader
from chalicelib.automations.rules.journal import Journal, Record, Status
from chalicelib.core.call import Call
from chalicelib.core.errors import Conflict, InvalidInput
from chalicelib.durable.steps import ENDED
from chalicelib.edge.route import Answer
from chalicelib.storage.expressions import Row
from chalicelib.storage.tables import WORK

FAILED = "failed"


def replay(call: Call) -> Answer:
    """Start it again; 202 with the new execution's id. Raises Conflict while the old one is under way."""
    lanes.check_rate(call.workspace_id)
    row = find_own(call)
    if row["st"] not in ENDED:
        raise Conflict("this execution has not ended")
    doc = row["doc"]
    item = Automation.find_by_id(call.workspace_id, doc["a"])
    execution = starts.fresh(call.workspace_id, item.id, call.idempotency_key)
    more = {"replayOf": row["sk"], **({"trigger": doc["trigger"]} if "trigger" in doc else {})}
    given = packing.unpack_value(call.workspace_id, doc["input"])
    if call.body.version is not None:
        version = loading.version_named(call.workspace_id, item.id, call.body.version)
        start = starts.of_version(item, version, execution, "replay", given, more=more)
    else:
        start = starts.Start(
            item.workspace_id, execution, doc["u"], doc["uk"], item.id, doc["v"], doc["h"], "replay", given, more=more
        )
    _store(start, _kept(row, call, execution))
    return Answer({"executionId": execution, "state": "queued"}, 202)


def _store(start: starts.Start, records: list[Record]) -> None:
    row = starts.row_of(start)
    if records:
        text = packing.pack(start.workspace_id, records, row["at"])
        row |= {"seq": 1}
        if len(text) < packing.INLINE_BYTES:
            row["memo"] = {"0": text}
        else:
            WORK.put(models.page_row(start.workspace_id, start.execution, 0, 0, {"0": text}))
            row["pages"] = [[0, 0]]
    models.insert(row)
    starts.send(start.workspace_id, start.execution)


def _kept(row: Row, call: Call, execution: str) -> list[Record]:
    """Say what the new execution need not do again."""
    wanted = call.body.from_
    if wanted is None:
        return []
    journal = packing.journal_of(call.workspace_id, row["sk"], row)
    records = list(journal.records.values())
    if wanted == FAILED:
        kept = _before_failure(journal, row)
    else:
        first = next((number for number, one in enumerate(records) if one.step == wanted), None)
        if first is None:
            raise InvalidInput.at("body.from", "no such step was begun", "reference")
        address = records[first].address
        kept = [one for one in records[:first] if one.is_settled and not address.startswith(one.address + "/")]
    load = Loader(call.workspace_id, row["sk"])
    return [_moved(call.workspace_id, one, load, execution) for one in kept]


def _before_failure(journal: Journal, row: Row) -> list[Record]:
    step = (row.get("err") or {}).get("step")
    failed = [one for one in journal.records.values() if one.status is Status.FAILED and one.step == step]
    if not failed:
        raise Conflict("no step of this execution failed")
    address = failed[-1].address
    return [one for one in journal.records.values() if one.is_settled and not _leads_to(one, address)]


def _leads_to(record: Record, address: str) -> bool:
    """Say whether a record is the failed step's, or that of something around it which failed with it."""
    plain = record.address.rstrip("!")
    if plain == address:
        return True
    is_around = address.startswith((plain + "/", plain + "["))
    return is_around and record.status is Status.FAILED


def _moved(workspace_id: str, record: Record, load: Loader, execution: str) -> Record:
    if record.sealed is None:
        return record
    value: Any = load(record)
    return replace(record, sealed=packing.seal(workspace_id, execution, record.address, value))

"""Without any one of the rules the model must break, and soon; without the lease alone it must only repeat more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.core import ids
from chalicelib.durable import cursor, due, fences, flight, inbox, ingest, leases, outbox, requests, steps
from chalicelib.durable.due import Timer
from chalicelib.storage.expressions import ABSENT, PRESENT, Change, eq, lt
from tests.unit.durable.arrivals import Arrivals, Requests
from tests.unit.durable.counters import Deliveries, Flights
from tests.unit.durable.executions import Executions, HastyExecutions
from tests.unit.durable.polls import Polls
from tests.unit.durable.simulate import first_broken
from tests.unit.durable.world import World

LIMIT = 5_000
ANY = ABSENT | PRESENT


def _no(*_: Any, **__: Any) -> bool:
    return False


def _present(*_: Any) -> Any:
    return PRESENT


def _any(*_: Any) -> Any:
    return ANY


def _send_first(table: Any, row: Any, now_s: int, send: Any) -> Any:
    send(row)
    return ingest.store(table, row, now_s)


def _owing_nothing(*arguments: Any, held: Any = leases.held) -> Any:
    return replace(held(*arguments), owes=False)


def _flush_own(*arguments: Any, is_own: bool = False, flush: Any = outbox.flush) -> None:
    if is_own:
        flush(*arguments, is_own=True)


def _unlisted(kind: str, key: Any, due_ms: int, now_ms: int, at: Any = due.at) -> Timer:
    return replace(at(kind, key, due_ms, now_ms), attributes={"due": due_ms})


def _unlisting_take(owner: str, now_ms: int, lease_ms: int, put: Any = None, taking: Any = leases.taking) -> Change:
    return taking(owner, now_ms, lease_ms, put, due.ATTRIBUTES)


def _no_takeover(_: str, now_ms: int) -> Any:
    return ABSENT | lt("exp", now_ms // 1000)


REMOVED: dict[str, tuple[type[World], Any, str, Any]] = {
    "fence of a step": (Executions, leases, "fenced", _present),
    "seq of a step": (Executions, steps, "at_seq", _present),
    "R3 of a step": (Executions, steps, "has_landed", _no),
    "R3 of a take": (Executions, leases, "is_taken_by", _no),
    "R5 what was owed is sent again": (Executions, leases, "held", _owing_nothing),
    "R5 a visitor sends what was owed": (Executions, outbox, "flush", _flush_own),
    "who suspends looks into the inbox": (Executions, inbox, "is_silent", _present),
    "index behind waits": (Executions, due, "at", _unlisted),
    "index entry stays while running": (HastyExecutions, leases, "taking", _unlisting_take),
    "message stays when the lease is lost": (Executions, World, "drops_when_lost", True),
    "cursor compared": (Polls, cursor, "stands_at", _present),
    "R3 of a cursor": (Polls, cursor, "has_landed", _no),
    "index behind polls": (Polls, due, "at", _unlisted),
    "R1 stored before sent": (Arrivals, ingest, "accept", _send_first),
    "stored only once": (Arrivals, ingest, "is_vacant", _any),
    "expired ids are free": (Arrivals, ingest, "is_vacant", lambda _: ABSENT),
    "fence of a request": (Requests, requests, "is_ours", lambda _: eq("st", requests.RUNNING)),
    "marker of a request": (Requests, requests, "may_begin", _any),
    "takeover of a request": (Requests, requests, "may_begin", _no_takeover),
    "R3 of a request": (Requests, leases, "is_taken_by", _no),
    "number of a delivery": (Deliveries, fences, "stands_at", _any),
    "R3 of a delivery": (Deliveries, leases, "is_taken_by", _no),
    "index behind deliveries": (Deliveries, due, "at", _unlisted),
    "version of a flight": (Flights, flight, "is_ours", _present),
}


@pytest.mark.parametrize("rule", REMOVED)
def test_without_the_rule_a_promise_breaks(
    rule: str, monkeypatch: pytest.MonkeyPatch, record_property: Callable[[str, object], None]
) -> None:
    machine, module, name, instead = REMOVED[rule]
    monkeypatch.setattr(module, name, instead)
    caught_after = first_broken(machine, LIMIT)
    assert caught_after is not None
    record_property("caught after schedules", caught_after)


def _effects(machine: type[World], schedules: int) -> int:
    count = 0
    for seed in range(schedules):
        world = machine(seed)
        world.run()
        count += sum(len(done) for done in world.effects.values())
    ids.use(None)
    return count


def test_without_the_lease_it_stays_right_and_repeats_more(monkeypatch: pytest.MonkeyPatch) -> None:
    before = _effects(Executions, 2_000)
    monkeypatch.setattr(leases, "free", _present)
    assert _effects(Executions, 2_000) > before * 1.02

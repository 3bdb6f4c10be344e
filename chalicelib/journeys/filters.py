"""Which automations a list or a report is about: filters of the query, the same for both."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from chalicelib.core.call import Call
from chalicelib.core.errors import InvalidInput
from chalicelib.journeys import definitions, wire
from chalicelib.journeys.models.automations import Automation
from chalicelib.journeys.rules.graph import TYPES
from chalicelib.journeys.rules.lifecycle import TO_DELETE

Keeps = Callable[[Automation], bool]
_DATES = {"startDate": "start_at", "endDate": "end_at", "created": "inserted_at"}


def of(call: Call, statuses: Sequence[str]) -> Keeps:
    """Read the filters; what comes out says whether an automation passes them all. Raises InvalidInput."""
    tests = [
        _part(call, "name"),
        _part(call, "description"),
        _one_of(call, "status", statuses),
        _one_of(call, "category", definitions.CATEGORIES),
        _step(call),
        *(_bound(call, name, field) for name, field in _DATES.items()),
    ]
    if wire.flag(call, "hasTrigger"):
        tests.append(lambda head: head.has_trigger)
    return lambda head: head.state is not TO_DELETE and all(test(head) for test in tests)


def _always(_head: Automation) -> bool:
    return True


def _part(call: Call, name: str) -> Keeps:
    wanted = wire.text(call, name)
    if wanted is None:
        return _always
    folded = wanted.casefold()
    return lambda head: folded in (getattr(head, name) or "").casefold()


def _one_of(call: Call, name: str, allowed: Sequence[str]) -> Keeps:
    wanted = wire.many(call, name, allowed)
    return (lambda head: getattr(head, name) in wanted) if wanted else _always


def _step(call: Call) -> Keeps:
    wanted = call.query.get("stepType")
    if not wanted:
        return _always
    if wanted not in TYPES:
        raise InvalidInput.at("query.stepType", f"must be one of {', '.join(TYPES)}", "enum")
    return lambda head: wanted in head.operations


def _bound(call: Call, name: str, field: str) -> Keeps:
    before, after = wire.time_ms(call, f"{name}Before"), wire.time_ms(call, f"{name}After")
    if before is None and after is None:
        return _always

    def holds(head: Automation) -> bool:
        at_ms = getattr(head, field)
        return at_ms is not None and (before is None or at_ms <= before) and (after is None or at_ms >= after)

    return holds

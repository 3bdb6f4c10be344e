"""Decisions: conditions, priorities, preferences, times."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.channels.rules import conditions, preferences, priorities, timing
from chalicelib.channels.rules.priorities import Place

FACTS = {"payload": {"n": 5, "text": "Hello", "list": ["a", "b"], "yes": True, "at": "2026-01-01"}, "subscriber": {}}
FRIDAY_MS = 1_767_358_800_000  # 2026-01-02T13:00:00Z


@pytest.mark.parametrize(
    ("field", "operator", "value", "holds"),
    [
        ("n", "EQUAL", "5", True), ("n", "EQUAL", "6", False), ("n", "NOT_EQUAL", "6", True),
        ("n", "LARGER", "4", True), ("n", "SMALLER_EQUAL", "4", False), ("n", "BETWEEN", "1,5", True),
        ("n", "NOT_BETWEEN", "[6, 9]", True), ("n", "IN", "4,5", True), ("text", "IN", "ell", True),
        ("list", "IN", "a", True), ("list", "NOT_IN", "c", True), ("list", "ALL_IN", "a,b,c", True),
        ("list", "ANY_IN", "b,z", True), ("list", "ALL_IN", "a", False), ("text", "LIKE", "hELL", True),
        ("text", "NOT_LIKE", "x", True), ("yes", "EQUAL", "true", True), ("none", "IN", "a", False),
        ("none", "IS_DEFINED", "", False), ("n", "IS_DEFINED", "", True), ("at", "LARGER", "2025-12-31", True),
        ("none", "EQUAL", "undefined", False), ("text", "LARGER", "5", True),
    ],
)  # fmt: skip
def test_comparisons(field: str, operator: str, value: str, holds: bool) -> None:
    child = {"on": "payload", "field": field, "operator": operator, "value": value}
    assert conditions.passes([{"value": "AND", "children": [child]}], FACTS) is holds


def test_groups() -> None:
    yes = {"on": "payload", "field": "n", "operator": "EQUAL", "value": "5"}
    no = {**yes, "value": "6"}
    assert conditions.passes([], FACTS)
    assert conditions.passes([{"children": []}], FACTS)
    assert not conditions.passes([{"value": "AND", "children": [yes, no]}], FACTS)
    assert conditions.passes([{"value": "OR", "children": [yes, no]}], FACTS)
    assert conditions.passes([{"children": [no]}, {"children": [yes]}], FACTS)
    assert not conditions.passes([{"isNegated": True, "children": [yes]}], FACTS)
    assert conditions.complete([{"children": [yes]}])[0] == {
        "isNegated": False, "type": "GROUP", "value": "AND", "children": [yes],
    }  # fmt: skip


def place(name: str, priority: int = 0, **more: Any) -> Place:
    return Place(name, more.pop("active", True), more.pop("primary", False), priority, 0, **more)


def test_the_first_leads_and_the_next_come_below_it() -> None:
    first = priorities.with_active([], place("a"), may_lead=True)
    assert [(one.id, one.primary, one.priority) for one in first] == [("a", True, 1)]
    second = priorities.with_active(first, place("b"), may_lead=True)
    third = priorities.with_active(second, place("c"), may_lead=True)
    assert [(one.id, one.primary, one.priority) for one in third] == [("a", True, 3), ("c", False, 2), ("b", False, 1)]
    left = priorities.without(third, "a")
    assert [(one.id, one.primary, one.priority) for one in left] == [("c", False, 2), ("b", False, 1)]
    assert [one.id for one in priorities.with_primary(third, "b") if one.primary] == ["b"]
    assert not any(one.primary for one in priorities.demoted(third, "a"))
    assert not priorities.with_active([], place("a", has_conditions=True), may_lead=True)[0].primary
    assert not priorities.with_active([], place("a"), may_lead=False)[0].primary


def test_both_levels_must_allow() -> None:
    assert preferences.is_wanted("email", {}, {}, {})
    assert not preferences.is_wanted("email", {"email": False}, {}, {})
    assert preferences.is_wanted("email", {"email": False}, {"channels": {"email": True}}, {})
    assert not preferences.is_wanted("email", {}, {"enabled": False}, {})
    assert not preferences.is_wanted("email", {}, {"channels": {"email": True}}, {"channels": {"email": False}})


@pytest.mark.parametrize(
    ("metadata", "hours"),
    [
        ({"type": "regular", "amount": 2, "unit": "hours"}, 2),
        ({"type": "timed", "amount": 6, "unit": "hours"}, 5),
        ({"type": "timed", "unit": "days", "timed": {"atTime": "09:00"}}, 20),
        ({"type": "timed", "unit": "weeks", "timed": {"atTime": "13:00", "weekDays": ["monday"]}}, 72),
        ({"type": "timed", "unit": "months", "timed": {"atTime": "13:00", "monthDays": [5]}}, 72),
        ({"type": "timed", "unit": "months",
          "timed": {"atTime": "13:00", "monthlyType": "on", "ordinal": "1", "ordinalValue": "monday"}}, 72),
        ({"type": "timed", "timed": {"cronExpression": "0 14 * * *"}}, 1),
    ],
)  # fmt: skip
def test_when_a_digest_closes(metadata: dict[str, Any], hours: int) -> None:
    assert timing.digest_until(metadata, FRIDAY_MS) == FRIDAY_MS + hours * 3_600_000


def test_when_a_delay_ends() -> None:
    hour = {"type": "regular", "amount": 1, "unit": "hours"}
    assert timing.delay_until(hour, {}, {}, 0) == 3_600_000
    assert timing.delay_until(hour, {"amount": 2, "unit": "seconds"}, {}, 0) == 2_000
    with pytest.raises(timing.NoTime):
        timing.delay_until({"type": "scheduled", "delayPath": "a"}, {}, {"a": "2020-01-01"}, FRIDAY_MS)
    with pytest.raises(timing.NoTime):
        timing.delay_until({"type": "regular"}, {}, {}, 0)

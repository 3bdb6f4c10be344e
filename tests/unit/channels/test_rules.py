"""Decisions: conditions, priorities, preferences, times."""

# ruff: noqa: E501

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


@pytest.mark.parametrize(
    "metadata",
    [
        {"type": "timed", "unit": "days", "amount": 10**9}, {"type": "timed", "unit": "months", "timed": {"monthDays": ["x"]}},
        {"type": "timed", "unit": "months", "timed": {"monthlyType": "on", "ordinal": "9", "ordinalValue": "day"}},
        {"type": "timed", "unit": "weeks", "timed": {"weekDays": 5}}, {"type": "timed", "timed": {"cronExpression": "x"}},
        {"type": "timed", "unit": "days", "timed": {"atTime": "99:99"}}, {"type": "timed", "unit": "days", "timed": 5},
        {"type": "timed", "unit": "days", "amount": "x"}, {"type": "regular", "amount": 1e18, "unit": "days"},
        {"type": "regular", "amount": 29, "unit": "days"}, {"type": "regular", "amount": [], "unit": "days"},
        {"type": "timed", "timed": {"cronExpression": "0 0 1 1 *"}},
    ],
)  # fmt: skip
def test_a_digest_that_cannot_be_timed_says_so(metadata: dict[str, Any]) -> None:
    with pytest.raises(timing.NoTime):
        timing.digest_until(metadata, FRIDAY_MS)


@pytest.mark.parametrize(
    ("metadata", "payload"),
    [
        ({"type": "regular", "amount": 367, "unit": "days"}, {}), ({"type": "regular", "amount": True, "unit": "days"}, {}),
        ({"type": "scheduled", "delayPath": "a"}, {"a": "9999-01-01"}), ({"type": "scheduled", "delayPath": "a"}, {"a": 5}),
        ({"type": "scheduled", "delayPath": ["a"]}, {"a": "x"}), ({"type": "scheduled", "delayPath": "a.b"}, {"a": "x"}),
    ],
)  # fmt: skip
def test_a_delay_that_cannot_be_timed_says_so(metadata: dict[str, Any], payload: Any) -> None:
    with pytest.raises(timing.NoTime):
        timing.delay_until(metadata, {}, payload, FRIDAY_MS)


OPERATORS = {  # operator: (what holds of 5, what does not)
    "EQUAL": ("5", "6"), "NOT_EQUAL": ("6", "5"), "LARGER": ("4", "5"), "SMALLER": ("6", "5"),
    "LARGER_EQUAL": ("5", "6"), "SMALLER_EQUAL": ("5", "4"), "IN": ("4,5", "6,7"), "NOT_IN": ("6,7", "4,5"),
    "ALL_IN": ("5,6", "6,7"), "ANY_IN": ('["5"]', "6"), "BETWEEN": ("4,6", "6,9"), "NOT_BETWEEN": ("6,9", "4,6"),
    "LIKE": ("5", "x"), "NOT_LIKE": ("x", "5"), "IS_DEFINED": ("", None),
}  # fmt: skip


@pytest.mark.parametrize("operator", OPERATORS)
@pytest.mark.parametrize("is_negated", [False, True])
def test_every_operator_holds_and_fails_and_its_group_can_be_negated(operator: str, is_negated: bool) -> None:
    for position, value in enumerate(OPERATORS[operator]):
        field = "missing" if value is None else "n"
        for on, facts in (("payload", {"payload": {"n": 5}}), ("subscriber", {"subscriber": {"data": {"n": 5}}})):
            path = field if on == "payload" else f"data.{field}"
            child = {"on": on, "field": path, "operator": operator, "value": value or ""}
            groups = conditions.complete([{"isNegated": is_negated, "children": [child]}])
            assert conditions.passes(groups, facts) is ((position == 0) != is_negated)

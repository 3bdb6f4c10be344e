"""Conditions on events, profiles and attributes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from chalicelib.journeys.rules import conditions, matching
from chalicelib.journeys.rules.conditions import When

NOON = int(datetime.fromisoformat("2026-01-01T12:00:00+00:00").timestamp() * 1000)
EVENT = {"eventType": "bought", "properties": {"amount": 50, "tags": ["Red", "blue"], "at": "2025-12-31", "ok": True}}


def one(path: str, operator: str, **more: Any) -> dict[str, Any]:
    return {"match": "ALL", "conditions": [{"subject": "EVENT", "path": path, "operator": operator, **more}]}


def holds(group: dict[str, Any]) -> bool:
    return conditions.holds(group, lambda subject: EVENT if subject == "EVENT" else {}, When(NOON))


@pytest.mark.parametrize(
    ("path", "operator", "more", "expected"),
    [
        ("properties.amount", "EQUALS", {"value": 50}, True),
        ("properties.amount", "EQUALS", {"value": "50.0"}, True),
        ("properties.amount", "GREATER_THAN", {"value": 50}, False),
        ("properties.amount", "GREATER_OR_EQUAL", {"value": 50}, True),
        ("properties.amount", "LESS_THAN", {"value": "abc"}, False),
        ("properties.amount", "GREATER_THAN", {"value": "abc"}, False),
        ("properties.amount", "BETWEEN", {"values": [50, 60]}, True),
        ("properties.amount", "BETWEEN", {"values": [51, 60]}, False),
        ("properties.amount", "IN", {"values": [1, 50]}, True),
        ("properties.amount", "NOT_IN", {"values": [1, 50]}, False),
        ("properties.tags", "CONTAINS", {"value": "RED"}, True),
        ("properties.tags", "CONTAINS", {"value": "RED", "caseSensitive": True}, False),
        ("properties.tags", "NOT_CONTAINS", {"value": "green"}, True),
        ("properties.tags.1", "EQUALS", {"value": "blue"}, True),
        ("properties.ok", "EQUALS", {"value": True}, True),
        ("properties.ok", "EQUALS", {"value": "TRUE"}, True),
        ("properties.at", "BEFORE", {"value": "2026-01-01T00:00:00Z"}, True),
        ("properties.at", "AFTER", {"value": "2025-12-31T00:00:00+01:00"}, True),
        ("properties.at", "IN_LAST", {"duration": {"amount": 2, "unit": "DAYS"}}, True),
        ("properties.at", "IN_LAST", {"duration": {"amount": 1, "unit": "DAYS"}}, False),
        ("properties.none", "EXISTS", {}, False),
        ("properties.none", "NOT_EXISTS", {}, True),
        ("properties.none", "NOT_EQUALS", {"value": 1}, True),
        ("properties.none", "NOT_IN", {"values": [1]}, True),
        ("properties.none", "EQUALS", {"value": None}, False),
        ("properties.none", "LESS_THAN", {"value": 1}, False),
        ("eventType", "STARTS_WITH", {"value": "BOU"}, True),
        ("eventType", "ENDS_WITH", {"value": "x"}, False),
    ],
)
def test_operators(path: str, operator: str, more: dict[str, Any], expected: bool) -> None:
    assert holds(one(path, operator, **more)) is expected


def test_groups_nest() -> None:
    yes, no = one("properties.amount", "EXISTS"), one("properties.none", "EXISTS")
    assert holds({"match": "ANY", "conditions": [no, yes]})
    assert not holds({"match": "ALL", "conditions": [no, yes]})
    assert holds({"match": "ALL", "conditions": [{"match": "ANY", "conditions": [no, yes]}, yes]})


def test_only_subjects_that_are_named_are_asked_for() -> None:
    def facts(subject: str) -> Any:
        raise AssertionError(subject)

    assert conditions.holds(None, facts, When(NOON))
    with pytest.raises(AssertionError):
        conditions.holds(one("a", "EXISTS"), facts, When(NOON))


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({}, 30),
        ({"since": "AUTOMATION_ENTRY"}, 10),
        ({"referencedStepUuid": "s"}, 20),
        ({"referencedStepUuid": "s", "since": "STEP_ENTRY"}, 30),
        ({"since": "REFERENCED_STEP"}, 20),
    ],
)
def test_windows_begin_where_the_rule_says(rule: dict[str, Any], expected: int) -> None:
    assert matching.window_start_ms(rule, step_entry_ms=30, automation_entry_ms=10, sent_ms=20) == expected


def test_a_rule_asks_for_type_context_and_the_step_it_answers() -> None:
    event = {**EVENT, "context": "WEB", "step": "s1"}
    at, nothing = When(NOON), lambda _subject: {}
    assert matching.fits({"eventType": "bought", "contexts": ["WEB"], "referencedStepUuid": "s1"}, event, nothing, at)
    assert not matching.fits({"eventType": "seen"}, event, nothing, at)
    assert not matching.fits({"eventType": "bought", "contexts": ["MOBILE"]}, event, nothing, at)
    assert not matching.fits({"eventType": "bought", "referencedStepUuid": "s2"}, event, nothing, at)

"""Whatever stands wherever in a definition: faults with their places, no exception, and the published schema agrees."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest

from chalicelib.automations.rules import checking, language

SCHEMA = jsonschema_rs.validator_for(language.json_schema(), offline=True)
_BACKOFF = {"maxAttempts": 2, "backoff": {"seconds": 1, "factor": 2, "maxSeconds": 3}}
_COMPARED = {"all": [{"left": "${row}", "operator": "==", "right": 1}, {"not": {"left": 1, "operator": "empty"}}]}
_END = {"id": "d1", "type": "return", "value": 1}
EVERY_TYPE: dict[str, Any] = {
    "trigger": {"cron": "0 9 * * *", "timeZone": "UTC", "input": {}},
    "variables": {"a": 1},
    "steps": [
        {"id": "a", "type": "http", "method": "GET", "url": "https://example.com/", "headers": {"X": "1"}, "query": {},
         "body": ["${input.q}"], "retry": _BACKOFF, "timeoutSeconds": 5, "onError": "continue", "atMostOnce": True},
        {"id": "b", "type": "repeat", "over": "${input.l}", "as": "row", "parallelism": 2, "itemErrors": "collect",
         "steps": [{"id": "d", "type": "if", "condition": _COMPARED, "then": [_END], "else": []}]},
        {"id": "c", "type": "repeat", "count": 3, "steps": [{"id": "c1", "type": "code", "code": "return 1"}]},
        {"id": "e", "type": "case", "branches": [{"condition": "true", "steps": []}], "default": []},
        {"id": "f", "type": "caseValue", "value": 1, "branches": [{"equals": "${input}", "steps": []}]},
        {"id": "g", "type": "wait", "seconds": 1, "onError": {"goto": "a"}},
        {"id": "h", "type": "wait", "until": "2026-12-01T00:00:00Z"},
        {"id": "i", "type": "waitForEvent", "event": "e", "match": {"a": 1}, "timeoutSeconds": 1},
        {"id": "j", "type": "automation", "automationId": "me", "version": "1", "input": {}},
        {"id": "k", "type": "action", "service": "s", "serviceVersion": "1", "action": "x", "userCredentialId": "y"},
        {"id": "l", "type": "condition", "service": "s", "condition": "x", "input": {}, "then": [], "else": []},
        {"id": "m", "type": "ifValue", "value": 1, "equals": 2, "then": [], "else": []},
        {"id": "n", "type": "goto", "target": "a"},
    ],
}  # fmt: skip
ODD: list[Any] = [
    None, True, False, 0, -1, 1.5, 1e300, 2**63, "", "x", "${", "${}", "${a b}", "$${a}", "${input}", "${steps.zz}",
    "\0", "x" * 70_000, "9999-12-31T23:59:59-23:59", [], [[]], [None], [5], {}, {"": 1}, {"goto": None}, {"all": []},
    {"not": 1}, {"operator": []}, {"id": "q"}, [{"equals": 1}], [{"condition": ""}], [{"id": "zz", "type": "return"}],
    {"@type": "reference"}, {"@type": "reference", "path": []}, {"@type": "reference", "path": [1]}, {"@type": []},
    {"@type": "reference", "path": ["input", "9" * 5_000]}, {"@type": "reference", "path": ["steps", "a"]},
]  # fmt: skip


def places(value: Any, so_far: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, part in inner:
        yield (*so_far, name)
        yield from places(part, (*so_far, name))


def test_the_definition_itself_has_no_fault() -> None:
    assert checking.faults_of(EVERY_TYPE) == []
    assert {step["type"] for step in EVERY_TYPE["steps"]} | {"if", "code", "return"} == set(language.STEPS)


@pytest.mark.parametrize("place", list(places(EVERY_TYPE)), ids=lambda place: ".".join(map(str, place)))
def test_whatever_stands_there(place: tuple[Any, ...]) -> None:
    for odd in [*ODD, ...]:
        definition = copy.deepcopy(EVERY_TYPE)
        around: Any = definition
        for name in place[:-1]:
            around = around[name]
        if odd is ...:
            del around[place[-1]]
        else:
            around[place[-1]] = odd
        faults = checking.faults_of(definition)
        assert all(fault.location.startswith("body.definition") and fault.message for fault in faults)
        if not faults:
            assert SCHEMA.is_valid(definition), (odd, [error.message for error in SCHEMA.iter_errors(definition)])

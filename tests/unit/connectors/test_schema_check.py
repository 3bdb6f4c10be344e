"""Schemas in both dialects, hostile ones, and values against them."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.connectors import schema_check
from chalicelib.connectors.models import Action
from chalicelib.core.errors import InvalidInput, TooLarge


def faults(variables: Any, values: Any) -> list[tuple[str, str]]:
    action = Action(workspace_id="w", id="a", service_id="s", json_schema={"variables": variables})
    schema_check.check_holder(action.json_schema)
    try:
        schema_check.validate_variables(action, values, "body")
    except InvalidInput as refused:
        return [(fault.location, fault.kind) for fault in refused.faults]
    return []


@pytest.mark.parametrize(
    "variables",
    [
        [{"title": "n", "type": "integer", "x-required": True}],
        [{"name": "n", "required": True, "schema": {"type": "integer"}}],
        [{"name": "n", "required": True, "type": "integer"}],
        {"properties": {"n": {"type": "integer"}}, "required": ["n"]},
    ],
)
def test_every_dialect_says_the_same(variables: Any) -> None:
    assert faults(variables, {}) == [("body.n", "missing")]
    assert faults(variables, {"n": "1"}) == [("body.n", "type")]
    assert faults(variables, {"n": 1, "more": True}) == []


def test_faults_inside_a_field_are_located() -> None:
    variables = [{"title": "to", "type": "array", "items": {"type": "object", "required": ["email"]}}]
    assert faults(variables, {"to": [{"email": "a"}, {}]}) == [("body.to.1", "required")]


def test_a_reference_inside_a_field_is_followed() -> None:
    variables = [{"title": "a", "$ref": "#/definitions/x", "definitions": {"x": {"type": "string"}}}]
    assert faults(variables, {"a": 1}) == [("body.a", "type")]


def test_a_message_never_repeats_the_value() -> None:
    action = Action(
        workspace_id="w", id="a", service_id="s", json_schema={"variables": [{"title": "n", "type": "integer"}]}
    )
    with pytest.raises(InvalidInput) as refused:
        schema_check.validate_variables(action, {"n": "a secret"}, "body")
    assert "a secret" not in refused.value.message


def test_no_schema_takes_everything_but_only_objects() -> None:
    assert faults(None, {"a": 1}) == []
    assert faults([], []) == [("body", "type")]


@pytest.mark.parametrize(
    "holder",
    [
        {"variables": "x"},
        {"variables": 7},
        {"variables": ["x"]},
        {"variables": [{"type": "string"}]},
        {"variables": [{"title": ""}]},
        {"variables": [{"title": "a"}, {"title": "a"}]},
        {"variables": [{"title": "a", "type": "nonsense"}]},
        {"variables": [{"title": "a", "schema": "x"}]},
        {"variables": [{"title": "a", "$ref": "https://example.com/schema.json"}]},
        {"variables": [{"title": "a", "$ref": "file:///etc/passwd"}]},
        {"variables": [{"title": "a", "items": {"$dynamicRef": "other.json"}}]},
        {"variables": [{"title": "a", "$ref": "#/nowhere"}]},
        {"variables": [{"title": "a", "$schema": "https://example.com/meta"}]},
        {"variables": [{"title": "a", "pattern": "("}]},
        {"variables": {"properties": []}},
        {"output": "x"},
        {"output": {"properties": {"a": {"$ref": "https://example.com"}}}},
    ],
)
def test_a_schema_that_cannot_be_used_is_refused(holder: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput) as refused:
        schema_check.check_holder(holder)
    assert refused.value.faults[0].location.startswith("body.schema.")


def test_a_pattern_that_would_hang_others_is_answered_at_once() -> None:
    variables = [{"title": "a", "pattern": "^(a+)+$"}]
    assert faults(variables, {"a": "a" * 50_000 + "!"}) == [("body.a", "pattern")]


BOMB = {
    **{f"d{i}": {"allOf": [{"$ref": f"#/definitions/d{i + 1}"}] * 2} for i in range(40)},
    "d40": {"type": "integer"},
}
HOSTILE = [
    ({"definitions": BOMB, "$ref": "#/definitions/d0"}, 1),
    ({"anyOf": [{"items": {"$ref": "#"}}, {"items": {"$ref": "#"}}, {"type": "string"}]}, [[[[[[[[[[1]]]]]]]]]] * 40),
    ({"items": {"allOf": [{"minimum": i} for i in range(500)]}}, [1] * 100_000),
]


@pytest.mark.parametrize(("schema", "value"), HOSTILE)
def test_a_check_that_would_not_end_is_refused(schema: Any, value: Any) -> None:
    schema_check.check_schema(schema, "schema")
    with pytest.raises(TooLarge):
        schema_check.check_value(schema, value, "body")


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#"},
        {"allOf": [{"$ref": "#"}]},
        {"properties": {"left": {"$ref": "#"}, "right": {"$ref": "#"}}},
        {"items": {"$ref": "#/$defs/a~1b"}, "$defs": {"a/b": {"type": "object"}}},
    ],
)
def test_ordinary_recursion_is_fine(schema: Any) -> None:
    tree: Any = {}
    for _ in range(12):
        tree = {"left": tree, "right": tree}
    schema_check.check_schema(schema, "schema")
    schema_check.check_value(schema, tree, "body")


@pytest.mark.parametrize("word", ["$dynamicRef", "$recursiveRef", "$anchor", "$id"])
def test_references_whose_target_moves_are_refused(word: str) -> None:
    with pytest.raises(InvalidInput):
        schema_check.check_schema({"properties": {"a": {word: "#"}}}, "schema")


def test_of_a_large_value_the_first_fault_is_enough() -> None:
    with pytest.raises(InvalidInput) as refused:
        schema_check.check_value({"items": {"type": "integer"}}, ["a"] * 200_000, "body")
    assert [fault.location for fault in refused.value.faults] == ["body.0"]


def test_an_output_is_judged_only_by_a_schema_that_can_be_used() -> None:
    assert schema_check.fits({"type": "string"}, "a") and not schema_check.fits({"type": "string"}, 1)
    assert schema_check.fits({"type": "nonsense"}, 1)
    assert schema_check.fits({"definitions": BOMB, "$ref": "#/definitions/d0"}, "x")

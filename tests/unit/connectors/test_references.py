"""References inside data, and the extensions of inputs."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.connectors import inputs, references
from chalicelib.connectors.models import Action, Datatype
from chalicelib.core.errors import InvalidInput, TooLarge

SCOPE = {"input": {"data": {"n": 7, "text": "t", "list": [{"a": 1}], "none": None}}}


@pytest.mark.parametrize(
    ("value", "resolved"),
    [
        ("${input.data.n}", 7),
        ("${input.data.list.0}", {"a": 1}),
        ("no ${input.data.n} ${input.data.text}", "no 7 t"),
        ("${input.data.list}!", '[{"a":1}]!'),
        ("${input.data.gone}", None),
        ("${input.data.list.9.a}", None),
        ("a${input.data.none}b", "ab"),
        ("${other.x} ${input.data.n}", "${other.x} 7"),
        ("${}", "${}"),
        (["${input.data.n}", {"k": "${input.data.text}"}], [7, {"k": "t"}]),
        (3, 3),
    ],
)
def test_texts_read_the_scope(value: Any, resolved: Any) -> None:
    assert references.resolve(value, SCOPE) == resolved


def test_objects_read_the_source_or_a_variable() -> None:
    by_path = {"@type": "reference", "operation": "source", "path": ["a", 0]}
    by_name = {"@type": "reference", "operation": "platformServiceVariable", "variable": "clientId"}
    assert references.resolve([by_path], {}, source={"a": [5]}) == [5]
    assert references.resolve({"x": by_name}, {}, variables={"clientId": "c"}) == {"x": "c"}
    assert references.resolve(by_name, {}) == by_name


@pytest.mark.parametrize(
    "reference",
    [{"operation": "source"}, {"operation": "source", "path": "a"}, {"operation": "else"}, {}],
)
def test_a_reference_that_says_nothing_is_refused(reference: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        references.resolve({"@type": "reference", **reference}, {})


def test_references_cannot_multiply_data() -> None:
    scope = {"input": {"data": {"big": "x" * 100_000}}}
    references.resolve(["${input.data.big}"] * 10, scope)
    with pytest.raises(TooLarge):
        references.resolve(["${input.data.big}"] * 11, scope)
    with pytest.raises(TooLarge):
        references.resolve("${input.data.big}-" * 11, scope)


def component(kind: Any, **schema: Any) -> Any:
    return kind(workspace_id="w", id="c", service_id="s", json_schema=schema)


def test_the_three_forms_of_inputs_are_read() -> None:
    newer = {"title": "a", "X-DATATYPE": "d", "x-dataTypeVersion": "1.0.0"}
    older = {"name": "a", "schema": {"x-dataType": "d", "x-datatypeversion": "1.0.0"}}
    whole = {"properties": {"a": {"x-datatype": "d", "x-DataTypeVersion": "1.0.0"}}, "required": ["a"]}
    for variables in ([newer], [older], whole):
        (entry,) = inputs.entries(variables)
        assert (inputs.name_of(entry), inputs.datatype_of(entry)) == ("a", ("d", "1.0.0"))
    assert inputs.entries(whole)[0]["x-required"] is True
    assert inputs.entries(None) == []


def test_defaults_read_inputs_that_come_before_them() -> None:
    fields = [
        {"title": "a"},
        {"title": "b", "default": "${input.data.a}!"},
        {"title": "c", "default": "${input.data.b}"},
    ]
    assert inputs.completed(component(Action, variables=fields), {"a": "x"}) == {"a": "x", "b": "x!", "c": "x!"}
    assert inputs.completed(component(Action, variables=fields), {"a": "x", "c": None}) == {
        "a": "x",
        "b": "x!",
        "c": None,
    }
    assert inputs.completed(component(Action, variables=fields), [1]) == [1]


def test_a_datatypes_inputs_are_those_of_its_logic() -> None:
    made = component(
        Datatype, valuesLogicInput=[{"title": "p", "default": 1}], variables=[{"title": "q", "default": 2}]
    )
    assert inputs.completed(made, {}) == {"p": 1}
    assert inputs.completed(component(Datatype, variables=[{"title": "q", "default": 2}]), {}) == {"q": 2}

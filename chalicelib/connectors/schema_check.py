"""JSON Schema: checking the schemas that come in, and values against them.

Both dialects of schema.variables are read: one fragment per field whose `title` names it and whose `x-required` makes
it required, and the older `{name, required, schema}`. An object with `properties` is tolerated. Nothing remote is ever
fetched; patterns run on an engine whose time is linear. Source: contract, JsonSchemaHolder.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson

from chalicelib.connectors import schema_cost
from chalicelib.connectors.models import Component
from chalicelib.core.errors import Fault, InvalidInput, TooLarge

MAX_FAULTS = 50
LARGE = 1_000  # values inside a value; of a larger one only the first fault is told, because all are collected first
_REFUSED = ("$dynamicRef", "$recursiveRef", "$anchor", "$dynamicAnchor")
VARIABLES, VALUES_INPUT = "variables", "valuesLogicInput"  # the second is a datatype's
_OWN_WORDS = ("name", "required", "schema")
_PATTERN_BYTES = 1_000_000


@dataclass(frozen=True)
class Field:
    """One input: its name, whether it must be given, and the JSON Schema of its value."""

    name: str
    is_required: bool
    schema: dict[str, Any]


@dataclass(frozen=True)
class Compiled:
    """A schema ready for use, and what its use will cost."""

    validator: Any
    schema: Any
    nodes: int
    refers: bool


def check_holder(holder: dict[str, Any], where: str = "body.schema") -> None:
    """Check what a component says of its input and output. Raises InvalidInput naming the place."""
    for part in (VARIABLES, VALUES_INPUT):
        for field, place in _fields(holder.get(part), f"{where}.{part}"):
            check_schema(field.schema, place)
    if "data" in holder:
        check_schema(holder["data"], f"{where}.data")
    output = holder.get("output")
    if output is not None and not isinstance(output, dict | bool):
        raise InvalidInput.at(f"{where}.output", "must be a JSON Schema", "schema")
    _check_references(output, f"{where}.output")


def check_schema(schema: Any, where: str) -> None:
    """Check that this is a JSON Schema which needs nothing from elsewhere. Raises InvalidInput."""
    if not isinstance(schema, dict | bool):
        raise InvalidInput.at(where, "must be a JSON Schema", "schema")
    _check_references(schema, where)
    _compiled(orjson.dumps(schema), where)


def fields_of(component: Component) -> list[Field]:
    """List a component's inputs, in the order in which they are filled in."""
    return [field for field, _ in _fields(inputs_of(component), "schema")]


def inputs_of(component: Component) -> Any:
    """Give the part of the schema that describes the input of the component's logic."""
    is_own = component.KIND == "datatype" and VALUES_INPUT in component.json_schema
    return component.json_schema.get(VALUES_INPUT if is_own else VARIABLES)


def validate_variables(component: Component, values: Any, where: str) -> None:
    """Check values against the component's inputs; unknown ones pass. Raises InvalidInput naming every wrong one."""
    if not isinstance(values, dict):
        raise InvalidInput.at(where, "must be a JSON object", "type")
    text = orjson.dumps(inputs_of(component))
    faults: list[Fault] = []
    for field, compiled in _validators(hashlib.sha256(text).digest(), text):
        place = f"{where}.{field.name}"
        if field.name in values:
            faults += _faults(compiled, values[field.name], place)
        elif field.is_required:
            faults.append(Fault(place, "is required", "missing"))
    _raise(faults)


def check_value(schema: Any, value: Any, where: str) -> None:
    """Check one value against a JSON Schema. Raises InvalidInput naming the place."""
    if schema:
        _raise(_faults(_compiled(orjson.dumps(schema), where), value, where))


def fits(schema: Any, value: Any) -> bool:
    """Say whether a value fits a JSON Schema; one that cannot be used, or would take too long, fits everything."""
    try:
        compiled = _compiled(orjson.dumps(schema), "schema")
        schema_cost.check(compiled.schema, compiled.nodes, compiled.refers, value, "value")
    except (InvalidInput, TooLarge):
        return True
    return bool(compiled.validator.is_valid(value))


def _raise(faults: list[Fault]) -> None:
    if faults:
        raise InvalidInput(f"{faults[0].location}: {faults[0].message}", faults[:MAX_FAULTS])


def _faults(compiled: Compiled, value: Any, where: str) -> list[Fault]:
    schema_cost.check(compiled.schema, compiled.nodes, compiled.refers, value, where)
    faults: list[Fault] = []
    if compiled.validator.is_valid(value):
        return faults
    for error in _errors(compiled.validator, value):
        place = where + "".join(f".{part}" for part in error.instance_path)
        kind = type(error.kind).__name__.rpartition("_")[2].lower()
        faults.append(Fault(place, error.message, kind))
        if len(faults) >= MAX_FAULTS:
            break
    return faults


def _errors(validator: Any, value: Any) -> Any:
    import jsonschema_rs  # heavy

    if schema_cost.nodes_in(value, LARGE) < LARGE:
        return validator.iter_errors(value)
    try:
        validator.validate(value)
    except jsonschema_rs.ValidationError as error:
        return [error]
    return []


def _fields(variables: Any, where: str) -> list[tuple[Field, str]]:
    """Read both dialects; each field with the place it stands at."""
    if variables is None:
        return []
    if isinstance(variables, dict):
        return _object_form(variables, where)
    if not isinstance(variables, list):
        raise InvalidInput.at(where, "must be an array of inputs", "type")
    fields, seen = [], set()
    for position, entry in enumerate(variables):
        place = f"{where}.{position}"
        field = _entry(entry, place)
        if field.name in seen:
            raise InvalidInput.at(place, f"names the input {field.name} a second time", "duplicate")
        seen.add(field.name)
        fields.append((field, place))
    return fields


def _entry(entry: Any, where: str) -> Field:
    if not isinstance(entry, dict):
        raise InvalidInput.at(where, "must be an object", "type")
    name = entry.get("title") if isinstance(entry.get("title"), str) else entry.get("name")
    if not isinstance(name, str) or not name:
        raise InvalidInput.at(where, "needs a title, the name of the input", "missing")
    is_required = entry.get("x-required") is True or entry.get("required") is True
    schema = entry.get("schema")
    if schema is None:
        schema = {word: part for word, part in entry.items() if word not in _OWN_WORDS}
        if isinstance(entry.get("required"), list):
            schema["required"] = entry["required"]
    if not isinstance(schema, dict):
        raise InvalidInput.at(f"{where}.schema", "must be a JSON Schema", "schema")
    return Field(name, is_required, schema)


def _object_form(variables: dict[str, Any], where: str) -> list[tuple[Field, str]]:
    properties, required = variables.get("properties", {}), variables.get("required", [])
    if not isinstance(properties, dict) or not isinstance(required, list):
        raise InvalidInput.at(where, "must be an array of inputs, or an object with properties", "type")
    fields = []
    for name, schema in properties.items():
        place = f"{where}.properties.{name}"
        if not isinstance(schema, dict):
            raise InvalidInput.at(place, "must be a JSON Schema", "schema")
        fields.append((Field(name, name in required, schema), place))
    return fields


def _check_references(schema: Any, where: str) -> None:
    """Refuse references that lead outside, and those whose target moves."""
    open_parts = [schema]
    while open_parts:
        part = open_parts.pop()
        if isinstance(part, list):
            open_parts += part
        if not isinstance(part, dict):
            continue
        open_parts += part.values()
        target = part.get(schema_cost.REFERENCE)
        if isinstance(target, str) and target != "#" and not target.startswith("#/"):
            raise InvalidInput.at(where, "$ref may only be # or a pointer inside this schema, #/...", "reference")
        for word in _REFUSED:
            if isinstance(part.get(word), str):
                raise InvalidInput.at(where, f"{word} cannot be used here", "reference")
        if part is not schema and isinstance(part.get("$id"), str):
            raise InvalidInput.at(where, "$id may only stand at the top", "reference")


@lru_cache(maxsize=512)
def _validators(_digest: bytes, text: bytes) -> list[tuple[Field, Compiled]]:
    fields = _fields(orjson.loads(text), "schema.variables")
    return [(field, _compiled(orjson.dumps(field.schema), place)) for field, place in fields]


@lru_cache(maxsize=512)
def _compiled(text: bytes, where: str) -> Compiled:
    import jsonschema_rs  # heavy

    schema = orjson.loads(text)
    try:
        validator = jsonschema_rs.validator_for(
            schema,
            offline=True,
            mask="this value",
            pattern_options=jsonschema_rs.RegexOptions(size_limit=_PATTERN_BYTES),
        )
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as error:
        reason = getattr(error, "message", None) or str(error)
        raise InvalidInput.at(where, f"is not a JSON Schema: {reason.splitlines()[0][:300]}", "schema") from None
    nodes = schema_cost.nodes_in(schema, schema_cost.MAX_PRODUCT)
    return Compiled(validator, schema, nodes, schema_cost.has_references(schema))

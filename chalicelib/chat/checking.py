"""JSON Schemas that definitions bring, and data held to them; in the words of this surface."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from chalicelib.chat.rules import check_identifier
from chalicelib.connectors import public as connectors
from chalicelib.core.errors import InvalidInput, TooLarge


def check_schema(schema: Any, where: str) -> None:
    """Refuse what is no JSON Schema that can be used. Raises InvalidInput (InvalidJsonSchema)."""
    try:
        connectors.check_schema(schema, where)
    except (InvalidInput, TooLarge) as error:
        raise InvalidInput.at(where, _reason(error, where), "json_schema") from error


def check_data(schema: Any, value: Any, where: str) -> None:
    """Hold data to a declared schema. Raises InvalidInput (InvalidDataFormat)."""
    try:
        connectors.check_value(schema, value, where)
    except InvalidInput as error:
        first = error.faults[0] if error.faults else None
        place = first.location if first else where
        raise InvalidInput.at(place, first.message if first else error.message, "data_format") from error


def check_definitions(definitions: Mapping[str, Any] | None, where: str) -> None:
    """Check the names of definitions, and every schema in them."""
    for name, definition in (definitions or {}).items():
        if definition is None:
            continue
        check_identifier(name, f"{where}.{name}")
        for place, schema in _schemas(definition, f"{where}.{name}"):
            check_schema(schema, place)


def check_names(names: Iterable[str] | None, where: str) -> None:
    """Check names of tags."""
    for name in names or ():
        check_identifier(name, f"{where}.{name}")


def _schemas(definition: Mapping[str, Any], where: str) -> Iterable[tuple[str, Any]]:
    if "schema" in definition:
        yield f"{where}.schema", definition["schema"]
    for part in ("input", "output"):
        if isinstance(definition.get(part), dict) and "schema" in definition[part]:
            yield f"{where}.{part}.schema", definition[part]["schema"]
    for name, message in (definition.get("messages") or {}).items():
        if message is not None:
            yield f"{where}.messages.{name}.schema", message["schema"]


def _reason(error: InvalidInput | TooLarge, where: str) -> str:
    return error.message.removeprefix(f"{where}: ")

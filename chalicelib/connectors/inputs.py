"""Inputs beyond JSON Schema: the extensions of schema.variables, and defaults that read other inputs.

`x-label` (text by language), `x-required`, `x-dataType` with `x-dataTypeVersion` (choices come from that datatype),
`x-onChange: {refreshVariables}` (re-read the inputs once this one is filled in) and `x-withoutToken` (values of this
input with which nobody has to be signed in). Their case does not matter, and in the older form they may stand at the
entry or in its schema.
"""

from __future__ import annotations

from typing import Any

from chalicelib.connectors import references, schema_check
from chalicelib.connectors.models import Component
from chalicelib.core.errors import InvalidInput

DATATYPE, DATATYPE_VERSION = "x-datatype", "x-datatypeversion"
LABEL, ON_CHANGE, REFRESH = "x-label", "x-onchange", "refreshVariables"
WITHOUT_TOKEN = "x-withouttoken"  # noqa: S105 a name
CHOICES = "x-choices"  # what a refresh adds


def check_extensions(holder: dict[str, Any], where: str = "body.schema") -> None:
    """Check the extensions of every input. Raises InvalidInput naming the place."""
    for part in (schema_check.VARIABLES, schema_check.VALUES_INPUT):
        for position, entry in enumerate(entries(holder.get(part))):
            place = f"{where}.{part}.{position}"
            found = extensions(entry)
            for word in (DATATYPE, DATATYPE_VERSION):
                if word in found and not (isinstance(found[word], str) and found[word]):
                    raise InvalidInput.at(f"{place}.{word}", "must be a text", "type")
            if not isinstance(found.get(LABEL, {}), dict | str):
                raise InvalidInput.at(f"{place}.{LABEL}", "must be text by language", "type")
            if not isinstance(found.get(WITHOUT_TOKEN, []), list):
                raise InvalidInput.at(f"{place}.x-withoutToken", "must be a list of values", "type")
            on_change = found.get(ON_CHANGE, {})
            if not isinstance(on_change, dict) or not isinstance(on_change.get(REFRESH, False), bool):
                raise InvalidInput.at(
                    f"{place}.x-onChange", 'must be an object such as {"refreshVariables": true}', "type"
                )


def entries(variables: Any) -> list[dict[str, Any]]:
    """List the inputs as they are written, each with its name under `title` or `name`."""
    if isinstance(variables, dict):
        properties, required = variables.get("properties", {}), variables.get("required", [])
        return [
            {"title": name, **({"x-required": True} if name in required else {}), **schema}
            for name, schema in properties.items()
        ]
    return list(variables or [])


def name_of(entry: dict[str, Any]) -> str:
    """Give the name of an input."""
    title = entry.get("title")
    return title if isinstance(title, str) else str(entry.get("name"))


def extensions(entry: dict[str, Any]) -> dict[str, Any]:
    """Give an input's extensions by their names in lower case."""
    schema = entry.get("schema")
    both = {**(schema if isinstance(schema, dict) else {}), **entry}
    return {name.lower(): value for name, value in both.items() if name[:2] in ("x-", "X-")}


def datatype_of(entry: dict[str, Any]) -> tuple[str, str | None] | None:
    """Name the datatype, and its version if one is asked for, that an input takes its choices from; or None."""
    found = extensions(entry)
    return (found[DATATYPE], found.get(DATATYPE_VERSION)) if DATATYPE in found else None


def needs_token(component: Component, data: Any) -> bool:
    """Say whether logic with this input needs a user's token, where its service has a security."""
    asked = data if isinstance(data, dict) else {}
    for entry in entries(schema_check.inputs_of(component)):
        free = extensions(entry).get(WITHOUT_TOKEN)
        if isinstance(free, list) and asked.get(name_of(entry)) in free:
            return False
    return True


def completed(component: Component, data: Any) -> Any:
    """Put in the defaults of inputs that were not sent; they may read the others: `${input.data.x}`."""
    if not isinstance(data, dict):
        return data
    made = dict(data)
    for field in schema_check.fields_of(component):
        if field.name not in made and "default" in field.schema:
            value = references.resolve(field.schema["default"], {"input": {"data": made}})
            if value is not None:
                made[field.name] = value
    return made

"""Fill in auth settings: reference objects and `${...}` become values of variables and of the exchange at hand."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from chalicelib.core import references
from chalicelib.core.errors import Conflict
from chalicelib.core.references import look_up

MAX_DEPTH = 20
_PLACE = re.compile(r"\$\{\s*([A-Za-z_$][A-Za-z0-9_$.-]{0,200})\s*\}")


@dataclass(frozen=True)
class Data:
    """What references reach: the exchange's own values, the values of variables, the account's instance URL."""

    source: Mapping[str, Any] = field(repr=False)
    variables: Mapping[str, Any] = field(repr=False)
    service_url: str | None = None


def filled(value: Any, data: Data) -> Any:
    """Fill in a part of the settings; what refers to an absent value of the exchange becomes None.

    Raises Conflict naming a variable without a value, or a text's reference to nothing.
    """
    try:
        return references.filled(
            value,
            lambda text: _PLACE.sub(lambda place: as_text(_named(place[1], data)), text),
            lambda reference: _referred(reference, data),
            MAX_DEPTH,
        )
    except references.TooDeep:
        raise Conflict("the auth settings are nested too deeply") from None


def as_text(value: Any) -> str:
    """Spell a value for a form, header or query: lists joined by blanks, booleans in lower case."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return " ".join(as_text(part) for part in value)
    if isinstance(value, dict):
        raise Conflict("the auth settings put an object where a text belongs")
    return "" if value is None else str(value)


def _referred(reference: dict[str, Any], data: Data) -> Any:
    operation = reference.get("operation")
    if operation == "platformServiceVariable":
        return _variable(str(reference.get("variable")), data)
    path = reference.get("path")
    if operation == "source" and isinstance(path, list) and path:
        return look_up(data.source, path)
    raise Conflict("the auth settings hold a reference that says neither a variable nor a source")


def _named(name: str, data: Data) -> Any:
    path = name.removeprefix("input.").removeprefix("service.").split(".")
    if path[0] == "vars" and len(path) == 2:
        return _variable(path[1], data)
    value = data.service_url if path == ["url"] else look_up(data.source, path)
    if value is None:
        raise Conflict(f"the auth settings refer to ${{{name}}}, which has no value here")
    return value


def _variable(name: str, data: Data) -> Any:
    value = data.variables.get(name)
    if value is None:
        raise Conflict(f"the variable {name} has no value yet", details={"variable": name})
    return value


def at(value: Any, path: Any) -> Any:
    """Read along a path (a list of names, or a text with dots) in a provider's answer; None when nothing is there."""
    parts = path.split(".") if isinstance(path, str) else path
    return look_up(value, parts) if isinstance(parts, list) and parts else None

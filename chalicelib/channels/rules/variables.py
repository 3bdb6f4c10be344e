"""Variables of templates and layouts: what an event must bring along, and what stands in for what it leaves out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Variable = Mapping[str, Any]


def missing(payload: Mapping[str, Any], variables: Iterable[Variable]) -> list[str]:
    """Name the required variables that are not there and have no default."""
    return [
        variable["name"]
        for variable in variables
        if variable.get("required") and _default(variable) is None and not _has(payload, variable["name"])
    ]


def filled(payload: Mapping[str, Any], variables: Iterable[Variable]) -> dict[str, Any]:
    """Add the defaults of what is not there, also inside objects; what was given is not changed."""
    made = dict(payload)
    for variable in variables:
        default = _default(variable)
        if default is not None and not _has(payload, variable["name"]):
            made = _put(made, variable["name"].split("."), default)
    return made


def _default(variable: Variable) -> Any:
    value = variable.get("defaultValue")
    return None if value == "" else value


def _has(payload: Any, path: str) -> bool:
    for part in path.split("."):
        if not isinstance(payload, Mapping) or payload.get(part) is None:
            return False
        payload = payload[part]
    return True


def _put(values: Mapping[str, Any], path: Sequence[str], value: Any) -> dict[str, Any]:
    """Put a value at a path of names, unless something else than an object stands on the way."""
    name, *rest = path
    there = values.get(name)
    if not rest:
        return {**values, name: value if there is None else there}
    if there is not None and not isinstance(there, Mapping):
        return dict(values)
    return {**values, name: _put(there or {}, rest, value)}

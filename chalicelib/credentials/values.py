"""The platform's values of variables: write-only for callers, in the clear for logic alone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from chalicelib.connectors import public as connectors
from chalicelib.core.cache import Cached
from chalicelib.core.call import Call
from chalicelib.core.errors import Conflict, InvalidInput, TooLarge
from chalicelib.credentials import models
from chalicelib.credentials.sealing import vault

if TYPE_CHECKING:
    from chalicelib.connectors.public import Component, Service

MAX_VALUE_BYTES = 64 * 1024
_known: Cached[dict[str, Any]] = Cached(age_s=5)


def forget() -> None:
    """Drop what is cached: a value or a declaration changed in this process."""
    _known.forget()


def set_value(call: Call) -> dict[str, Any]:
    """Store a variable's value, which must fit its schema; null takes it away. Raises InvalidInput, TooLarge."""
    service = connectors.find_service(call.workspace_id, call.path["service_id"])
    variable = connectors.find_component(service, "variable", call.path["variable_id"])
    if not isinstance(call.body, dict) or "value" not in call.body:
        raise InvalidInput.at("body.value", "is required", "missing")
    value = call.body["value"]
    if value is None:
        models.delete_value(call.workspace_id, service.id, variable.id)
    else:
        connectors.check_value(variable.json_schema, value, "body.value")
        text = json.dumps({"value": value}, separators=(",", ":"))
        if len(text) > MAX_VALUE_BYTES:
            raise TooLarge(f"a value may have at most {MAX_VALUE_BYTES // 1024} KB")
        sealed = vault().seal(call.workspace_id, _context(variable), text)
        connectors.note_use(service)
        models.put_value(call.workspace_id, service.id, variable.id, sealed)
    forget()
    return {"set": value is not None}


def of_service(workspace_id: str, service: Service, *, cached: bool) -> dict[str, Any]:
    """Give the values by name. Raises Conflict naming a required variable without one."""
    if not cached:
        return _read(workspace_id, service)
    return _known.get((workspace_id, service.id), lambda: _read(workspace_id, service)) or {}


def remove(workspace_id: str, service_id: str, variable_id: str) -> None:
    """Delete the value of a deleted variable."""
    models.delete_value(workspace_id, service_id, variable_id)
    forget()


def remove_page(workspace_id: str, service_id: str) -> bool:
    """Delete a page of a deleted service's values; True when none is left."""
    forget()
    return models.delete_some_values(workspace_id, service_id)


def _read(workspace_id: str, service: Service) -> dict[str, Any]:
    variables = connectors.components(service, "variable")
    if not variables:
        return {}
    sealed = models.values_of(workspace_id, service.id)
    values = {}
    for variable in variables:
        if variable.id in sealed:
            opened = vault().open_json(workspace_id, _context(variable), sealed[variable.id])
            values[variable.name] = opened["value"]
        elif variable.required:
            raise Conflict(f"the variable {variable.name} has no value yet", details={"variable": variable.name})
    return values


def _context(variable: Component) -> str:
    return f"value|{variable.service_id}|{variable.id}"

"""Datatypes: named schemas, and the logic that lists valid values for an input."""

from __future__ import annotations

from typing import Any

from chalicelib.connectors import components, definitions, executions, logic
from chalicelib.connectors.executions import Execution
from chalicelib.connectors.models import Component, Datatype
from chalicelib.connectors.services import services
from chalicelib.core.call import Call
from chalicelib.core.errors import InvalidInput, NotFound
from chalicelib.edge.resource import Resource

HOOK = "values"

datatypes = Resource(
    item=Datatype,
    variable="datatype_id",
    parent=services,
    parent_field="service_id",
    before_write=components.check,
    after_write=components.written,
)


def update(call: Call) -> Component:
    """Change the version `?version=` names, or fork the latest into it."""
    return components.update_version(datatypes, call)


def delete(call: Call) -> None:
    """Delete a datatype and its versions."""
    components.delete(datatypes, call)


def execute(call: Call) -> Any:
    """List a datatype's valid values; answer the input used and the output, whose `values` are the choices."""
    service = definitions.find_service(call.workspace_id, call.path["service_id"])
    version = definitions.find_version(service, None)
    datatype = definitions.find_component(service, Datatype.KIND, call.path["datatype_id"], within=version)
    data = _input(call.body)
    execution = executions.execution_of(call, service, version, datatype, data, hook=HOOK, where="body.input")
    if call.is_async and logic.code_of(datatype, HOOK) is not None:
        return executions.begin(call, execution)
    shown_input, output = list_values(execution)
    return {"input": shown_input, "output": output}


def list_values(execution: Execution) -> tuple[Any, dict[str, Any]]:
    """Run the logic that lists the values; without any, they are those its schema enumerates.

    A list stands for `{"values": list}`. Raises what executions.perform raises; NotFound without logic and `enum`.
    """
    if logic.code_of(execution.component, HOOK) is None:
        return execution.data, {"values": _enumerated(execution.component)}
    shown_input, output = executions.perform(execution)
    return shown_input, output if isinstance(output, dict) else {"values": output if isinstance(output, list) else []}


def has_values(datatype: Component) -> bool:
    """Say whether values can be listed, or it is a schema only."""
    return logic.code_of(datatype, HOOK) is not None or isinstance(_enum(datatype), list)


def _enumerated(datatype: Component) -> list[dict[str, Any]]:
    listed = _enum(datatype)
    if not isinstance(listed, list):
        raise NotFound(f"this datatype has no {HOOK} hook")
    return [{"label": str(value), "value": value} for value in listed]


def _enum(datatype: Component) -> Any:
    data = datatype.json_schema.get("data")
    return data.get("enum") if isinstance(data, dict) else None


def _input(body: Any) -> dict[str, Any]:
    given = body.get("input", {}) if isinstance(body, dict) else body
    if not isinstance(given, dict):
        raise InvalidInput.at("body.input", "must be a JSON object", "type")
    return given

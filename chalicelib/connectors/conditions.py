"""Conditions: checks between the steps of an automation."""

from __future__ import annotations

from typing import Any

from chalicelib.connectors import components, definitions, executions
from chalicelib.connectors.executions import Execution
from chalicelib.connectors.models import Condition
from chalicelib.connectors.services import services
from chalicelib.core.call import Call
from chalicelib.edge.resource import Resource

conditions = Resource(
    item=Condition,
    variable="condition_id",
    parent=services,
    parent_field="service_id",
    before_write=components.check,
    after_write=components.written,
)


def delete(call: Call) -> None:
    """Delete a condition."""
    components.delete(conditions, call)


def holds(
    workspace_id: str,
    service_name: str,
    condition_name: str,
    data: dict[str, Any],
    *,
    user_id: str,
    user_credential_id: str | None = None,
    version_name: str | None = None,
    deadline_ms: int = 0,
) -> bool:
    """Run a condition; see connectors.public."""
    service = definitions.find_service(workspace_id, service_name)
    version = definitions.find_version(service, version_name)
    condition = definitions.find_component(service, Condition.KIND, condition_name, within=version)
    execution = Execution(
        workspace_id=workspace_id,
        service=service,
        version=version,
        component=condition,
        user_id=user_id,
        user_credential_id=user_credential_id,
        data=data,
        deadline_ms=deadline_ms,
        where="input",
    )
    return is_true(executions.perform(execution)[1])


def is_true(value: Any) -> bool:
    """Say whether JavaScript takes a value for true: empty lists and objects are."""
    return isinstance(value, dict | list) or bool(value)

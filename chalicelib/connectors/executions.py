"""Running an action now, on a user's behalf, and answering with what its logic produced."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chalicelib.adapters import logs
from chalicelib.connectors import definitions, schema_check
from chalicelib.connectors.failures import as_answered
from chalicelib.connectors.models import Action, Component, Service, ServiceVersion
from chalicelib.connectors.outside import Outside
from chalicelib.connectors.running import HookRun, redactor_of, run_hook
from chalicelib.core import clock
from chalicelib.core.call import Call, usable_text
from chalicelib.core.config import settings
from chalicelib.core.errors import Forbidden, InvalidInput, LogicFailed
from chalicelib.credentials import public as credentials

HOOK = "execute"
_OWN_QUERY = frozenset({"userId", "userCredentialId"})


@dataclass(frozen=True)
class Execution:
    """One run of an action: what, for whom, with which input."""

    service: Service
    version: ServiceVersion | None
    action: Component
    user_id: str
    user_credential_id: str | None
    data: Any


def execute_action(call: Call) -> dict[str, Any]:
    """Run the action in the path with the body as its input; answer the input used and the output."""
    service = definitions.find_service(call.workspace_id, call.path["service_id"])
    version = definitions.find_version(service, None)
    action = definitions.find_component(service, Action.KIND, call.path["action_id"], within=version)
    asked = call.query.get("userCredentialId")
    execution = Execution(
        service=service,
        version=version,
        action=action,
        user_id=call.required_query("userId"),
        user_credential_id=None if asked is None else usable_text(asked, "query.userCredentialId"),
        data=_unwrapped(action, call.body),
    )
    shown_input, output = _run(call, execution)
    return {"input": shown_input, "output": output}


def execute(call: Call) -> Any:
    """Run the action the body names; answer its bare output."""
    body = call.body
    service = definitions.find_service(call.workspace_id, body.service)
    version = definitions.find_version(service, body.service_version)
    action = definitions.find_component(
        service, Action.KIND, body.action, within=version, version=body.action_version or None
    )
    execution = Execution(
        service=service,
        version=version,
        action=action,
        user_id=call.required_query("userId"),
        user_credential_id=body.user_credential_id or None,
        data=body.input or {},
    )
    return _run(call, execution, where="body.input")[1]


def _run(call: Call, execution: Execution, where: str = "body") -> tuple[Any, Any]:
    service, action = execution.service, execution.action
    if not service.enabled:
        raise Forbidden("this service is disabled")
    schema_check.validate_variables(action, execution.data, where)
    credential = credentials.credential_for(
        call.workspace_id,
        service,
        execution.version,
        execution.user_id,
        execution.user_credential_id,
        required=True,
    )
    timeout_s = min(settings().logic_timeout_s, max(0.1, (call.deadline_ms - clock.now_ms()) / 1000))
    outside = Outside(call.workspace_id, timeout_s)
    query = {name: value for name, value in call.query.items() if name not in _OWN_QUERY}
    run = HookRun(
        workspace_id=call.workspace_id,
        service=service,
        component=action,
        hook=HOOK,
        bindings={"input": {"data": execution.data, "query": query}},
        credential=credential,
        version=execution.version,
        timeout_s=timeout_s,
        cached=False,
        outside=outside,
    )
    try:
        outcome = run_hook(run)
    except LogicFailed as failed:
        raise as_answered(failed, has_token=credential is not None, is_waiting=outside.is_waiting) from failed
    output_schema = action.json_schema.get("output")
    if output_schema and not schema_check.fits(output_schema, outcome.value):
        logs.log("action.output_mismatch", level="WARNING", service=service.id, action=action.id)
    values = credentials.variable_values(call.workspace_id, service, cached=True)
    return redactor_of(credential, values).value(execution.data), outcome.value


def _unwrapped(action: Component, body: Any) -> Any:
    """Take `{"input": {...}}` for its content, unless the action has an input of that name."""
    if not isinstance(body, dict):
        raise InvalidInput.at("body", "must be a JSON object", "type")
    is_wrapped = set(body) == {"input"} and isinstance(body["input"], dict)
    if is_wrapped and "input" not in schema_check.field_names(action.json_schema):
        return body["input"]
    return body

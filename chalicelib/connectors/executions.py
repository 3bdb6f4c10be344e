"""Running an action now, on a user's behalf, and answering with what its logic produced."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from chalicelib.adapters import logs
from chalicelib.connectors import definitions, inputs, schema_check
from chalicelib.connectors.failures import TokenRejected, as_answered
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
    """One run of a component's logic: what, for whom, with which input. deadline_ms 0 means none."""

    workspace_id: str
    service: Service
    version: ServiceVersion | None
    component: Component
    user_id: str
    user_credential_id: str | None
    data: Any
    hook: str = HOOK
    query: Mapping[str, str] = field(default_factory=dict)
    bindings: Mapping[str, Any] = field(default_factory=dict)
    deadline_ms: int = 0
    where: str = "body"
    is_checked: bool = True


def execute_action(call: Call) -> dict[str, Any]:
    """Run the action in the path with the body as its input; answer the input used and the output."""
    service = definitions.find_service(call.workspace_id, call.path["service_id"])
    version = definitions.find_version(service, None)
    action = definitions.find_component(service, Action.KIND, call.path["action_id"], within=version)
    data = unwrapped(action, call.body)
    shown_input, output = perform(execution_of(call, service, version, action, data))
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
        workspace_id=call.workspace_id,
        service=service,
        version=version,
        component=action,
        user_id=call.required_query("userId"),
        user_credential_id=body.user_credential_id or None,
        data=body.input or {},
        query=query_of(call),
        deadline_ms=call.deadline_ms,
        where="body.input",
    )
    return perform(execution)[1]


def execution_of(
    call: Call, service: Service, version: ServiceVersion | None, component: Component, data: Any, **more: Any
) -> Execution:
    """Describe the run that a call's path and query ask for."""
    asked = call.query.get("userCredentialId")
    return Execution(
        workspace_id=call.workspace_id,
        service=service,
        version=version,
        component=component,
        user_id=call.required_query("userId"),
        user_credential_id=None if asked is None else usable_text(asked, "query.userCredentialId"),
        data=data,
        query=query_of(call),
        deadline_ms=call.deadline_ms,
        **more,
    )


def query_of(call: Call) -> dict[str, str]:
    """Give the query parameters that are the logic's."""
    return {name: value for name, value in call.query.items() if name not in _OWN_QUERY}


def perform(execution: Execution) -> tuple[Any, Any]:
    """Check the input, run the hook, and give the input as it was used, secrets masked, and the output.

    Raises InvalidInput naming the field that is wrong, Forbidden for a service that is switched off, and what
    run_hook raises.
    """
    service, component = execution.service, execution.component
    if not service.enabled:
        raise Forbidden("this service is disabled")
    data = execution.data
    if execution.is_checked:
        data = inputs.completed(component, data)
        schema_check.validate_variables(component, data, execution.where)
    credential = credentials.credential_for(
        execution.workspace_id,
        service,
        execution.version,
        execution.user_id,
        execution.user_credential_id,
        required=True,
    )
    output = _with_fresh_token(execution, data, credential)
    output_schema = component.json_schema.get("output")
    if output_schema and execution.hook == HOOK and not schema_check.fits(output_schema, output):
        logs.log("action.output_mismatch", level="WARNING", service=service.id, action=component.id)
    values = credentials.variable_values(execution.workspace_id, service, cached=True)
    return redactor_of(credential, values).value(data), output


def _with_fresh_token(execution: Execution, data: Any, credential: credentials.Credential | None) -> Any:
    """Run, and once more with a renewed token when the third party rejects this one before anything was changed."""
    outside = Outside(execution.workspace_id, _timeout_s(execution))
    try:
        return _run(execution, data, credential, outside)
    except TokenRejected:
        if credential is None:
            raise
        fresh = credentials.credential_after_rejection(execution.workspace_id, execution.service, credential)
        if fresh is None or outside.has_acted:
            raise
    return _run(execution, data, fresh, Outside(execution.workspace_id, _timeout_s(execution)))


def _timeout_s(execution: Execution) -> float:
    timeout_s = settings().logic_timeout_s
    if execution.deadline_ms:
        timeout_s = min(timeout_s, max(0.1, (execution.deadline_ms - clock.now_ms()) / 1000))
    return timeout_s


def _run(execution: Execution, data: Any, credential: credentials.Credential | None, outside: Outside) -> Any:
    run = HookRun(
        workspace_id=execution.workspace_id,
        service=execution.service,
        component=execution.component,
        hook=execution.hook,
        bindings={"input": {"data": data, "query": dict(execution.query)}, **execution.bindings},
        credential=credential,
        version=execution.version,
        timeout_s=outside.timeout_s,
        cached=False,
        outside=outside,
    )
    try:
        return run_hook(run).value
    except LogicFailed as failed:
        raise as_answered(failed, has_token=credential is not None, is_waiting=outside.is_waiting) from failed


def unwrapped(component: Component, body: Any) -> Any:
    """Take `{"input": {...}}` for its content, unless the component has an input of that name."""
    if not isinstance(body, dict):
        raise InvalidInput.at("body", "must be a JSON object", "type")
    is_wrapped = set(body) == {"input"} and isinstance(body["input"], dict)
    if is_wrapped and all(field.name != "input" for field in schema_check.fields_of(component)):
        return body["input"]
    return body

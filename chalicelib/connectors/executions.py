"""Running an action now, on a user's behalf, and answering with what its logic produced."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from chalicelib.adapters import logs
from chalicelib.connectors import definitions, inputs, schema_check
from chalicelib.connectors.models import Action, Component, Service, ServiceVersion
from chalicelib.connectors.running import HookRun, redactor_of, run_answered
from chalicelib.core.call import Call, usable_text
from chalicelib.core.errors import Forbidden, InvalidInput
from chalicelib.credentials import public as credentials

HOOK = "execute"
_OWN_QUERY = frozenset({"userId", "userCredentialId", "async"})


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


def execute_action(call: Call) -> Any:
    """Run the action in the path with the body as its input; answer the input used and the output."""
    service = definitions.find_service(call.workspace_id, call.path["service_id"])
    version = definitions.find_version(service, None)
    action = definitions.find_component(service, Action.KIND, call.path["action_id"], within=version)
    execution = execution_of(call, service, version, action, unwrapped(action, call.body))
    if call.is_async:
        return begin(call, execution)
    shown_input, output = perform(execution)
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
    return begin(call, execution) if call.is_async else perform(execution)[1]


def begin(call: Call, execution: Execution) -> Any:
    """Check the input and let workers run it; 202 with an execution id. Raises InvalidInput, Forbidden, NotFound."""
    from chalicelib.automations import public as automations  # it leans on this context

    service, component = execution.service, execution.component
    work = automations.Alone(
        kind=component.KIND,
        service=service.id,
        version=None if execution.version is None else execution.version.id,
        name=component.version_id,
        user_id=execution.user_id,
        data=checked_data(execution),
        user_credential_id=execution.user_credential_id,
        query=execution.query,
    )
    return automations.begin_alone(call, work)


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
    data = checked_data(execution)
    credential = credentials.credential_for(
        execution.workspace_id,
        service,
        execution.version,
        execution.user_id,
        execution.user_credential_id,
        required=inputs.needs_token(component, data),
    )
    values = credentials.variable_values(execution.workspace_id, service)
    output = _output(execution, data, credential, values)
    output_schema = component.json_schema.get("output")
    if output_schema and execution.hook == HOOK and not schema_check.fits(output_schema, output):
        logs.log("action.output_mismatch", level="WARNING", service=service.id, action=component.id)
    return redactor_of(credential, values).value(data), output


def checked_data(execution: Execution) -> Any:
    """Give the input with its defaults. Raises InvalidInput naming the field, Forbidden for a disabled service."""
    if not execution.service.enabled:
        raise Forbidden("this service is disabled")
    if not execution.is_checked:
        return execution.data
    data = inputs.completed(execution.component, execution.data)
    schema_check.validate_variables(execution.component, data, execution.where)
    return data


def _output(execution: Execution, data: Any, credential: credentials.Credential | None, values: dict[str, Any]) -> Any:
    run = HookRun(
        workspace_id=execution.workspace_id,
        service=execution.service,
        component=execution.component,
        hook=execution.hook,
        bindings={"input": {"data": data, "query": dict(execution.query)}, **execution.bindings},
        credential=credential,
        version=execution.version,
        deadline_ms=execution.deadline_ms,
        cached=False,
        values=values,
    )
    return run_answered(run).value


def unwrapped(component: Component, body: Any) -> Any:
    """Take `{"input": {...}}` for its content, unless the component has an input of that name."""
    if not isinstance(body, dict):
        raise InvalidInput.at("body", "must be a JSON object", "type")
    is_wrapped = set(body) == {"input"} and isinstance(body["input"], dict)
    if is_wrapped and all(field.name != "input" for field in schema_check.fields_of(component)):
        return body["input"]
    return body

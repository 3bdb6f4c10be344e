"""Actions: of an installed integration, at its url or in its code, or of a connector of this platform."""

from __future__ import annotations

from typing import Any

from chalicelib.chat import access, calling, checking
from chalicelib.chat.access import Context
from chalicelib.chat.models import installations, log_lines
from chalicelib.chat.models.installations import Installation
from chalicelib.chat.models.integrations import Integration
from chalicelib.connectors import public as connectors
from chalicelib.core import clock
from chalicelib.core.call import Call
from chalicelib.core.errors import (
    Forbidden,
    InvalidInput,
    NotFound,
    PlatformError,
    QuotaExceeded,
    Unavailable,
    UpstreamFailed,
)
from chalicelib.identity import public as identity

_MARGIN_S = 1.0
Json = dict[str, Any]


def call_action(call: Call) -> Json:
    """Run `<integration>:<action>`, or `<service>:<action>` of a connector, and give its output.

    An installed integration comes first. A connector runs on behalf of the user named by the body's `userId`, else of
    the bot. An integration runs its own actions only: it may be another workspace's. Raises InvalidInput for an unknown
    type or input that does not fit, Forbidden, and Runtime errors (LogicFailed, UpstreamFailed) for whatever fails on
    the way.
    """
    context = access.runtime(call)
    name, colon, action = call.body.type.partition(":")
    if not colon or not name or not action:
        raise InvalidInput.at("body.type", "must be <integration>:<action>", "type")
    if context.integration_name not in (None, name):
        raise Forbidden("an integration runs its own actions only")
    installed = _installed(context, name)
    if installed is not None:
        return {"output": _of_integration(call, context, installed, action)}
    return {"output": _of_connector(call, context, name, action)}


def time_left_s(call: Call) -> float:
    """Say how long a call may wait for somebody else."""
    left_s = (call.deadline_ms - clock.now_ms()) / 1000 - _MARGIN_S
    return max(0.1, min(calling.SYNC_TIMEOUT_S, left_s))


def ask(call: Call, context: Context, installed: Installation, operation: str, body: Json) -> Any:
    """Ask an installed integration now, and give the JSON it answers. Raises LogicFailed, UpstreamFailed."""
    integration = Integration.get(installed.owner, id=installed.id)
    if integration is None:
        raise UpstreamFailed(f"the integration {installed.name} is gone")
    workspace_id = context.bot.workspace_id
    try:
        reply = calling.to_integration(workspace_id, installed, integration, operation, body, time_left_s(call))
    except (QuotaExceeded, Unavailable):
        raise
    except PlatformError as error:
        reason = calling.reason_of(error)
        log_lines.write_line(integration.workspace_id, integration.id, "error", f"{operation}: {reason}")
        raise UpstreamFailed(f"{installed.name}: {reason}") from error
    if not reply.is_good:
        raise UpstreamFailed(reply.complaint(), status=reply.status)
    return reply.json()


def _installed(context: Context, name: str) -> Installation | None:
    for one in installations.installed_in(context.home, context.bot.id):
        if one.name == name and one.enabled:
            return one
    return None


def _of_integration(call: Call, context: Context, installed: Installation, action: str) -> Json:
    integration = Integration.get(installed.owner, id=installed.id)
    definition = None if integration is None else integration.actions.get(action)
    if definition is None:
        raise InvalidInput.at("body.type", f"{installed.name} has no action {action}", "reference")
    checking.check_data(definition["input"]["schema"], call.body.input, "body.input")
    answer = ask(call, context, installed, "action_triggered", {"type": action, "input": call.body.input})
    output = answer.get("output") if isinstance(answer, dict) else None
    if not isinstance(output, dict):
        raise UpstreamFailed(f"{installed.name}:{action} gave no output")
    try:
        checking.check_data(definition["output"]["schema"], output, "output")
    except InvalidInput as error:
        raise UpstreamFailed(f"{installed.name}:{action} gave an output that does not fit: {error.message}") from error
    return output


def _of_connector(call: Call, context: Context, service: str, action: str) -> Json:
    workspace_id = context.bot.workspace_id
    try:
        found = connectors.find_service(workspace_id, service)
        version = connectors.find_version(found)
        component = connectors.find_component(found, "action", action, within=version)
    except NotFound as error:
        unknown = "no installed integration and no connector has this action"
        raise InvalidInput.at("body.type", unknown, "reference") from error
    user = identity.ensure_user(workspace_id, call.body.user_id or context.bot.id)
    try:
        output = connectors.run_action(
            workspace_id,
            found,
            version,
            component,
            call.body.input,
            user_id=user.id,
            user_credential_id=call.body.user_credential_id,
            deadline_ms=call.deadline_ms,
        )
    except InvalidInput as error:
        raise _at_input(error) from error
    return output if isinstance(output, dict) else {"value": output}


def _at_input(error: InvalidInput) -> InvalidInput:
    first = error.faults[0] if error.faults else None
    if first is None or not first.location.startswith("body.input"):
        return error
    return InvalidInput.at(first.location, first.message, "data_format")

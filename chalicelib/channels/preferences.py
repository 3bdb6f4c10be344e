"""What subscribers want to hear, for each workflow and for all."""

from __future__ import annotations

from typing import Any

from chalicelib.channels import subscribers, workflows
from chalicelib.channels.models.people import GLOBAL, change_preference, get_preferences
from chalicelib.channels.models.workflows import Workflow
from chalicelib.channels.rules import preferences as rules
from chalicelib.channels.wire import flag
from chalicelib.core.call import Call
from chalicelib.core.errors import InvalidInput


def list_all(call: Call) -> list[dict[str, Any]]:
    """List the preference for each active workflow."""
    subscriber = subscribers.find(call.workspace_id, call.path["subscriber_id"])
    settings = get_preferences(call.workspace_id, subscriber.subscriber_id)
    active = [item for item in Workflow.list_all(call.workspace_id) if item.active]
    shows_all = bool(flag(call, "includeInactiveChannels"))  # not of the contract: one client asks for it
    return [_view(item, settings.get(item.id, {}), shows_all=shows_all) for item in active]


def list_level(call: Call) -> list[dict[str, Any]]:
    """List the preferences of a level: `template` for workflows, `global` for the one for all."""
    level = call.path["parameter"]
    if level == "template":
        return list_all(call)
    if level != GLOBAL:
        raise InvalidInput.at("parameter", "must be global or template", "enum")
    subscriber = subscribers.find(call.workspace_id, call.path["subscriber_id"])
    settings = get_preferences(call.workspace_id, subscriber.subscriber_id)
    return [{"preference": rules.shown_globally(settings.get(GLOBAL, {}))}]


def update(call: Call) -> dict[str, Any]:
    """Set the preference for one workflow."""
    subscriber = subscribers.find(call.workspace_id, call.path["subscriber_id"])
    workflow = workflows.find(call.workspace_id, call.path["parameter"])
    channel = call.body.channel
    if channel is None and call.body.enabled is None:
        raise InvalidInput.at("body", "channel or enabled must be sent", "missing")
    sent = {channel.type: channel.enabled} if channel else {}
    made = change_preference(
        call.workspace_id,
        subscriber.subscriber_id,
        workflow.id,
        lambda setting: rules.merged(setting, call.body.enabled, sent),
    )
    return _view(workflow, made)


def update_global(call: Call) -> dict[str, Any]:
    """Set the preference for all workflows."""
    subscriber = subscribers.find(call.workspace_id, call.path["subscriber_id"])
    sent = {one.type: one.enabled for one in call.body.preferences or ()}
    if not sent and call.body.enabled is None:
        raise InvalidInput.at("body", "preferences or enabled must be sent", "missing")
    made = change_preference(
        call.workspace_id,
        subscriber.subscriber_id,
        GLOBAL,
        lambda setting: rules.merged(setting, call.body.enabled, sent),
    )
    return {"preference": rules.shown_globally(made)}


def _view(workflow: Workflow, setting: dict[str, Any], *, shows_all: bool = False) -> dict[str, Any]:
    channels = rules.CHANNELS if shows_all else {step["template"]["type"] for step in workflow.active_steps()}
    template = {
        **({"data": workflow.data} if workflow.data else {}),
        "_id": workflow.id,
        "name": workflow.name,
        "critical": workflow.critical,
        "tags": workflow.tags,
        "triggers": workflows.triggers_of(workflow),
    }
    return {"template": template, "preference": rules.shown(channels, workflow.preference_settings, setting)}

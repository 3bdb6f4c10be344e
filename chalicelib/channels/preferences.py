"""What subscribers want to hear, for each workflow and for all."""

from __future__ import annotations

from typing import Any

from chalicelib.channels import subscribers, workflows
from chalicelib.channels.models.people import GLOBAL, get_preferences, put_preference
from chalicelib.channels.models.workflows import Workflow
from chalicelib.channels.rules import preferences as rules
from chalicelib.core.call import Call
from chalicelib.core.errors import InvalidInput


def list_all(call: Call) -> list[dict[str, Any]]:
    """List the preference for each active workflow."""
    subscriber = subscribers.find(call.workspace_id, call.path["subscriber_id"])
    settings = get_preferences(call.workspace_id, subscriber.subscriber_id)
    active = [item for item in Workflow.list_all(call.workspace_id) if item.active]
    return [_view(item, settings.get(item.id, {})) for item in active]


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
    setting = get_preferences(call.workspace_id, subscriber.subscriber_id).get(workflow.id, {})
    made = rules.merged(setting, call.body.enabled, {channel.type: channel.enabled} if channel else {})
    put_preference(call.workspace_id, subscriber.subscriber_id, workflow.id, made)
    return _view(workflow, made)


def update_global(call: Call) -> dict[str, Any]:
    """Set the preference for all workflows."""
    subscriber = subscribers.find(call.workspace_id, call.path["subscriber_id"])
    sent = {one.type: one.enabled for one in call.body.preferences or ()}
    if not sent and call.body.enabled is None:
        raise InvalidInput.at("body", "preferences or enabled must be sent", "missing")
    setting = get_preferences(call.workspace_id, subscriber.subscriber_id).get(GLOBAL, {})
    made = rules.merged(setting, call.body.enabled, sent)
    put_preference(call.workspace_id, subscriber.subscriber_id, GLOBAL, made)
    return {"preference": rules.shown_globally(made)}


def _view(workflow: Workflow, setting: dict[str, Any]) -> dict[str, Any]:
    channels = {step["template"]["type"] for step in workflow.active_steps()}
    template = {
        "_id": workflow.id,
        "name": workflow.name,
        "critical": workflow.critical,
        "tags": workflow.tags,
        "triggers": workflows.triggers_of(workflow),
    }
    return {"template": template, "preference": rules.shown(channels, workflow.preference_settings, setting)}

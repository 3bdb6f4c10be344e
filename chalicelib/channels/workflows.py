"""Workflows: making, changing and ending them."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from chalicelib.channels import groups, names, sizes, workflow_steps
from chalicelib.channels.models.workflows import Workflow, find_either
from chalicelib.channels.repeats import made_before
from chalicelib.channels.rules.preferences import CHANNELS
from chalicelib.channels.wire import filled, iso, number, page_of
from chalicelib.core.call import Call
from chalicelib.core.errors import AlreadyExists, InvalidInput, NotFound


def list_page(call: Call) -> dict[str, Any]:
    """List workflows, the newest first; `query` is part of a name or identifier."""
    page, size = number(call, "page", 0), number(call, "limit", 10, 1, 100)
    items = list(reversed(Workflow.list_all(call.workspace_id)))
    if wanted := call.query.get("query", "").lower():
        items = [item for item in items if wanted in item.name.lower() or wanted in item.identifier.lower()]
    shown = items[page * size : page * size + size]
    return page_of([view(item) for item in shown], page, size, len(items))


def create(call: Call) -> dict[str, Any]:
    """Make a workflow; its identifier is made from its name, with a suffix when that is taken."""
    body, workflow_id = call.body, names.new_id(call, "workflow")
    if made := made_before(call, Workflow, workflow_id):
        return view(made)
    group = _group(call, body.notification_group_id)
    sent = body.sent()
    item = Workflow.new(
        call.workspace_id,
        id=workflow_id,
        by=call.caller.key_id,
        name=body.name,
        identifier=names.slug(body.name),
        description=body.description,
        active=body.active,
        critical=body.critical,
        tags=body.tags or [],
        group_id=group,
        preference_settings=_settings(sent.get("preferenceSettings")),
        data=body.data,
    )
    workflow_steps.take(item, sent["steps"])
    sizes.check(item)
    try:
        item.insert()
    except AlreadyExists:
        item.identifier = f"{item.identifier}-{names.short(item.id)}"
        item.insert()
    return view(item)


def read(call: Call) -> dict[str, Any]:
    """Show a workflow, found by id or trigger identifier."""
    return view(find(call.workspace_id, call.path["template_id"]))


def update(call: Call) -> dict[str, Any]:
    """Change what was sent."""
    item, body = find(call.workspace_id, call.path["template_id"]), call.body
    before, sent = Workflow(**vars(item)), call.body.sent()
    if not sent:
        raise InvalidInput.at("body", "nothing to update was sent", "missing")
    for field in ("name", "description", "tags", "critical", "data", "identifier"):
        if getattr(body, field) is not None:
            setattr(item, field, getattr(body, field))
    if body.notification_group_id is not None:
        item.group_id = _group(call, body.notification_group_id)
    if body.preference_settings is not None:
        item.preference_settings = _settings(sent["preferenceSettings"])
    if body.steps is not None:
        workflow_steps.take(item, sent["steps"])
    sizes.check(item)
    try:
        return view(item.save(before=before))
    except AlreadyExists:
        words = f"Workflow template with identifier {item.identifier} already exists"
        raise InvalidInput.at("identifier", words, "taken") from None


def delete(call: Call) -> bool:
    """Delete a workflow; notifications under way keep the steps they began with."""
    find(call.workspace_id, call.path["template_id"]).remove()
    return True


def set_status(call: Call) -> dict[str, Any]:
    """Switch a workflow on or off. Raises InvalidInput when it is so already."""
    item = find(call.workspace_id, call.path["template_id"])
    if item.active == call.body.active:
        raise InvalidInput.at("active", "You must provide a different status from the current status", "same")
    item.active = call.body.active
    return view(item.save())


def find(workspace_id: str, id_or_identifier: str) -> Workflow:
    """Find a workflow by id or trigger identifier. Raises NotFound."""
    return find_either(workspace_id, id_or_identifier)


def triggers_of(item: Workflow) -> list[dict[str, Any]]:
    """Render the trigger of a workflow."""
    return [
        {
            "type": "event",
            "identifier": item.identifier,
            "variables": item.variables,
            "subscriberVariables": item.subscriber_variables,
            "reservedVariables": [],
        }
    ]


def view(item: Workflow) -> dict[str, Any]:
    """Render a workflow."""
    group = None
    with suppress(NotFound):
        group = groups.view(groups.find(item.workspace_id, item.group_id))
    return filled(
        {
            "_id": item.id,
            "name": item.name,
            "description": item.description,
            "active": item.active,
            "draft": not item.active,
            "critical": item.critical,
            "preferenceSettings": item.preference_settings,
            "tags": item.tags,
            "steps": item.steps,
            "triggers": triggers_of(item),
            "_organizationId": names.organization_id(item.workspace_id),
            "_environmentId": names.environment_id(item.workspace_id),
            "_creatorId": item.created_by,
            "_notificationGroupId": item.group_id,
            "notificationGroup": group,
            "data": item.data,
            "deleted": False,
            "createdAt": iso(item.inserted_at),
            "updatedAt": iso(item.updated_at),
        }
    )


# --- reading what was sent ------------------------------------------------------------------------------------------


def _group(call: Call, identifier: str) -> str:
    try:
        return groups.find(call.workspace_id, identifier).id
    except NotFound:
        raise InvalidInput.at("notificationGroupId", "is not a workflow group", "unknown") from None


def _settings(sent: dict[str, bool] | None) -> dict[str, bool]:
    return {channel: (sent or {}).get(channel, True) for channel in CHANNELS}

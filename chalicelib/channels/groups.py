"""Workflow groups and feeds."""

from __future__ import annotations

from typing import Any

from chalicelib.channels import names
from chalicelib.channels.models.settings import Feed, Group
from chalicelib.channels.repeats import made_before
from chalicelib.core.call import Call
from chalicelib.core.errors import AlreadyExists, NotFound


def list_all(call: Call) -> list[dict[str, Any]]:
    """List the workflow groups."""
    return [view(item) for item in Group.list_all(call.workspace_id)]


def create(call: Call) -> dict[str, Any]:
    """Make a workflow group."""
    identifier = names.new_id(call, "group")
    made = made_before(call, Group, identifier)
    return view(made or Group.new(call.workspace_id, id=identifier, name=call.body.name).insert())


def read(call: Call) -> dict[str, Any]:
    """Show a workflow group."""
    return view(find(call.workspace_id, call.path["id"]))


def update(call: Call) -> dict[str, Any]:
    """Rename a workflow group."""
    item = find(call.workspace_id, call.path["id"])
    item.name = call.body.name
    return view(item.save())


def delete(call: Call) -> dict[str, Any]:
    """Delete a workflow group; its workflows stay, and run as before."""
    find(call.workspace_id, call.path["id"]).remove()
    return {"acknowledged": True, "status": "deleted"}


def find(workspace_id: str, identifier: str) -> Group:
    """Find a workflow group. Raises NotFound."""
    item = Group.get(workspace_id, id=identifier)
    if item is None:
        raise NotFound(f"no such workflow group: {identifier}")
    return item


def view(item: Group) -> dict[str, Any]:
    """Render a workflow group."""
    return {
        "_id": item.id,
        "name": item.name,
        "_environmentId": names.environment_id(item.workspace_id),
        "_organizationId": names.organization_id(item.workspace_id),
    }


# --- feeds ----------------------------------------------------------------------------------------------------------


def list_feeds(call: Call) -> list[dict[str, Any]]:
    """List the feeds."""
    return [feed_view(item) for item in Feed.list_all(call.workspace_id)]


def create_feed(call: Call) -> dict[str, Any]:
    """Make a feed. Raises AlreadyExists for a taken name."""
    identifier = names.new_id(call, "feed")
    try:
        made = made_before(call, Feed, identifier)
        return feed_view(made or Feed.new(call.workspace_id, id=identifier, name=call.body.name).insert())
    except AlreadyExists:
        raise AlreadyExists(f"Feed with identifier: {call.body.name} already exists") from None


def delete_feed(call: Call) -> list[dict[str, Any]]:
    """Delete a feed. Answers what remains."""
    item = Feed.get(call.workspace_id, id=call.path["feed_id"])
    if item is None:
        raise NotFound(f"Feed {call.path['feed_id']} not found")
    item.remove()
    return list_feeds(call)


def feed_view(item: Feed) -> dict[str, Any]:
    """Render a feed."""
    return {**view(Group(**{**vars(item)})), "identifier": item.name}

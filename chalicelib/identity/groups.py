"""Groups: named sets of users. Who belongs to a remote one is stored here all the same; nobody else is asked."""

from __future__ import annotations

from chalicelib.adapters import queue
from chalicelib.core import clock, ids
from chalicelib.core.call import Call
from chalicelib.core.errors import InvalidInput
from chalicelib.edge.resource import Resource
from chalicelib.identity.models import Group
from chalicelib.identity.users import CLEANUP_DELAY_S, CLEANUP_QUEUE


def check(_call: Call, group: Group) -> None:
    """Fill in what was cleared, and refuse a name that could be taken for an id. Raises InvalidInput."""
    group.source = group.source or "local"
    group.authorization = group.authorization or {}
    if ids.is_uuid(group.name):
        raise InvalidInput.at("body.name", "must not have the form of a UUID", "name")


groups = Resource(item=Group, variable="group_id", before_write=check)


def delete(call: Call) -> None:
    """Delete a group at once; its memberships follow from the queue. Raises NotFound."""
    group = groups.find(call, to_change=True)
    message = {"w": group.workspace_id, "kind": "group", "id": group.id, "at": clock.now_ms()}
    queue.send(CLEANUP_QUEUE, message, CLEANUP_DELAY_S)  # first: see users.delete
    group.remove()

"""Memberships: who is in a group, in which role."""

from __future__ import annotations

from chalicelib.core.call import Call
from chalicelib.core.errors import AlreadyExists, NotFound
from chalicelib.edge.resource import page_of
from chalicelib.identity import models, users
from chalicelib.identity.groups import groups
from chalicelib.identity.models import Group, Membership, User
from chalicelib.storage.expressions import PRESENT
from chalicelib.storage.table import Write


def list_members(call: Call) -> list[Membership]:
    """List the members of a group in order of insertion. Raises NotFound."""
    group = groups.find(call)
    return page_of(call, Membership.list_all(call.workspace_id, group_id=group.id))


def add(call: Call) -> None:
    """Put a user into a group. Raises NotFound for either, AlreadyExists when the user is in it."""
    group: Group = groups.find(call)
    user = users.find(call.workspace_id, call.body.user_id)
    made = Membership.new(call.workspace_id, by=call.user_id, id=user.id, group_id=group.id, role=call.body.role)
    there = [Write(item.TABLE, PRESENT, key=item.own_key(), is_check=True) for item in (group, user)]
    try:
        made.insert(there)
    except AlreadyExists:
        if Membership.get(call.workspace_id, id=user.id, group_id=group.id) is not None:
            raise AlreadyExists("this user is in the group already", details={"field": "userId"}) from None
        raise NotFound("the group or the user was deleted meanwhile") from None


def read(call: Call) -> Membership:
    """Read one membership. Raises NotFound."""
    group: Group = groups.find(call)
    user: User = users.find(call.workspace_id, call.path["user_id"])
    return Membership.find(call.workspace_id, id=user.id, group_id=group.id)


def update(call: Call) -> Membership:
    """Change a member's role. Raises NotFound, VersionConflict."""
    membership = read(call)
    if call.body.role is not None:
        membership.role = call.body.role
    return membership.save(by=call.user_id)


def delete(call: Call) -> None:
    """Take a user out of a group. Raises NotFound, a second time included."""
    read(call).remove()


def remove_of_user(workspace_id: str, user_id: str) -> bool:
    """Delete a page of a deleted user's memberships; True when none is left."""
    found = models.some_memberships(workspace_id, user_id)
    models.drop_memberships(found)
    return len(found) < models.PAGE


def remove_of_group(workspace_id: str, group_id: str) -> bool:
    """Delete a page of a deleted group's memberships; True when none is left."""
    found = models.some_members(workspace_id, group_id)
    models.drop_memberships(found)
    return len(found) < models.PAGE

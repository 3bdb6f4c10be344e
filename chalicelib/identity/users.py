"""End users: found by our id or the platform's, made on the fly where the surface says so, deleted in two steps."""

from __future__ import annotations

from chalicelib.adapters import queue
from chalicelib.core import clock, ids
from chalicelib.core.call import Call, usable_text
from chalicelib.core.errors import AlreadyExists, NotFound
from chalicelib.edge.resource import Resource
from chalicelib.identity.models import User

CLEANUP_QUEUE = "platform_cleanup"
CLEANUP_DELAY_S = 2


def check(call: Call, user: User) -> None:
    """Refuse an identifier that is another user's id: whoever names it would get the other. Raises AlreadyExists."""
    if user.user_id != user.id and ids.is_uuid(user.user_id) and User.get(user.workspace_id, id=user.user_id):
        raise AlreadyExists("this identifier is the id of another user", details={"field": "user_id"})


users = Resource(item=User, variable="user_id", name_field="user_id", before_write=check)


def find(workspace_id: str, user_id: str) -> User:
    """Find a user by minted id or by the caller's own identifier. Raises NotFound."""
    return User.find_either(workspace_id, user_id, "user_id")


def ensure(workspace_id: str, user_id: str) -> User:
    """Find a user, or make one. Raises InvalidInput when the identifier cannot name anyone."""
    try:
        return find(workspace_id, user_id)
    except NotFound:
        fresh = User.new(workspace_id, user_id=usable_text(user_id, "userId"))
    try:
        return fresh.insert()
    except AlreadyExists:  # another call was quicker
        return find(workspace_id, user_id)


def delete(call: Call) -> None:
    """Delete a user at once; what belongs to it follows from the queue. Raises NotFound."""
    user = users.find(call, to_change=True)
    # Sent first: a message whose user is still there does nothing, a deletion without its message would leave secrets.
    message = {"w": user.workspace_id, "kind": "user", "id": user.id, "at": clock.now_ms()}
    queue.send(CLEANUP_QUEUE, message, CLEANUP_DELAY_S)
    user.remove()

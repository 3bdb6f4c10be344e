"""Workspaces: the one a key belongs to, and those made with it."""

from __future__ import annotations

from typing import Any

from chalicelib.adapters import queue
from chalicelib.chat import access, queues
from chalicelib.chat.models import bots, workspaces
from chalicelib.chat.models.workspaces import Workspace
from chalicelib.chat.wire import PAGE, after, iso, meta
from chalicelib.core import clock
from chalicelib.core.call import Call
from chalicelib.core.errors import AlreadyExists, Forbidden, NotFound, VersionConflict
from chalicelib.storage.table import Write

_ATTEMPTS = 6
Json = dict[str, Any]


def create(call: Call) -> Json:
    """Make a workspace that the keys of the caller's own may act in."""
    made_id = call.new_id("workspace")
    item = Workspace.new(
        made_id, id=made_id, by=call.caller.key_id, name=call.body.name, maker=call.workspace_id,
        owner_id=call.caller.key_id,
    )  # fmt: skip
    try:
        item.insert([workspaces.see_write(call.workspace_id, made_id)])
    except AlreadyExists:
        if call.idempotency_key is None:
            raise
        item = Workspace.find(made_id)
    return view(item)


def list_page(call: Call) -> Json:
    """List the workspaces the caller sees, the newest first, its own among them."""
    own = ensure(call.workspace_id)
    found = [own]
    for other in workspaces.others_of(call.workspace_id):
        item = Workspace.get(other)
        if item is not None:
            found.append(item)
    found.sort(key=lambda one: (one.inserted_at, one.id), reverse=True)
    position = after(call, call.workspace_id)
    start = 0 if position is None else next((n + 1 for n, one in enumerate(found) if one.id == position), len(found))
    shown = found[start : start + PAGE]
    more = shown[-1].id if len(found) > start + PAGE else None
    return {"workspaces": [view(one) for one in shown], "meta": meta(call, call.workspace_id, more)}


def read(call: Call) -> Json:
    """Show a workspace. Raises NotFound."""
    return view(_find(call))


def update(call: Call) -> Json:
    """Change what was sent. Raises NotFound, VersionConflict."""
    for _ in range(_ATTEMPTS):
        item = _find(call)
        for name, value in call.body.fields().items():
            if value is not None:
                setattr(item, name, value)
        try:
            return view(item.save(by=call.caller.key_id))
        except VersionConflict:
            continue
    raise VersionConflict("the workspace keeps changing; try again")


def delete(call: Call) -> Json:
    """Delete a workspace that was made here, with its bots and integrations. Raises NotFound, Forbidden."""
    item = _find(call)
    if not item.maker:
        raise Forbidden("the workspace a key belongs to cannot be deleted with that key")
    message = {"goneWorkspace": item.id, "at": clock.now_ms()}
    queue.send(queues.SETUP, message, 2)
    item.remove([workspaces.stop_seeing_write(item.maker, item.id)])
    return {}


def ensure(workspace_id: str) -> Workspace:
    """Find the row of a key's own workspace, made when it is first asked for."""
    item = Workspace.get(workspace_id)
    if item is not None:
        return item
    fresh = Workspace.new(workspace_id, id=workspace_id, name=workspace_id[:64], owner_id=workspace_id)
    try:
        return fresh.insert()
    except AlreadyExists:
        return Workspace.find(workspace_id)


def is_seen(call: Call, workspace_id: str) -> bool:
    """Say whether a caller may act in a workspace."""
    return workspace_id == call.workspace_id or workspaces.may_act_in(call.workspace_id, workspace_id)


def check_writes(call: Call, workspace_id: str) -> list[Write]:
    """Give the checks that a workspace is still there, for a transaction that puts something in it."""
    return [] if workspace_id == call.workspace_id else [workspaces.exists_write(workspace_id)]


def view(item: Workspace) -> Json:
    """Render a workspace, without an envelope."""
    return {
        "id": item.id,
        "name": item.name,
        "ownerId": item.owner_id,
        "createdAt": iso(item.inserted_at),
        "updatedAt": iso(item.updated_at),
        "accountType": item.account_type,
        "blocked": item.blocked,
        "spendingLimit": item.spending_limit,
        "botCount": len(bots.bot_ids(item.id)),
    }


def _find(call: Call) -> Workspace:
    workspace_id = call.path["id"]
    access.workspace_of(call)
    if workspace_id == call.workspace_id:
        return ensure(workspace_id)
    item = Workspace.get(workspace_id) if is_seen(call, workspace_id) else None
    if item is None:
        raise NotFound("no such workspace")
    return item

"""Workspaces as the administration of bots knows them, and which of them a workspace's keys may act in."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.storage.expressions import PRESENT
from chalicelib.storage.item import Item
from chalicelib.storage.table import ConditionFailed, Key, Write
from chalicelib.storage.tables import CHAT


@dataclass(kw_only=True)
class Workspace(Item):
    """A workspace; its id is the workspace's. The one a key belongs to has a row only once it was changed."""

    TABLE, NOUN = CHAT, "workspace"
    PARTITION, SORT = "WSP", "W"

    name: str = ""
    owner_id: str = ""
    account_type: str = "free"
    blocked: bool = False
    spending_limit: float = 100
    maker: str = ""  # the workspace whose key made it; empty for a key's own


def may_act_in(workspace_id: str, other_id: str) -> bool:
    """Say whether the keys of one workspace may act in another."""
    return CHAT.get(_sight(workspace_id, other_id)) is not None


def others_of(workspace_id: str) -> list[str]:
    """List the other workspaces a workspace's keys may act in, the oldest first."""
    return [row["sk"] for row in CHAT.query_all(f"{workspace_id}#SEES")]


def see_write(workspace_id: str, other_id: str) -> Write:
    """Give the write that lets the keys of one workspace act in another."""
    return Write(CHAT, row={**_sight(workspace_id, other_id)._asdict(), "rev": 0, "doc": {}})


def stop_seeing_write(workspace_id: str, other_id: str) -> Write:
    """Give the write that ends it."""
    return Write(CHAT, key=_sight(workspace_id, other_id))


def exists_write(workspace_id: str) -> Write:
    """Give the check that a workspace made here is still there, to be put in a transaction."""
    return Write(CHAT, PRESENT, key=Workspace.key(workspace_id), is_check=True)


def drop(item: Workspace) -> bool:
    """Delete the row of a workspace; False when it is gone already."""
    try:
        CHAT.delete(item.own_key(), PRESENT)
    except ConditionFailed:
        return False
    return True


def _sight(workspace_id: str, other_id: str) -> Key:
    return Key(f"{workspace_id}#SEES", other_id)

"""Nodes: the parts of a workspace."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chalicelib.core import clock
from chalicelib.core.cache import Cached
from chalicelib.durable import due
from chalicelib.storage.expressions import Row
from chalicelib.storage.item import Item
from chalicelib.storage.tables import JOURNEYS

AGE_S = 5
DUE = "journey"  # the kind of due times of nodes and automations
_nodes: Cached[Node] = Cached(AGE_S, size=2_000)


@dataclass(kw_only=True)
class Node(Item):
    """A node. `phone_field` is the path of the profile property that holds a telephone number.

    `is_owed` says that what stood still while it was off must be set going; `gone_at` is when it was deleted (ms).
    """

    TABLE, NOUN = JOURNEYS, "node"
    PARTITION, SORT = "NODES", "node#{id}"

    name: str = ""
    workspace_uuid: str | None = None
    workspace_name: str | None = None
    portfolio_uuid: str | None = None
    portfolio_name: str | None = None
    group_pk: int | None = None
    userdb_id: int | None = None
    group_name: str | None = None
    active: bool = True
    email_active: bool = False
    sms_active: bool = False
    phone_field: str | None = None
    is_owed: bool = False
    gone_at: int = 0

    def attributes(self) -> Row:
        """Say when the node wants attention: at once, while something is owed or it is being erased."""
        if not (self.is_owed or self.gone_at):
            return {}
        now_ms = clock.now_ms()
        return due.at(DUE, self.own_key(), now_ms, now_ms).attributes


def partition(workspace_id: str, node: str) -> str:
    """Name the partition that holds a node's settings, automations and counters."""
    return f"{workspace_id}#N#{node}"


def load(workspace_id: str, node: str, *, fresh: bool = False) -> Node | None:
    """Find a node that is not deleted, at most 5 s old, or as it is now; None when there is none."""

    def read() -> Node | None:
        return Node.get(workspace_id, id=node)

    found = read() if fresh else _nodes.get((workspace_id, node), read)
    return None if found is None or found.gone_at else found


def is_on(node: Node, channel: str) -> bool:
    """Say whether `email` or `sms` is switched on, reading the node again before saying no: it may be seconds old."""
    flag = f"{channel}_active"
    if getattr(node, flag):
        return True
    newest = load(node.workspace_id, node.id, fresh=True)
    return newest is not None and bool(getattr(newest, flag))


def forget() -> None:
    """Drop what is cached: something was written in this process."""
    _nodes.forget()


def list_all(workspace_id: str) -> list[Node]:
    """Read the nodes that are not deleted, by name."""
    found = [node for node in Node.list_all(workspace_id) if not node.gone_at]
    return sorted(found, key=lambda node: (node.name.casefold(), node.id))


def parts_of(pk: str, sk: str) -> dict[str, Any]:
    """Read out of a due row's key what wants attention: workspace and node, and the automation if it is one."""
    kind, _, name = sk.partition("#")
    if kind == "node":
        return {"w": pk.removesuffix("#NODES"), "n": name}
    workspace_id, _, node = pk.partition("#N#")
    return {"w": workspace_id, "n": node, "a": name}

"""What a node adds to the standard vocabularies: event types, properties of customers, consent lists."""

from __future__ import annotations

from typing import Any

from chalicelib.journeys.models import nodes
from chalicelib.storage.table import Key
from chalicelib.storage.tables import JOURNEYS

EVENTS, PROPERTIES, SUBSCRIPTIONS = "events", "properties", "subscriptions"
KINDS = (EVENTS, PROPERTIES, SUBSCRIPTIONS)


def put(workspace_id: str, node: str, kind: str, name: str, doc: dict[str, Any]) -> None:
    """Store one definition under its name, in place of an earlier one."""
    JOURNEYS.put({**Key(partition(workspace_id, node, kind), name)._asdict(), "rev": 0, "doc": doc})


def list_all(workspace_id: str, node: str, kind: str) -> dict[str, dict[str, Any]]:
    """Read a node's own definitions of a kind by name."""
    return {row["sk"]: dict(row["doc"]) for row in JOURNEYS.query_all(partition(workspace_id, node, kind))}


def partition(workspace_id: str, node: str, kind: str) -> str:
    """Name the partition that holds definitions."""
    return f"{nodes.partition(workspace_id, node)}#D#{kind}"

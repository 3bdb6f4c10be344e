"""Actions: the operations a node offers, by its flags and connectors."""

from __future__ import annotations

from chalicelib.core.call import Call
from chalicelib.journeys import connectors, wire
from chalicelib.journeys.models.nodes import Node


def list_all(call: Call) -> list[str]:
    """List the action operations usable on the node, by name."""
    return offered(wire.node_of(call), fresh=True)


def offered(node: Node, *, fresh: bool = False) -> list[str]:
    """Say which action operations a node offers; waits, checks, splits and ends always are."""
    found = ["WEBHOOK"]
    messages = connectors.of_type(node.workspace_id, node.id, connectors.MESSAGES, fresh=fresh)
    if messages is not None and node.email_active:
        found.append("CLAB_CAMPAIGN")
    if messages is not None and node.sms_active:
        found.append("CLAB_CAMPAIGN_SMS")
    if connectors.of_type(node.workspace_id, node.id, connectors.PROFILES, fresh=fresh) is not None:
        found.append("TAG")
    return sorted(found)

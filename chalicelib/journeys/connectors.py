"""Reading a node's connectors: what its settings of each type say, secrets included where they are needed."""

from __future__ import annotations

from typing import Any

from chalicelib.credentials.public import vault
from chalicelib.journeys.models import settings as stored
from chalicelib.journeys.models.settings import Setting

Json = dict[str, Any]
MESSAGES, PROFILES = "CLAB_API_SOAP", "HUB"
MASK = "********"


def of_type(workspace_id: str, node: str, kind: str, *, fresh: bool = False) -> Setting | None:
    """Find the node's setting of a type, at most 5 s old, or None."""
    return stored.of_node(workspace_id, node, fresh=fresh).get(kind)


def secrets_of(item: Setting) -> Json:
    """Open a setting's secrets."""
    if not item.sealed:
        return {}
    return dict(vault().open_json(item.workspace_id, context(item), item.sealed))


def whole(item: Setting) -> Json:
    """Give the value of a setting with its secrets in place; never for an answer."""
    return {**item.value, **secrets_of(item)}


def context(item: Setting) -> str:
    """Say what a setting's secrets are sealed for."""
    return f"journeys|{item.node}|setting|{item.id}"

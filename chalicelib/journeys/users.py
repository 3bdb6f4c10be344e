"""The caller, as this surface speaks of users: the API key and the nodes open to it."""

from __future__ import annotations

from typing import Any

from chalicelib.core.call import Call
from chalicelib.edge.auth import ADMIN, READ, WRITE
from chalicelib.journeys import nodes

SCOPES = {READ: "flow.read", WRITE: "flow.write", ADMIN: "flow.admin"}


def read(call: Call) -> dict[str, Any]:
    """Describe the caller and the nodes open to it."""
    held = call.caller.scopes
    return {
        "base": {
            "username": call.caller.key_id,
            "lang": "en",
            "timezone": "UTC",
            "picture": None,
            "roles": ["CONFIGURATOR"] if ADMIN in held else [],
            "mc": True,
        },
        "extended": {
            "nodes": [nodes.view(node) for node in nodes.open_to(call)],
            "scopes": [shown for scope, shown in SCOPES.items() if scope in held],
        },
    }

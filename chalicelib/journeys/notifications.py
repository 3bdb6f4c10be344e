"""Where the sender of a batch wants to be told of it: sealed, for its headers may hold secrets."""

from __future__ import annotations

from typing import Any

import orjson

from chalicelib.credentials.public import vault

Json = dict[str, Any]


def seal(workspace_id: str, source: str, notification: Any) -> str:
    """Seal where to tell of a batch: its headers may hold secrets."""
    return vault().seal(workspace_id, f"journeys|batch|{source}", orjson.dumps(notification.wire()))


def unseal(workspace_id: str, source: str, sealed: str) -> Json:
    """Open where to tell of a batch."""
    return dict(orjson.loads(vault().open(workspace_id, f"journeys|batch|{source}", sealed)))

"""Page tokens: where a listing goes on, signed so that nobody can forge one or use it elsewhere.

A token is bound to workspace, route and query, and holds for an hour.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

from chalicelib.core import clock
from chalicelib.core.errors import InvalidInput

LIFETIME_S = 3600
_MAC_BYTES = 16
_secret: Callable[[], bytes] | None = None


def use(secret: Callable[[], bytes]) -> None:
    """Say where the signing secret comes from."""
    global _secret
    _secret = secret


def seal(workspace_id: str, route: str, query: str, position: Any) -> str:
    """Make the token for a position (any JSON value)."""
    body = json.dumps([clock.now_s() + LIFETIME_S, position], separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(_mac(workspace_id, route, query, body) + body).rstrip(b"=").decode()


def open_token(workspace_id: str, route: str, query: str, token: str, *, where: str = "query.cursor") -> Any:
    """Read a token's position. Raises InvalidInput for one that is forged, foreign, or older than an hour."""
    try:
        raw = base64.urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
    except ValueError as error:
        raise InvalidInput.at(where, "is not a page token", "token") from error
    mac, body = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
    if not hmac.compare_digest(mac, _mac(workspace_id, route, query, body)):
        raise InvalidInput.at(where, "is not a page token of this listing", "token")
    expires_s, position = json.loads(body)
    if expires_s < clock.now_s():
        raise InvalidInput.at(where, "has expired; start from the first page", "token")
    return position


def _mac(workspace_id: str, route: str, query: str, body: bytes) -> bytes:
    if _secret is None:
        raise RuntimeError("paging.use() was not called")
    text = json.dumps([workspace_id, route, query]).encode() + body
    return hmac.new(_secret(), b"page-token" + text, hashlib.sha256).digest()[:_MAC_BYTES]

"""Trading a key for a short-lived token."""

from __future__ import annotations

from typing import Any

from chalicelib.core.call import Call
from chalicelib.identity import public as identity


def authenticate(call: Call) -> dict[str, Any]:
    """Trade a key, by its id and its text, for a bearer token of an hour. Raises Unauthenticated."""
    token, ends_at = identity.trade_key(call.body.client_key, call.body.client_secret)
    return {"token": token, "expiresIn": ends_at}

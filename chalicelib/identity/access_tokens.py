"""Short-lived bearer tokens: an API key traded for something that may be shown around for an hour.

A token names the key it came from, not what that key may do: whoever revokes the key ends its tokens too. It is signed
with a secret of the deployment, so nobody can make one or lengthen its life.
"""

from __future__ import annotations

import base64
import hashlib
import hmac

import orjson

from chalicelib.core import clock
from chalicelib.identity import secrets

PREFIX = "mt_"
LIFE_MS = 3_600_000
_PURPOSE = "access-token"
_MAC_BYTES = 32


def issue(holder: str) -> tuple[str, int]:
    """Make a token for a key's hash and say when it ends (ms since 1970)."""
    ends_at = clock.now_ms() + LIFE_MS
    body = orjson.dumps([holder, ends_at])
    return PREFIX + base64.urlsafe_b64encode(_mac(body) + body).rstrip(b"=").decode(), ends_at


def holder_of(token: str) -> str | None:
    """Give the hash of the key a token was made from; None for one that is forged, broken or over."""
    text = token.removeprefix(PREFIX)
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError:
        return None
    mac, body = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
    if not hmac.compare_digest(mac, _mac(body)):
        return None
    holder, ends_at = orjson.loads(body)
    return str(holder) if ends_at > clock.now_ms() else None


def _mac(body: bytes) -> bytes:
    return hmac.new(secrets.deployment_secret(_PURPOSE), body, hashlib.sha256).digest()

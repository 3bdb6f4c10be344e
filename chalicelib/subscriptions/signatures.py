"""Signatures of deliveries. Source: Standard Webhooks 1.0.0, scheme v1 (HMAC-SHA256 over `id.timestamp.body`)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence

from chalicelib.core import ids

PREFIX = "whsec_"
OVERLAP_MS = 24 * 3_600_000  # a rotated secret signs along for a day
_SECRET_BYTES = 32


def new_secret() -> str:
    """Mint a signing secret: `whsec_` and 32 random bytes in base64."""
    raw = ids.secret_text(_SECRET_BYTES)
    standard = raw.translate(str.maketrans("-_", "+/"))
    return PREFIX + standard + "=" * (-len(raw) % 4)


def key_of(secret: str) -> bytes:
    """Give the bytes that sign, out of a secret's text."""
    return base64.b64decode(secret.removeprefix(PREFIX))


def sign(keys: Sequence[bytes], message_id: str, timestamp_s: int, body: bytes) -> str:
    """Sign one attempt with every key, the newest first."""
    text = f"{message_id}.{timestamp_s}.".encode() + body
    digests = (hmac.new(key, text, hashlib.sha256).digest() for key in keys)
    return " ".join("v1," + base64.b64encode(digest).decode() for digest in digests)


def headers(keys: Sequence[bytes], message_id: str, timestamp_s: int, body: bytes) -> dict[str, str]:
    """Give the three headers that go with a body."""
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp_s),
        "webhook-signature": sign(keys, message_id, timestamp_s, body),
    }

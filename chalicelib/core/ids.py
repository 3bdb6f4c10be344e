"""Identifiers: random ones for new things, derived ones for things that must be the same when made twice."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import threading
import uuid
from collections.abc import Callable

from chalicelib.core import clock

_UUID = re.compile(r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$", re.IGNORECASE)

_MOST_COUNTED = 0xFFF
_MOST_AHEAD_MS = 10_000  # a clock set back by more is believed

_random: Callable[[int], bytes] = os.urandom
_order = threading.Lock()
_last = (0, 0)


def use(source: Callable[[int], bytes] | None) -> None:
    """Replace the source of random bytes (tests); None restores the system's."""
    global _random
    _random = source or os.urandom


def new_uuid() -> str:
    """Mint a UUID version 7 (RFC 9562): sorted by creation time, 74 random bits."""
    raw = bytearray(clock.now_ms().to_bytes(6, "big") + _random(10))
    raw[6] = 0x70 | (raw[6] & 0x0F)
    raw[8] = 0x80 | (raw[8] & 0x3F)
    return _uuid_text(raw)


def new_ordered_uuid() -> str:
    """Mint a UUID version 7 that sorts after every one this process minted so before, also within a millisecond.

    62 random bits; the 12 others count within the millisecond. Source: RFC 9562, 6.2 method 1.
    """
    global _last
    with _order:
        now_ms = clock.now_ms()
        at_ms, count = _last
        if now_ms > at_ms or at_ms - now_ms > _MOST_AHEAD_MS:
            at_ms, count = now_ms, 0
        elif count == _MOST_COUNTED:
            at_ms, count = at_ms + 1, 0
        else:
            count += 1
        _last = at_ms, count
    raw = bytearray(at_ms.to_bytes(6, "big") + (0x7000 | count).to_bytes(2, "big") + _random(8))
    raw[8] = 0x80 | (raw[8] & 0x3F)
    return _uuid_text(raw)


def uuid_floor(at_ms: int) -> str:
    """Give the text that sorts before every UUID version 7 minted at a time or later, and after all earlier ones."""
    digits = max(0, at_ms).to_bytes(6, "big").hex()
    return f"{digits[:8]}-{digits[8:]}"


def minted_at(text: str) -> int:
    """Tell when a UUID version 7 was minted, in milliseconds since 1970; 0 for what is none."""
    return int(text[:8] + text[9:13], 16) if is_uuid(text) else 0


def is_uuid(text: str) -> bool:
    """Say whether a text has the form of a UUID."""
    return _UUID.match(text) is not None


def derived_id(workspace_id: str, kind: str, parent: str, key: str) -> str:
    """Derive the id of a thing from what makes it unique, so that a repeat meets the same item.

    26 characters of base32, lower case. The parts are length-prefixed so that no two lists of parts collide.
    Source: docs/ARCHITECTURE.md, rule R4.
    """
    text = "|".join(f"{len(part)}:{part}" for part in (workspace_id, kind, parent, key))
    digest = hashlib.sha256(text.encode()).digest()
    return base64.b32encode(digest[:20])[:26].decode().lower()


def derived_uuid(workspace_id: str, kind: str, parent: str, key: str) -> str:
    """Derive an id in UUID form (version 8), where a surface shows UUIDs. Otherwise as derived_id."""
    text = "|".join(f"{len(part)}:{part}" for part in (workspace_id, kind, parent, key))
    raw = bytearray(hashlib.sha256(text.encode()).digest()[:16])
    raw[6] = 0x80 | (raw[6] & 0x0F)
    raw[8] = 0x80 | (raw[8] & 0x3F)
    return _uuid_text(raw)


def _uuid_text(raw: bytes | bytearray) -> str:
    digits = raw.hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def derived_uuid_at(at_ms: int, workspace_id: str, kind: str, parent: str, key: str) -> str:
    """Derive an id in UUID form (version 7) that sorts as one minted at a time. Otherwise as derived_id."""
    raw = bytearray(uuid.UUID(derived_uuid(workspace_id, kind, parent, key)).bytes)
    raw[:6] = at_ms.to_bytes(6, "big")
    raw[6] = 0x70 | (raw[6] & 0x0F)
    return _uuid_text(raw)


def secret_text(size_bytes: int = 32) -> str:
    """Mint an unguessable text for keys and URLs: base64url without padding."""
    return base64.urlsafe_b64encode(_random(size_bytes)).rstrip(b"=").decode()


def new_worker_id() -> str:
    """Name one invocation that takes leases; no two are equal."""
    return secret_text(9)

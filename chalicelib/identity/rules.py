"""Decisions about keys and scopes, without I/O."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable

from chalicelib.core.errors import Forbidden

KEY_PREFIX = "mk_"
DEFAULT_OVERLAP_S = 86_400
MAX_OVERLAP_S = 30 * 86_400
_KEY = re.compile(r"mk_[A-Za-z0-9_-]{43}")


def is_key(text: str) -> bool:
    """Say whether a text has the form of a key, so that nothing else costs a read."""
    return _KEY.fullmatch(text) is not None


def hash_of(pepper: bytes, text: str) -> str:
    """Hash a key for storage: useless without the pepper."""
    return hmac.new(pepper, text.encode(), hashlib.sha256).hexdigest()


def check_grant(granting: Iterable[str], granted: Iterable[str]) -> None:
    """Refuse to hand out scopes the caller's own key lacks. Raises Forbidden."""
    missing = sorted(set(granted) - set(granting))
    if missing:
        raise Forbidden(f"your API key cannot hand out what it lacks: {', '.join(missing)}")


def after_rotation(hashes: dict[str, int], new_hash: str, ends_at: int, expires_at: int, now_ms: int) -> dict[str, int]:
    """Say which hashes open after a rotation: the new one, and each old one until its end or the overlap's."""
    kept = {}
    for hashed, old_end in hashes.items():
        end = min(old_end or ends_at, ends_at)
        if end > now_ms:
            kept[hashed] = end
    return {**kept, new_hash: expires_at}

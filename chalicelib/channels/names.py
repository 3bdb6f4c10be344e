"""Identifiers of this context: 24 hexadecimal digits, the first eleven of them the time in milliseconds."""

from __future__ import annotations

import hashlib
import re

from chalicelib.core import clock, ids
from chalicelib.core.call import Call

_TIME_DIGITS, _DIGITS = 11, 24
_ID = re.compile(r"[0-9a-f]{24}")
_NOT_IN_SLUG = re.compile(r"[^a-z0-9]+")


def new_id(call: Call | None = None, kind: str = "") -> str:
    """Mint an id; a call that is repeated under its idempotency key gets the same again."""
    if call is not None and call.idempotency_key is not None:
        begun = str(call.begun_ms)  # a day later the same key is another call
        return derived_id(call.begun_ms, call.workspace_id, kind, call.operation, call.idempotency_key, begun)
    return derived_id(clock.now_ms(), ids.new_uuid())


def derived_id(at_ms: int, *parts: str) -> str:
    """Derive an id from a time and what makes the thing unique."""
    return f"{at_ms:011x}" + _digest(*parts)[: _DIGITS - _TIME_DIGITS]


def environment_id(workspace_id: str) -> str:
    """Give the id under which callers know a workspace as an environment."""
    return _digest("environment", workspace_id)[:_DIGITS]


def organization_id(workspace_id: str) -> str:
    """Give the id under which callers know the owner of a workspace."""
    return _digest("organization", workspace_id)[:_DIGITS]


def is_id(text: str) -> bool:
    """Say whether a text has the form of an id."""
    return _ID.fullmatch(text) is not None


def time_of(identifier: str) -> int:
    """Read the time out of an id, in milliseconds; 0 when it has none."""
    return int(identifier[:_TIME_DIGITS], 16) if is_id(identifier) else 0


def slug(text: str) -> str:
    """Spell a name as an identifier: lower case, hyphens between words."""
    return _NOT_IN_SLUG.sub("-", text.lower()).strip("-")[:100] or "unnamed"


def short(identifier: str) -> str:
    """Give the end of an id, to make an identifier unique."""
    return identifier[-9:]


def hash_of(*parts: str) -> str:
    """Give a short name for a list of texts."""
    return _digest(*parts)[:26]


def _digest(*parts: str) -> str:
    return hashlib.sha256("|".join(f"{len(part)}:{part}" for part in parts).encode()).hexdigest()

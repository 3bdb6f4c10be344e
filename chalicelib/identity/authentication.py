"""Whom an API key stands for: the question every request begins with."""

from __future__ import annotations

from typing import Any

from chalicelib.core import clock
from chalicelib.core.cache import Cached
from chalicelib.core.call import Caller
from chalicelib.core.config import settings
from chalicelib.core.errors import Unauthenticated
from chalicelib.edge.auth import SCOPES
from chalicelib.identity import access_tokens, models, rules, secrets

PURPOSE = "api-key-pepper"
_DEV = "dev:"
_known: Cached[dict[str, Any]] = Cached(age_s=30)


def authenticate(text: str) -> Caller | None:
    """Tell whom a key, or a token made from one, stands for, or None; a revoked key may pass for 30 s more."""
    if text.startswith(access_tokens.PREFIX):
        holder = access_tokens.holder_of(text)
        return None if holder is None else _caller(holder)
    holder = _holder(text)
    return None if holder is None else _caller(holder)


def trade(key_id: str, text: str) -> tuple[str, int]:
    """Trade a key, shown with its id, for a token; give it and when it ends (ms). Raises Unauthenticated."""
    holder = _holder(text)
    caller = None if holder is None else _caller(holder)
    if holder is None or caller is None or caller.key_id != key_id:
        raise Unauthenticated("this key and secret are not known")
    return access_tokens.issue(holder)


def _holder(text: str) -> str | None:
    """Name whose key this is: by its hash, or by its workspace where the settings give the key."""
    workspace_id = settings().dev_keys.get(text)
    if workspace_id is not None:
        return _DEV + workspace_id
    return hash_of(text) if rules.is_key(text) else None


def _caller(holder: str) -> Caller | None:
    if holder.startswith(_DEV):
        workspace_id = holder.removeprefix(_DEV)
        return Caller(workspace_id, holder, SCOPES) if workspace_id in settings().dev_keys.values() else None
    doc = _known.get(holder, lambda: models.get_key(holder))
    if doc is None or 0 < doc["ends_at"] <= clock.now_ms():
        return None
    return Caller(doc["w"], doc["id"], frozenset(doc["scopes"]), doc.get("s", ""), doc.get("l", {}))


def hash_of(text: str) -> str:
    """Hash a key as it is stored."""
    return rules.hash_of(secrets.deployment_secret(PURPOSE), text)


def forget() -> None:
    """Drop what is cached: a key changed in this process."""
    _known.forget()

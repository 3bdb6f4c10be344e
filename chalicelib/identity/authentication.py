"""Whom an API key stands for: the question every request begins with."""

from __future__ import annotations

from typing import Any

from chalicelib.core import clock
from chalicelib.core.cache import Cached
from chalicelib.core.call import Caller
from chalicelib.core.config import settings
from chalicelib.edge.auth import SCOPES
from chalicelib.identity import models, rules, secrets

PURPOSE = "api-key-pepper"
_known: Cached[dict[str, Any]] = Cached(age_s=30)


def authenticate(text: str) -> Caller | None:
    """Tell whom a key stands for, or None; a revoked key may pass for 30 s more."""
    workspace_id = settings().dev_keys.get(text)
    if workspace_id is not None:
        return Caller(workspace_id, f"dev:{workspace_id}", SCOPES)
    if not rules.is_key(text):
        return None
    hashed = hash_of(text)
    doc = _known.get(hashed, lambda: models.get_key(hashed))
    if doc is None or 0 < doc["ends_at"] <= clock.now_ms():
        return None
    return Caller(doc["w"], doc["id"], frozenset(doc["scopes"]))


def hash_of(text: str) -> str:
    """Hash a key as it is stored."""
    return rules.hash_of(secrets.deployment_secret(PURPOSE), text)


def forget() -> None:
    """Drop what is cached: a key changed in this process."""
    _known.forget()

"""API keys: who they stand for, and their making, rotating and revoking."""

from __future__ import annotations

from typing import Any

from chalicelib.core import clock, ids
from chalicelib.core.cache import Cached
from chalicelib.core.call import Call, Caller
from chalicelib.core.config import settings
from chalicelib.core.errors import AlreadyExists
from chalicelib.edge.auth import SCOPES
from chalicelib.identity import rules, secrets
from chalicelib.identity.models import ApiKey, directory_writes, get_key
from chalicelib.identity.schemas import KeyOut

PURPOSE = "api-key-pepper"
_known: Cached[dict[str, Any]] = Cached(age_s=30)


def authenticate(text: str) -> Caller | None:
    """Tell whom a key stands for, or None; a revoked key may pass for 30 s more."""
    workspace_id = settings().dev_keys.get(text)
    if workspace_id is not None:
        return Caller(workspace_id, f"dev:{workspace_id}", SCOPES)
    if not rules.is_key(text):
        return None
    hashed = rules.hash_of(secrets.deployment_secret(PURPOSE), text)
    doc = _known.get(hashed, lambda: get_key(hashed))
    if doc is None or 0 < doc["ends_at"] <= clock.now_ms():
        return None
    return Caller(doc["w"], doc["id"], frozenset(doc["scopes"]))


def create(call: Call) -> dict[str, Any]:
    """Make a key and show it, this once. Raises Forbidden for scopes the caller lacks."""
    rules.check_grant(call.caller.scopes, call.body.scopes)
    text, hashed = _new_key()
    expires_at = clock.now_ms() + call.body.expires_in_s * 1000 if call.body.expires_in_s else 0
    api_key = ApiKey.new(
        call.workspace_id,
        id=call.new_id("key"),
        by=call.caller.key_id,
        name=call.body.name,
        last4=text[-4:],
        scopes=sorted(call.body.scopes),
        expires_at=expires_at,
        hashes={hashed: expires_at},
    )
    try:
        api_key.insert(directory_writes(api_key, {}))
    except AlreadyExists:  # a repeat of a request whose answer was lost: that key was never seen by anyone
        return rotate_key(ApiKey.find(call.workspace_id, id=api_key.id), overlap_s=0)
    return {**KeyOut.of(api_key), "key": text}


def list_keys(call: Call) -> list[ApiKey]:
    """List the workspace's keys, which have no secrets to show."""
    return ApiKey.list_all(call.workspace_id)


def rotate(call: Call) -> dict[str, Any]:
    """Give a key a new text and show it, this once; the old one opens for the overlap. Raises NotFound, Forbidden."""
    api_key = ApiKey.find(call.workspace_id, id=call.path["key_id"])
    rules.check_grant(call.caller.scopes, api_key.scopes)
    return rotate_key(api_key, call.body.overlap_s)


def rotate_key(api_key: ApiKey, overlap_s: int) -> dict[str, Any]:
    """Replace the text of a key. Raises VersionConflict when it is rotated twice at once."""
    now_ms, before = clock.now_ms(), dict(api_key.hashes)
    text, hashed = _new_key()
    ends_at = now_ms + overlap_s * 1000
    api_key.hashes = rules.after_rotation(before, hashed, ends_at, api_key.expires_at, now_ms)
    api_key.last4 = text[-4:]
    api_key.save(also=directory_writes(api_key, before))
    _known.forget()
    return {**KeyOut.of(api_key), "key": text}


def revoke(call: Call) -> None:
    """End a key in every text it has. Raises NotFound."""
    api_key = ApiKey.find(call.workspace_id, id=call.path["key_id"])
    before, api_key.hashes = api_key.hashes, {}
    api_key.remove(directory_writes(api_key, before))
    _known.forget()


def _new_key() -> tuple[str, str]:
    text = rules.KEY_PREFIX + ids.secret_text(32)
    return text, rules.hash_of(secrets.deployment_secret(PURPOSE), text)

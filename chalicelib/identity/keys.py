"""API keys: their making, listing, rotating and revoking."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from chalicelib.core import clock, ids
from chalicelib.core.call import Call
from chalicelib.core.errors import AlreadyExists, NotFound
from chalicelib.identity import authentication, rules
from chalicelib.identity.models import ApiKey, directory_writes


def create(call: Call) -> dict[str, Any]:
    """Make a key and show it, this once. Raises Forbidden for scopes the caller lacks."""
    rules.check_grant(call.caller.scopes, call.body.scopes)
    expires_at = clock.now_ms() + call.body.expires_in_s * 1000 if call.body.expires_in_s else 0
    try:
        api_key, text = make(
            call.workspace_id,
            call.new_id("key"),
            by=call.caller.key_id,
            name=call.body.name,
            scopes=sorted(call.body.scopes),
            limits=dict(call.body.limits),
            expires_at=expires_at,
        )
    except AlreadyExists:  # a repeat of a request whose answer was lost: that key was never seen by anyone
        return rotate_key(ApiKey.find(call.workspace_id, id=call.new_id("key")), overlap_s=0)
    return _shown(api_key, text)


def make(workspace_id: str, key_id: str, *, by: str, expires_at: int = 0, **fields: Any) -> tuple[ApiKey, str]:
    """Store a new key; give it and its text, which nobody sees again. Raises AlreadyExists when the id is taken."""
    text, hashed = _new_key()
    api_key = ApiKey.new(
        workspace_id,
        id=key_id,
        by=by,
        last4=text[-4:],
        expires_at=expires_at,
        hashes={hashed: expires_at},
        **fields,
    )
    api_key.insert(directory_writes(api_key, {}))
    return api_key, text


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
    authentication.forget()
    return _shown(api_key, text)


def revoke(call: Call) -> None:
    """End a key in every text it has. Raises NotFound."""
    _end(ApiKey.find(call.workspace_id, id=call.path["key_id"]))


def revoke_of(workspace_id: str, subject: str) -> None:
    """End every key that was made for a bot or an integration."""
    for api_key in ApiKey.list_all(workspace_id):
        if api_key.subject == subject:
            with suppress(NotFound):  # somebody else was revoking it
                _end(api_key)


def _end(api_key: ApiKey) -> None:
    before, api_key.hashes = api_key.hashes, {}
    api_key.remove(directory_writes(api_key, before))
    authentication.forget()


def _new_key() -> tuple[str, str]:
    text = rules.KEY_PREFIX + ids.secret_text(32)
    return text, authentication.hash_of(text)


def _shown(api_key: ApiKey, text: str) -> dict[str, Any]:
    from chalicelib.identity.schemas import KeyOut  # heavy: workers reach this module

    return {**KeyOut.of(api_key), "key": text}

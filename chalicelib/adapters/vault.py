"""Secrets at rest: AES-256-GCM under a data key of the workspace, bound to the workspace and to a purpose.

A sealed value is a text, `v1.<data key id>.<base64url of nonce, ciphertext and tag>`. The context names the place it
belongs to (`token|<id>|accessToken`): a sealed value moved to another place or another workspace does not open.
"""

from __future__ import annotations

import base64
import json
import os
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any, Protocol

from chalicelib.adapters.keys import NONCE_BYTES, KeyProvider, WrongKey
from chalicelib.core import clock
from chalicelib.core.errors import PlatformError

CACHE_MS = 300_000
CACHE_SIZE = 1_000
_VERSION = "v1"


class SealBroken(PlatformError):
    """A sealed value does not open: damaged, moved to another place, or its key is gone."""


@dataclass(frozen=True)
class WrappedKey:
    """A data key as it is stored. Ids are six digits counting from 000001; the highest one is the current key."""

    data_key_id: str
    wrapped: bytes = field(repr=False)
    key_id: str
    created_at_ms: int


class KeyStore(Protocol):
    """Where wrapped data keys are kept, a few for each workspace."""

    def load(self, workspace_id: str, data_key_id: str | None) -> WrappedKey | None:
        """Find a key by id; None asks for the one with the highest id."""

    def add(self, workspace_id: str, key: WrappedKey) -> WrappedKey:
        """Store a key unless its id is taken; return what is stored under that id then."""


class Vault:
    """Seals and opens the secrets of all workspaces. Plain data keys stay in memory for five minutes, at most 1,000."""

    def __init__(self, provider: KeyProvider, store: KeyStore) -> None:
        self._provider = provider
        self._store = store
        self._cache: OrderedDict[tuple[str, str], tuple[int, str, Any]] = OrderedDict()
        self._lock = threading.Lock()

    def seal(self, workspace_id: str, context: str, plaintext: bytes | str | dict[str, Any]) -> str:
        """Turn a secret into a text that only this workspace and context open. Raises Unavailable."""
        data_key_id, cipher = self._key(workspace_id, None)
        nonce = os.urandom(NONCE_BYTES)
        sealed = nonce + cipher.encrypt(nonce, _bytes(plaintext), _bound(workspace_id, context, data_key_id))
        return f"{_VERSION}.{data_key_id}.{base64.urlsafe_b64encode(sealed).rstrip(b'=').decode()}"

    def open(self, workspace_id: str, context: str, sealed: str) -> bytes:
        """Give the secret back. Raises SealBroken, Unavailable."""
        from cryptography.exceptions import InvalidTag  # heavy

        version, _, rest = sealed.partition(".")
        data_key_id, _, text = rest.partition(".")
        if version != _VERSION or not data_key_id or not text:
            raise SealBroken("This is not a sealed value")
        _, cipher = self._key(workspace_id, data_key_id)
        try:
            raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
            return bytes(
                cipher.decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], _bound(workspace_id, context, data_key_id))
            )
        except (InvalidTag, ValueError) as error:
            raise SealBroken("A sealed value was changed, or belongs to another place") from error

    def open_json(self, workspace_id: str, context: str, sealed: str) -> Any:
        """Give a sealed dict back. Raises SealBroken, Unavailable."""
        return json.loads(self.open(workspace_id, context, sealed))

    def rotate(self, workspace_id: str) -> str:
        """Make a new current data key and return its id; old values still open.

        Other processes seal with the old key until theirs leaves the cache, five minutes at most.
        """
        current = self._store.load(workspace_id, None)
        return self._make(workspace_id, int(current.data_key_id) + 1 if current else 1)[0]

    def forget(self) -> None:
        """Drop all plain data keys from memory."""
        with self._lock:
            self._cache.clear()

    def _key(self, workspace_id: str, data_key_id: str | None) -> tuple[str, Any]:
        """Find a data key, None meaning the current one, which is made when there is none."""
        slot, now_ms = (workspace_id, data_key_id or ""), clock.now_ms()
        with self._lock:
            known = self._cache.get(slot)
            if known and 0 <= now_ms - known[0] < CACHE_MS:
                self._cache.move_to_end(slot)
                return known[1], known[2]
        stored = self._store.load(workspace_id, data_key_id)
        if stored is None and data_key_id is not None:
            raise SealBroken("The data key of a sealed value is gone")
        if stored is None:
            return self._make(workspace_id, 1)
        return self._keep(workspace_id, stored, is_current=data_key_id is None)

    def _make(self, workspace_id: str, number: int) -> tuple[str, Any]:
        fresh = self._provider.new_data_key(workspace_id)
        key = WrappedKey(f"{number:06d}", fresh.wrapped, fresh.key_id, clock.now_ms())
        return self._keep(workspace_id, self._store.add(workspace_id, key), is_current=True)

    def _keep(self, workspace_id: str, key: WrappedKey, *, is_current: bool) -> tuple[str, Any]:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # heavy

        try:
            cipher = AESGCM(self._provider.unwrap(workspace_id, key.wrapped, key.key_id))
        except WrongKey as error:
            raise SealBroken("The master key does not open this workspace's data key") from error
        entry = (clock.now_ms(), key.data_key_id, cipher)
        with self._lock:
            for name in {key.data_key_id, ""} if is_current else {key.data_key_id}:
                self._cache[workspace_id, name] = entry
                self._cache.move_to_end((workspace_id, name))
            while len(self._cache) > CACHE_SIZE:
                self._cache.popitem(last=False)
        return key.data_key_id, cipher


def _bytes(plaintext: bytes | str | dict[str, Any]) -> bytes:
    if isinstance(plaintext, bytes):
        return plaintext
    text = plaintext if isinstance(plaintext, str) else json.dumps(plaintext, separators=(",", ":"), allow_nan=False)
    return text.encode()


def _bound(workspace_id: str, context: str, data_key_id: str) -> bytes:
    """Join what a value is bound to; lengths first, so that no two lists of parts give the same bytes."""
    return "|".join(f"{len(part)}:{part}" for part in (_VERSION, workspace_id, context, data_key_id)).encode()

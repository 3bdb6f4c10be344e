"""A key provider and a key store in memory."""

from __future__ import annotations

import os

from chalicelib.adapters.keys import DataKey, WrongKey
from chalicelib.adapters.vault import WrappedKey


class MemoryKeys:
    """Wraps by remembering; counts its calls."""

    def __init__(self) -> None:
        self.made: dict[tuple[str, bytes], bytes] = {}
        self.calls = 0

    def new_data_key(self, workspace_id: str) -> DataKey:
        """Make a data key."""
        self.calls += 1
        wrapped, plain = os.urandom(16), os.urandom(32)
        self.made[workspace_id, wrapped] = plain
        return DataKey(plain, wrapped, "memory")

    def unwrap(self, workspace_id: str, wrapped: bytes, key_id: str) -> bytes:
        """Give it back. Raises WrongKey."""
        self.calls += 1
        if key_id != "memory" or (workspace_id, wrapped) not in self.made:
            raise WrongKey("unknown")
        return self.made[workspace_id, wrapped]


class MemoryKeyStore:
    """Keeps wrapped keys; counts its calls."""

    def __init__(self) -> None:
        self.kept: dict[str, dict[str, WrappedKey]] = {}
        self.calls = 0

    def load(self, workspace_id: str, data_key_id: str | None) -> WrappedKey | None:
        """Find a key; None asks for the highest."""
        self.calls += 1
        keys = self.kept.get(workspace_id, {})
        return keys.get(data_key_id or max(keys, default=""))

    def add(self, workspace_id: str, key: WrappedKey) -> WrappedKey:
        """Store a key unless its id is taken."""
        self.calls += 1
        return self.kept.setdefault(workspace_id, {}).setdefault(key.data_key_id, key)

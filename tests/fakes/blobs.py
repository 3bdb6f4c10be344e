"""Big values in memory."""

from __future__ import annotations

import hashlib

from chalicelib.adapters.blobs import checked, key_of
from chalicelib.core.errors import NotFound


class MemoryBlobs:
    """A store of big values that forgets with the process."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def put(self, workspace_id: str, data: bytes) -> str:
        """Store a value."""
        sha256 = hashlib.sha256(data).hexdigest()
        self.kept[key_of(workspace_id, sha256)] = data
        return sha256

    def get(self, workspace_id: str, sha256: str) -> bytes:
        """Give a value back. Raises NotFound."""
        key = key_of(workspace_id, sha256)
        if key not in self.kept:
            raise NotFound("There is no such value")
        return checked(self.kept[key], sha256)

    def delete(self, workspace_id: str, sha256: str) -> None:
        """Remove a value."""
        self.kept.pop(key_of(workspace_id, sha256), None)

    def address(self, workspace_id: str, sha256: str, seconds: int, name: str, kind: str) -> str | None:
        """Values in memory have no address."""
        return None

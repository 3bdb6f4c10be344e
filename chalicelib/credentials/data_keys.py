"""The vault's data keys, wrapped, one row each."""

from __future__ import annotations

import base64

from chalicelib.adapters.vault import WrappedKey
from chalicelib.credentials import models
from chalicelib.storage.expressions import Row


class DataKeys:
    """Where the vault keeps its data keys."""

    def load(self, workspace_id: str, data_key_id: str | None) -> WrappedKey | None:
        """Find a key by id; None asks for the one with the highest id."""
        if data_key_id is None:
            row = models.newest_data_key(workspace_id)
        else:
            row = models.get_data_key(workspace_id, data_key_id)
        return None if row is None else _read(row)

    def add(self, workspace_id: str, key: WrappedKey) -> WrappedKey:
        """Store a key unless its id is taken; give what stands there then."""
        wrapped = base64.b64encode(key.wrapped).decode()
        doc = {"wrapped": wrapped, "key_id": key.key_id, "created_at_ms": key.created_at_ms}
        return _read(models.put_data_key(workspace_id, key.data_key_id, doc))


def _read(row: Row) -> WrappedKey:
    doc = row["doc"]
    return WrappedKey(row["sk"], base64.b64decode(doc["wrapped"]), doc["key_id"], doc["created_at_ms"])

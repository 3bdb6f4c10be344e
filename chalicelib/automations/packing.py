"""Records on their way to the table and back: short JSON, big outputs in the store of big values, secrets sealed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import orjson

from chalicelib.adapters import blobs
from chalicelib.automations import models
from chalicelib.automations.rules.journal import Journal, Record
from chalicelib.core.errors import NotFound
from chalicelib.credentials import public as credentials
from chalicelib.storage.expressions import Row

INLINE_BYTES = 32_000


def pack(workspace_id: str, records: Sequence[Record], now_ms: int) -> str:
    """Render what one transition adds to the journal."""
    return orjson.dumps({"t": now_ms, "r": [_lean(workspace_id, record).stored() for record in records]}).decode()


def pack_value(workspace_id: str, value: Any) -> dict[str, Any]:
    """Render one value: as it is, or where it lies."""
    text = orjson.dumps(value)
    return {"v": value} if len(text) <= INLINE_BYTES else {"h": blobs.blobs().put(workspace_id, text)}


def unpack_value(workspace_id: str, packed: dict[str, Any] | None) -> Any:
    """Read a value back."""
    if packed is None:
        return None
    if "h" in packed:
        return orjson.loads(blobs.blobs().get(workspace_id, packed["h"]))
    return packed.get("v")


def journal_of(workspace_id: str, execution: str, row: Row) -> Journal:
    """Read the whole journal of an execution: its pages, then what its row holds."""
    texts: dict[int, str] = {}
    if row.get("pages"):
        known = {tuple(span) for span in row["pages"]}
        for page in models.pages(workspace_id, execution):
            first, _, last = page["sk"][2:].partition("-")
            if (int(first), int(last)) in known:
                texts |= {int(seq): text for seq, text in page["doc"]["memo"].items()}
    texts |= {int(seq): text for seq, text in row["memo"].items()}
    journal = Journal(row["at"])
    for seq in sorted(texts):
        entry = orjson.loads(texts[seq])
        journal.now = entry["t"]
        for stored in entry["r"]:
            journal.add(Record.of(stored))
    return journal


def seal(workspace_id: str, execution: str, address: str, value: Any) -> str:
    """Seal an output that holds a secret."""
    return credentials.vault().seal(workspace_id, f"execution|{execution}|{address}", orjson.dumps(value))


class Loader:
    """Gives the outputs of records, each fetched once."""

    def __init__(self, workspace_id: str, execution: str) -> None:
        self._workspace_id, self._execution = workspace_id, execution
        self._known: dict[str, Any] = {}

    def __call__(self, record: Record) -> Any:
        """Give a step's output."""
        if record.blob is None and record.sealed is None:
            return record.output
        name = record.sealed or record.blob or ""
        if name not in self._known:
            self._known[name] = self._fetch(record)
        return self._known[name]

    def _fetch(self, record: Record) -> Any:
        if record.sealed is not None:
            context = f"execution|{self._execution}|{record.address}"
            return orjson.loads(credentials.vault().open(self._workspace_id, context, record.sealed))
        if record.blob is None:
            raise NotFound("no output is kept")
        return orjson.loads(blobs.blobs().get(self._workspace_id, record.blob))


def _lean(workspace_id: str, record: Record) -> Record:
    if record.output is None:
        return record
    text = orjson.dumps(record.output)
    if len(text) <= INLINE_BYTES:
        return record
    return replace(record, output=None, blob=blobs.blobs().put(workspace_id, text))

"""Records on their way to the table and back: short JSON, big outputs in the store of big values, secrets sealed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import orjson

from chalicelib.adapters import blobs
from chalicelib.automations import models
from chalicelib.automations.rules.journal import Journal, Record
from chalicelib.core.errors import NotFound
from chalicelib.core.redaction import MIN_SECRET_CHARS, Redactor
from chalicelib.credentials import public as credentials
from chalicelib.storage.expressions import Row

INLINE_BYTES = 32_000
ENTRY_BYTES = 64_000  # a row may have 400 KB, and what ten steps side by side produced is one entry
_APART = "@"  # before the name of what lies in the store of big values; neither JSON nor what is sealed begins so
WHOLE = "*"  # what is sealed of an execution that belongs to none of its steps


def pack(records: Sequence[Record], now_ms: int, load: Loader) -> str:
    """Render what one transition adds to the journal; what holds a secret that `load` knows is sealed or masked."""
    text = orjson.dumps({"t": now_ms, "r": [_lean(record, load).stored() for record in records]}).decode()
    return _apart(load.workspace_id, text, ENTRY_BYTES)


def pack_value(workspace_id: str, value: Any, execution: str = "", secrets: Iterable[str] = ()) -> dict[str, Any]:
    """Render one value: as text, where it lies, or sealed because it holds one of the secrets.

    As text, because an attribute of the table cannot hold every number that JSON can.
    """
    text = orjson.dumps(value)
    held = _held(text, secrets)
    if held:
        return {"y": _apart(workspace_id, _seal(workspace_id, execution, WHOLE, value, held), INLINE_BYTES)}
    return {"j": text.decode()} if len(text) <= INLINE_BYTES else {"h": blobs.blobs().put(workspace_id, text)}


def unpack_value(workspace_id: str, packed: dict[str, Any] | None, execution: str = "") -> Any:
    """Read a value back."""
    return Loader(workspace_id, execution).value(packed)


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
        entry = orjson.loads(_whole(workspace_id, texts[seq]))
        journal.now = entry["t"]
        for stored in entry["r"]:
            journal.add(Record.of(stored))
    return journal


def size_of(texts: Iterable[str]) -> int:
    """Say how many bytes texts take in a row; a character may be four of them."""
    return sum(len(text.encode()) for text in texts)


def _apart(workspace_id: str, text: str, most: int) -> str:
    """Give a text, or where it lies when it is longer than that."""
    data = text.encode()
    return text if len(data) <= most else _APART + blobs.blobs().put(workspace_id, data)


def _whole(workspace_id: str, text: str) -> str:
    if not text.startswith(_APART):
        return text
    return blobs.blobs().get(workspace_id, text.removeprefix(_APART)).decode()


def _seal(workspace_id: str, execution: str, address: str, value: Any, secrets: Iterable[str]) -> str:
    text = orjson.dumps({"o": value, "s": list(secrets)})
    return credentials.vault().seal(workspace_id, f"execution|{execution}|{address}", text)


def _held(text: bytes, secrets: Iterable[str]) -> list[str]:
    return [one for one in secrets if len(one) >= MIN_SECRET_CHARS and orjson.dumps(one)[1:-1] in text]


class Loader:
    """Gives the outputs of records, each fetched once. `secrets` are those in what was read or noted so far."""

    def __init__(self, workspace_id: str, execution: str) -> None:
        self.workspace_id, self.execution = workspace_id, execution
        self.secrets: set[str] = set()
        self._known: dict[str, Any] = {}

    def value(self, packed: dict[str, Any] | None) -> Any:
        """Read a packed value."""
        if packed is None:
            return None
        if "y" in packed:
            return self._opened(WHOLE, _whole(self.workspace_id, packed["y"]))
        if "h" in packed:
            return orjson.loads(blobs.blobs().get(self.workspace_id, packed["h"]))
        return orjson.loads(packed["j"]) if "j" in packed else packed["v"]  # as it was written by earlier releases

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
            return self._opened(record.address, record.sealed)
        if record.blob is None:
            raise NotFound("no output is kept")
        return orjson.loads(blobs.blobs().get(self.workspace_id, record.blob))

    def _opened(self, address: str, sealed: str) -> Any:
        context = f"execution|{self.execution}|{address}"
        found = orjson.loads(credentials.vault().open(self.workspace_id, context, sealed))
        self.secrets |= set(found["s"])
        return found["o"]


def _lean(record: Record, load: Loader) -> Record:
    if load.secrets:
        hide = Redactor(load.secrets)
        shown = record.shown if record.kind == "waitForEvent" else hide.value(record.shown)  # it is matched by this
        record = replace(record, shown=shown, error=hide.value(record.error), logs=hide.value(record.logs))
    if record.output is None:
        return record
    text = orjson.dumps(record.output)
    held = _held(text, load.secrets)
    if held:
        sealed = _seal(load.workspace_id, load.execution, record.address, record.output, held)
        return replace(record, output=None, sealed=sealed)
    if len(text) <= INLINE_BYTES:
        return record
    return replace(record, output=None, blob=blobs.blobs().put(load.workspace_id, text))

"""Events as they are kept: each once under its transaction id, large ones in the store of big values."""

from __future__ import annotations

from typing import Any

import orjson

from chalicelib.adapters import blobs
from chalicelib.channels.models.runs import event_key, put_event
from chalicelib.core import clock
from chalicelib.core.cache import Cached
from chalicelib.core.errors import PlatformError
from chalicelib.storage.expressions import Row
from chalicelib.storage.tables import CHANNELS

INLINE_BYTES = 100_000
MAX_DIGEST_BYTES = 8_000_000
_BATCH = 100
Event = dict[str, Any]
_small: Cached[Event] = Cached(age_s=60, size=500)
_large: Cached[Event] = Cached(age_s=60, size=8)  # some carry megabytes of files


def store(workspace_id: str, event: Event) -> None:
    """Store an event. Under a transaction id that was used before nothing is stored: the first one counts."""
    row: Row = {**event_key(workspace_id, event["tx"])._asdict(), "rev": 0}
    text = orjson.dumps(event)
    if len(text) > INLINE_BYTES:
        row |= {"blob": blobs.blobs().put(workspace_id, text)}
    else:
        row["doc"] = event
    put_event(row, clock.now_s())


def load(workspace_id: str, transaction_id: str) -> Event | None:
    """Read an event, or None; it never changes, so it is kept in this process for a while."""
    key = event_key(workspace_id, transaction_id)
    event = _large.get(key, lambda: None) or _small.get(key, lambda: _inline(CHANNELS.get(key)))
    return event or _large.get(key, lambda: _read(CHANNELS.get(key)))


def payloads(workspace_id: str, transaction_ids: list[str]) -> list[dict[str, Any]]:
    """Read the payloads of events in this order; of those beyond 8 MB together, or gone, only that they were."""
    found: list[dict[str, Any]] = []
    left = MAX_DIGEST_BYTES
    for start in range(0, len(transaction_ids), _BATCH):
        keys = [event_key(workspace_id, one) for one in transaction_ids[start : start + _BATCH]]
        rows = CHANNELS.get_many(keys, consistent=True) if left > 0 else {}
        for key in keys:
            event = _read(rows.get(key)) if left > 0 else None
            payload = (event or {}).get("payload", {})
            left -= len(orjson.dumps(payload))
            found.append(payload if left > 0 else {})
    return found


def without_attachments(payload: dict[str, Any]) -> dict[str, Any]:
    """Leave files out: messages do not carry them, and nobody counts them."""
    return {name: value for name, value in payload.items() if name != "attachments"}


def without_files(payload: dict[str, Any]) -> dict[str, Any]:
    """Name the files of an event without what is in them."""
    files = payload.get("attachments")
    if not isinstance(files, list):
        return payload
    named = [{k: v for k, v in one.items() if k != "file"} if isinstance(one, dict) else one for one in files]
    return {**payload, "attachments": named}


def _inline(row: Row | None) -> Event | None:
    return None if row is None or "blob" in row else dict(row["doc"])


def _read(row: Row | None) -> Event | None:
    if row is None:
        return None
    if "blob" in row:
        try:
            return dict(orjson.loads(blobs.blobs().get(row["pk"].partition("#")[0], row["blob"])))
        except PlatformError as error:
            if error.retryable:
                raise
            return None
    return dict(row["doc"])

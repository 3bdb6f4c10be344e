"""Due times in a sparse index (rule R6, rule 4.6): how an item says when it wants attention.

Three attributes, set and removed by the same writes that change the item's state:
    due   when, in milliseconds
    dueB  `<kind>#<minute>#<0..3>`, the partition of the index
    dueK  `<due, 13 digits>#<key>`, its sort key; `~` instead of `#` marks an entry whose message was also sent directly

Waits of up to 15 minutes are brought by a delayed message, and the index is their safety net; longer ones by the
index alone. sweep.py reads it.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Any, NamedTuple

from chalicelib.adapters.queue import MAX_DELAY_S
from chalicelib.storage.table import Key

MINUTE_MS = 60_000
DIRECT_MS = MAX_DELAY_S * 1000
SHARDS = 4
ENTRY = ("dueB", "dueK")
ATTRIBUTES = ("due", *ENTRY)
_AHEAD, _DIRECT = "#", "~"


@dataclass(frozen=True)
class Timer:
    """A due time, as the attributes to put, and whether its message must be sent directly as well."""

    due_ms: int
    attributes: dict[str, Any]
    is_direct: bool


class Entry(NamedTuple):
    """One entry of the index."""

    due_ms: int
    is_direct: bool
    key: Key


def at(kind: str, key: Key, due_ms: int, now_ms: int) -> Timer:
    """Say what to write, and whether to send, for an item that wants attention at `due_ms`.

    The index never gets an entry in the past, where no sweep would look any more.
    """
    is_direct = due_ms - now_ms <= DIRECT_MS
    listed_ms = max(due_ms, now_ms)
    name = "|".join(key)
    shard = zlib.crc32(name.encode()) % SHARDS
    attributes = {
        "due": due_ms,
        "dueB": bucket(kind, listed_ms // MINUTE_MS, shard),
        "dueK": f"{listed_ms:013d}{_DIRECT if is_direct else _AHEAD}{name}",
    }
    return Timer(due_ms, attributes, is_direct)


def bucket(kind: str, minute: int, shard: int) -> str:
    """Name one partition of the index; `minute` counts from 1970."""
    return f"{kind}#{minute}#{shard}"


def entry(row: dict[str, Any]) -> Entry:
    """Read one row of the index."""
    text = row["dueK"]
    return Entry(int(text[:13]), text[13] == _DIRECT, Key(row["pk"], row["sk"]))

"""What holds of every durable item once nothing is under way: no lease, nothing owed, nothing due that has passed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

Row = dict[str, Any]
FREE = -1
_DUE = ("due", "dueB", "dueK")


def named(row: Row) -> str:
    """Name a row in a sentence."""
    return f"{row['pk']} {row['sk']}"


def faults_of_ended(row: Row) -> list[str]:
    """Say what an item still has that has ended: a lease, an outbox, a due time."""
    found = faults_of_lease(row)
    if row.get("out"):
        found.append(f"{named(row)} has ended and still owes {row['out']}")
    if over := [name for name in _DUE if name in row]:
        found.append(f"{named(row)} has ended and still has {', '.join(over)}")
    return found


def faults_of_lease(row: Row) -> list[str]:
    """Say whether somebody still holds an item."""
    return [f"{named(row)} is held until {row['until']}"] if row.get("until", FREE) != FREE else []


def let_go(row: Row, now_ms: int) -> Row:
    """Give an item without a lease that ran out: where nothing waits, a release that was lost holds up nobody."""
    return row | {"until": FREE} if row.get("until", FREE) < now_ms else row


def faults_of_due(row: Row, now_ms: int) -> list[str]:
    """Say whether an item waits for a time that has passed, or stands in the index without a due time of its own."""
    if "dueB" in row and "due" not in row:
        return [f"{named(row)} stands in the due index without a due time"]
    if "due" in row and row["due"] < now_ms:
        return [f"{named(row)} was due {(now_ms - row['due']) / 1000:.0f} s ago and nobody came"]
    return []


def doubles(names: Iterable[str]) -> list[str]:
    """List what occurs more than once."""
    seen: set[str] = set()
    twice: dict[str, None] = {}
    for name in names:
        if name in seen:
            twice[name] = None
        seen.add(name)
    return list(twice)

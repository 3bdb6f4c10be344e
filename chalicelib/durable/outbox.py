"""The outbox (rule R5): what a write owes the world is written in the same update, and sent after it.

It stands in `out` until the next write of the item clears it, so it costs no write of its own. Whoever meets an item
that owes something, free or taken over, sends it again: receivers know a repeat by the ids in the message.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from chalicelib.adapters import queue
from chalicelib.adapters.queue import Letter
from chalicelib.durable import leases
from chalicelib.durable.due import ENTRY, Timer
from chalicelib.durable.leases import Lease
from chalicelib.storage.expressions import Change, Missing, Row, eq
from chalicelib.storage.table import ConditionFailed, Key, TableLike

Send = Callable[[str, Sequence[Letter]], None]


@dataclass(frozen=True)
class Message:
    """One message that a write owes: to which queue, what, and not before when (0: at once).

    `is_wake`: it only brings the item itself to its next take, so whoever has taken the item owes it no more.
    """

    queue: str
    body: dict[str, Any]
    at_ms: int = 0
    is_wake: bool = False


def wake(queue_name: str, body: dict[str, Any], timer: Timer) -> list[Message]:
    """Give the message that a timer needs beside its index entry: one within 15 minutes, none beyond (rule R6)."""
    return [Message(queue_name, body, timer.due_ms, is_wake=True)] if timer.is_direct else []


def stored(messages: Iterable[Message]) -> list[dict[str, Any]]:
    """Render messages as they stand in `out`."""
    return [
        {"queue": one.queue, "body": one.body, "at": one.at_ms, **({leases.WAKE: True} if one.is_wake else {})}
        for one in messages
    ]


def owed(row: Row | None) -> list[Message]:
    """Read the messages that stand in an item's outbox."""
    return [
        Message(one["queue"], one["body"], int(one["at"]), leases.WAKE in one) for one in (row or {}).get("out", ())
    ]


def send(messages: Iterable[Message], now_ms: int, by: Send = queue.send_many) -> None:
    """Send messages, as few calls as possible, in their order per queue. Raises Unavailable."""
    letters: dict[str, list[Letter]] = {}
    for one in messages:
        delay_s = max(0, -(-(one.at_ms - now_ms) // 1000))
        letters.setdefault(one.queue, []).append(Letter(one.body, min(queue.MAX_DELAY_S, delay_s)))
    for name, batch in letters.items():
        by(name, batch)


def settle(lease: Lease, now_ms: int, by: Send = queue.send_many) -> Lease:
    """Send what a held item owes; without this its next write, which clears the outbox, is refused."""
    if not lease.owes:
        return lease
    send([one for one in owed(lease.row) if not one.is_wake], now_ms, by)
    return replace(lease, owes=False)


def flush(
    table: TableLike, key: Key, row: Row | None, now_ms: int, by: Send = queue.send_many, *, is_own: bool = False
) -> None:
    """Send what an item owes that nobody holds any more, because it waits or has ended.

    Call it with the row that suspend or finish answered (`is_own`), and with that of a refused take: the last holder
    may have fallen before it could send. A visitor clears the outbox, or wake-ups in it would call up further
    wake-ups; the holder only removes an index entry that was kept for the outbox's sake.
    """
    if not row or not row.get("out"):
        return
    send(owed(row), now_ms, by)
    condition = eq("fence", row["fence"]) & eq("seq", row["seq"])
    if is_kept := "dueB" in row and "due" not in row:
        condition = condition & Missing("due")
    if is_kept or not is_own:
        with suppress(ConditionFailed):
            table.update(key, Change(remove=("out", *(ENTRY if is_kept else ()))), condition)

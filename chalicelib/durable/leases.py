"""Leases with fences (rules R2 and R3): who works on an item takes it first, and every later write names its fence.

A take is one conditional update that answers the whole row, so it needs no read. Every take signs with an owner of
its own; a refused write that finds that signature (or its own result) in the row that refused it was in fact done,
and only its answer was lost.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from chalicelib.core import ids
from chalicelib.core.errors import PlatformError
from chalicelib.storage.expressions import PRESENT, Change, Condition, Missing, Row, eq, le, lt
from chalicelib.storage.table import ConditionFailed, Key, TableLike

FREE = -1
WAKE = "wake"  # marks a message in an outbox that only brings the item itself to its next take
MAX_HIDE_S = 43_200
_NEAR_MS = 60_000


@dataclass(frozen=True)
class Lease:
    """The right to move one item. `row` is the item as the last write left it, `seq` counts its transitions.

    `owes` is true while messages in the row's outbox may not have been sent yet (rule R5).
    """

    key: Key
    owner: str
    fence: int
    seq: int = 0
    row: Row = field(default_factory=dict)
    owes: bool = False

    @property
    def is_cancelled(self) -> bool:
        """Whether somebody asked for the end of this item."""
        return "cancel" in self.row


class Why(StrEnum):
    """Why an item could not be taken."""

    HELD = "HELD"
    NOT_DUE = "NOT_DUE"
    ENDED = "ENDED"
    ABSENT = "ABSENT"


@dataclass(frozen=True)
class NotTaken:
    """A refused take. `again_ms` is when a take can succeed, None when only somebody else's act can make it so."""

    why: Why
    again_ms: int | None = None
    row: Row | None = None

    def hide_s(self, now_ms: int) -> float | None:
        """Say how long to hide the message that led here; None: drop it, nothing is left for it to do.

        A message long before its time is dropped when the due index will bring another, so copies do not pile up.
        """
        if self.again_ms is None:
            return None
        away_ms = self.again_ms - now_ms
        if self.why is Why.NOT_DUE and away_ms > _NEAR_MS and self.row is not None and "dueB" in self.row:
            return None
        return min(MAX_HIDE_S, max(1.0, away_ms / 1000))


class LeaseLost(PlatformError):
    """Another holder has taken the item; stop, but leave the message in the queue. `row` is what stands there now.

    The other holder may work on this very message, brought again while we were slow: if we dropped it and the other
    fell, nothing would bring the item back. The message's next take finds out whether anything is left to do.
    """

    retryable = True

    def __init__(self, row: Row | None) -> None:
        super().__init__("another worker has taken this item over")
        self.row = row


def free(now_ms: int) -> Condition:
    """Nobody holds the item, or its holder's time is over."""
    return Missing("until") | lt("until", now_ms)


def has_come(now_ms: int) -> Condition:
    """The item has no due time, or it has come."""
    return Missing("due") | le("due", now_ms)


def fenced(lease: Lease) -> Condition:
    """Nobody has taken the item since this lease did."""
    return eq("fence", lease.fence)


def is_taken_by(row: Row | None, owner: str) -> bool:
    """Whether this take is the one that stands in the row, whatever its answer said (rule R3)."""
    return row is not None and row.get("own") == owner


def taking(
    owner: str, now_ms: int, lease_ms: int, put: Mapping[str, Any] | None = None, remove: tuple[str, ...] = ()
) -> Change:
    """Say what a take writes: its signature, its end, the next fence, and what the state machine adds."""
    return Change(put={"own": owner, "until": now_ms + lease_ms, **(put or {})}, add={"fence": 1}, remove=remove)


def take(
    table: TableLike,
    key: Key,
    now_ms: int,
    lease_ms: int,
    *,
    when: Condition | None = None,
    creates: bool = False,
) -> Lease | NotTaken:
    """Take an item that has no states, only due times: a poll, an import, a sweep (rule R2).

    The due time stays where it is, so that the index brings the item again if its holder falls. `when` must hold
    too; `creates` makes an absent item.
    """
    owner = ids.new_worker_id()
    condition = free(now_ms) & has_come(now_ms)
    if not creates:
        condition = PRESENT & condition
    if when is not None:
        condition = condition & when
    return attempt(table, key, taking(owner, now_ms, lease_ms), condition, owner, now_ms)


def attempt(
    table: TableLike, key: Key, change: Change, condition: Condition, owner: str, now_ms: int
) -> Lease | NotTaken:
    """Run one take and read its outcome, also where the answer was lost (rule R3)."""
    try:
        return held(key, owner, table.update(key, change, condition))
    except ConditionFailed as refusal:
        if refusal.row is not None and is_taken_by(refusal.row, owner):
            return held(key, owner, refusal.row)
        return refused(refusal.row, now_ms)


def held(key: Key, owner: str, row: Row) -> Lease:
    """Read the lease out of the row that a take answered."""
    owes = any(WAKE not in message for message in row.get("out") or ())
    return Lease(key, owner, int(row["fence"]), int(row.get("seq", 0)), row, owes=owes)


def refused(row: Row | None, now_ms: int) -> NotTaken:
    """Read out of the row why a take was refused."""
    if row is None:
        return NotTaken(Why.ABSENT)
    if row.get("until", FREE) >= now_ms:
        return NotTaken(Why.HELD, int(row["until"]) + 1, row)
    if row.get("due", 0) > now_ms:
        return NotTaken(Why.NOT_DUE, int(row["due"]), row)
    return NotTaken(Why.ENDED, None, row)


def write(
    table: TableLike, lease: Lease, change: Change, condition: Condition, has_landed: Callable[[Row], bool]
) -> Row:
    """Change a held item and answer it as it is now. Raises LeaseLost.

    `has_landed` reads from the row that refused the write whether it is this write's own result (rule R3).
    """
    try:
        return table.update(lease.key, change, condition)
    except ConditionFailed as refusal:
        if refusal.row is not None and has_landed(refusal.row):
            return refusal.row
        raise LeaseLost(refusal.row) from None


def extend(table: TableLike, lease: Lease, now_ms: int, lease_ms: int) -> Lease:
    """Hold an item longer. Raises LeaseLost."""
    change = Change(put={"until": now_ms + lease_ms})
    row = write(table, lease, change, fenced(lease), lambda _: False)
    return Lease(lease.key, lease.owner, lease.fence, lease.seq, row, lease.owes)


def release(table: TableLike, lease: Lease) -> None:
    """Let go of an item early; send its wake-up message first. Being too late for it is no error."""
    try:
        table.update(lease.key, Change(put={"until": FREE}), fenced(lease))
    except ConditionFailed:
        return


def revoke(table: TableLike, key: Key, state: str, exp_s: int) -> Row | None:
    """Put an item into a last state and fence off whoever holds it: its tombstone until `exp_s` (rule 4.8).

    Answers the row, or None when there is none. A repeat is harmless.
    """
    change = Change(put={"st": state, "until": FREE, "exp": exp_s}, add={"fence": 1}, remove=("due", "dueB", "dueK"))
    try:
        return table.update(key, change, PRESENT)
    except ConditionFailed:
        return None

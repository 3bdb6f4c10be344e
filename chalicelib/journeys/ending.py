"""The end of a token: its last state, its counters, its guard, its place in the lists."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from chalicelib.durable import leases
from chalicelib.journeys.commits import Move
from chalicelib.journeys.models import counters, tokens
from chalicelib.journeys.rules.tokens import ENDS_AS, Group, Reason, Status, group_of
from chalicelib.storage.expressions import Row
from chalicelib.storage.table import Key
from chalicelib.storage.tables import JOURNEYS

STEP_COUNTER = {Status.REMOVED: "removed", Status.EXPIRED: "expired", Status.ERROR: "stopped"}
WHOLE_COUNTER = {Group.COMPLETED: "completed", Group.ERROR: "error", Group.OTHER: "other"}
_NO_MORE = ("due", "dueB", "dueK", "aw", "rm", "m")
MAX_ERROR = 500


def last_move(
    row: Row, reason: Reason, now_ms: int, *, holds: bool = False, error: str = "", step: str | None = None
) -> Move:
    """Give the move that ends a token at the step it stands on, or at `step`, to which it has walked."""
    status, at = ENDS_AS[reason], step or row["s"]
    deltas: counters.Deltas = Counter({(row["a"], counters.WHOLE, WHOLE_COUNTER[group_of(status)]): 1})
    if status in STEP_COUNTER:
        deltas[row["a"], at, STEP_COUNTER[status]] += 1
    put = {"st": status.value, "end": now_ms, "why": reason.value, "until": leases.FREE}
    if error:
        put |= {"err": error[:MAX_ERROR], "ea": now_ms}
    guard = tokens.guard_of(row) if row.get("uq") else None
    heeds = reason is Reason.FINISHED
    remove = tuple(name for name in _NO_MORE if name in row)
    return Move(row, put, remove, deltas, holds, heeds_removal=heeds, guard=guard)


def list_before(moves: Iterable[Move]) -> None:
    """List tokens under what they are about to become, so that none is ever missing from the lists."""
    rows = [row for move in moves for row in tokens.beside(move.after())]
    JOURNEYS.write_many(rows=rows)


def unlist_after(rows: Iterable[Row]) -> None:
    """Take tokens that have ended out of the list of those in flight."""
    keys: list[Key] = [tokens.list_key(row, Group.RUNNING) for row in rows]
    JOURNEYS.write_many(deletes=keys)

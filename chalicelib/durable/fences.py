"""Items whose counter is their fence (rule 4.5): every write names the number it saw, and the next one follows.

There is no take: of two copies of a message that do the same work only one can write. The write signs with an owner,
so that a lost answer is not taken for another's write (rule R3).
"""

from __future__ import annotations

from dataclasses import replace

from chalicelib.core import ids
from chalicelib.durable import leases
from chalicelib.durable.leases import LeaseLost
from chalicelib.storage.expressions import PRESENT, Change, Condition, Missing, Row, eq
from chalicelib.storage.table import ConditionFailed, Key, TableLike


def advance(
    table: TableLike,
    key: Key,
    seen: int,
    change: Change,
    *,
    name: str = "n",
    owner: str | None = None,
    creates: bool = True,
) -> Row:
    """Write a change and the next number, if the number is still the one seen; 0 also means that there is none yet.

    Then the row is made, unless `creates` is false: a row that somebody deletes meanwhile stays deleted.
    `owner` signs the write; give the same one to repeat a call whose answer was lost. Raises LeaseLost with the row
    that stands there when another was first: its writer sends what follows, and the due index stands behind it.
    """
    owner = owner or ids.new_worker_id()
    signed = replace(change, put={name: seen + 1, "own": owner, **change.put})
    condition = stands_at(name, seen)
    try:
        return table.update(key, signed, condition if creates else PRESENT & condition)
    except ConditionFailed as refusal:
        if refusal.row is not None and leases.is_taken_by(refusal.row, owner):
            return refusal.row
        raise LeaseLost(refusal.row) from None


def stands_at(name: str, seen: int) -> Condition:
    """Nobody has written since the number was seen."""
    return Missing(name) | eq(name, seen) if seen == 0 else eq(name, seen)

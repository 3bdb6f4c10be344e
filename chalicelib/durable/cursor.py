"""Machines that move a cursor: polls and imports (rules 4.7 and 4.10).

Take the item with leases.take, read one page from the cursor, store every record under an id made from the record
(rule R4), then move the cursor. A crash before the last write repeats the page, and the ids make the repeat harmless.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from chalicelib.durable import leases
from chalicelib.durable.leases import Lease
from chalicelib.storage.expressions import Change, Condition, Missing, Row, eq
from chalicelib.storage.table import TableLike

_NOTHING = Change()


def advance(
    table: TableLike,
    lease: Lease,
    to: Any,
    *,
    name: str = "cur",
    until_ms: int = leases.FREE,
    change: Change = _NOTHING,
) -> Lease:
    """Move the cursor attribute on from where the lease saw it. Raises LeaseLost.

    Lets go of the item unless `until_ms` holds it longer. `change` rides along: the next due time, counters. Where it
    adds to counters the cursor must really move, or a repeated write would count twice.
    """
    put = {name: to, "until": until_ms, **change.put}
    condition = leases.fenced(lease) & stands_at(name, lease.row.get(name))
    row = leases.write(table, lease, replace(change, put=put), condition, lambda row: has_landed(row, lease, name, to))
    return replace(lease, row=row)


def stands_at(name: str, old: Any) -> Condition:
    """The cursor is where this lease saw it."""
    return Missing(name) if old is None else eq(name, old)


def has_landed(row: Row, lease: Lease, name: str, to: Any) -> bool:
    """Whether this lease has moved the cursor there already (rule R3)."""
    return bool(row.get("fence") == lease.fence and row.get(name) == to)

"""One call at a time for something all share: a token that is refreshed (rule 4.9).

The right lies in the item itself: `ro` who is refreshing, `ru` until when, `next` not before when; `ver` is the fence,
and grows only when a new value is stored.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chalicelib.core import ids
from chalicelib.durable.leases import LeaseLost
from chalicelib.storage.expressions import Change, Condition, Missing, Row, eq, lt
from chalicelib.storage.table import ConditionFailed, Key, TableLike

_RIGHT = ("ro", "ru")


@dataclass(frozen=True)
class Flight:
    """The right to make the call. `row` is the item as the take left it."""

    key: Key
    owner: str
    version: int
    row: Row


def take(
    table: TableLike, key: Key, version: int, now_ms: int, lease_ms: int, only: Condition | None = None
) -> Flight | Row | None:
    """Take the right to replace version `version`; else answer the row that stands there, None when there is none.

    In that row a higher `ver` is the new value; otherwise `ru` or `next` says how long to wait, or `only`, which
    must hold too, does not.
    """
    owner = ids.new_worker_id()
    change = Change(put={"ro": owner, "ru": now_ms + lease_ms})
    try:
        row = table.update(key, change, may_take(version, now_ms) if only is None else may_take(version, now_ms) & only)
    except ConditionFailed as refusal:
        if refusal.row is None or refusal.row.get("ro") != owner:
            return refusal.row
        row = refusal.row
    return Flight(key, owner, version, row)


def may_take(version: int, now_ms: int) -> Condition:
    """The value is still this one, nobody is replacing it, and the pause after a failure is over."""
    is_free = Missing("ru") | lt("ru", now_ms)
    return eq("ver", version) & is_free & (Missing("next") | lt("next", now_ms))


def is_ours(flight: Flight) -> Condition:
    """The right is still this flight's."""
    return eq("ver", flight.version) & eq("ro", flight.owner)


def store(table: TableLike, flight: Flight, put: dict[str, Any]) -> Row:
    """Store the new value and give the right back. Raises LeaseLost when another has stored or taken it.

    Repeat it hard on Unavailable: a new secret that is not stored is lost. A repeat is harmless.
    """
    version = flight.version + 1
    change = Change(put={**put, "ver": version, "by": flight.owner}, remove=(*_RIGHT, "next"))
    try:
        return table.update(flight.key, change, is_ours(flight))
    except ConditionFailed as refusal:
        row = refusal.row
        if row is not None and row.get("ver") == version and row.get("by") == flight.owner:
            return row
        raise LeaseLost(row) from None


def give_up(table: TableLike, flight: Flight, next_ms: int, put: dict[str, Any] | None = None) -> None:
    """Give the right back without a new value, and let nobody try before `next_ms`."""
    change = Change(put={**(put or {}), "next": next_ms}, remove=_RIGHT)
    try:
        table.update(flight.key, change, is_ours(flight))
    except ConditionFailed:
        return

"""Which integration of a channel is primary, and the order of the others. E-mail and SMS only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

RANKED = frozenset({"email", "sms"})


@dataclass(frozen=True)
class Place:
    """One integration of a channel, as far as its order goes. Priorities count down from the first."""

    id: str
    active: bool
    primary: bool
    priority: int
    inserted_at: int
    has_conditions: bool = False


def ordered(places: Sequence[Place]) -> list[Place]:
    """List the active ones, the first first."""
    active = [place for place in places if place.active]
    return sorted(active, key=lambda place: (not place.primary, -place.priority, place.inserted_at, place.id))


def with_active(places: Sequence[Place], new: Place, *, may_lead: bool) -> list[Place]:
    """Put an integration in that becomes active: just below the primary, or as the primary where there is none.

    `may_lead` is false for one that was switched on, which is never promoted by that.
    """
    row = ordered([place for place in places if place.id != new.id])
    if row and row[0].primary:
        return _numbered([row[0], replace(new, active=True, primary=False), *row[1:]])
    leads = may_lead and not new.has_conditions
    return _numbered([replace(new, active=True, primary=leads), *row])


def without(places: Sequence[Place], identifier: str) -> list[Place]:
    """Take an integration out of the order; nobody is promoted."""
    return _numbered(ordered([place for place in places if place.id != identifier]))


def with_primary(places: Sequence[Place], identifier: str) -> list[Place]:
    """Make one the primary; it becomes active, and the former stays active below it."""
    chosen = next(place for place in places if place.id == identifier)
    row = [replace(place, primary=False) for place in ordered(places) if place.id != identifier]
    return _numbered([replace(chosen, active=True, primary=True), *row])


def demoted(places: Sequence[Place], identifier: str) -> list[Place]:
    """Take the flag from the primary, which keeps its place."""
    return _numbered([replace(place, primary=place.primary and place.id != identifier) for place in ordered(places)])


def _numbered(row: Sequence[Place]) -> list[Place]:
    return [replace(place, priority=len(row) - number) for number, place in enumerate(row)]

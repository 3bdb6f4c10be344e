"""The statuses of an automation: who may lead from which to which. The one table, and what is read from it."""

from __future__ import annotations

from enum import StrEnum


class Status(StrEnum):
    """Where an automation is in its life."""

    DRAFT = "DRAFT"
    COMMITTED = "COMMITTED"
    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    ERROR = "ERROR"
    TO_ARCHIVE = "TO_ARCHIVE"
    ARCHIVED = "ARCHIVED"
    TO_DELETE = "TO_DELETE"


class Actor(StrEnum):
    """Who asks for a transition."""

    CLIENT = "client"
    ENGINE = "engine"


DRAFT, COMMITTED, RUNNING, PAUSED = Status.DRAFT, Status.COMMITTED, Status.RUNNING, Status.PAUSED
ERROR, TO_ARCHIVE, ARCHIVED, TO_DELETE = Status.ERROR, Status.TO_ARCHIVE, Status.ARCHIVED, Status.TO_DELETE
GONE = None  # erased: there is no row any more
_C, _E = frozenset({Actor.CLIENT}), frozenset({Actor.ENGINE})
_BOTH = _C | _E

TRANSITIONS: dict[Status, dict[Status | None, frozenset[Actor]]] = {
    DRAFT: {COMMITTED: _C, RUNNING: _C, TO_DELETE: _C},
    COMMITTED: {DRAFT: _C, RUNNING: _BOTH, TO_ARCHIVE: _E, TO_DELETE: _C},
    RUNNING: {PAUSED: _C, ERROR: _E, TO_ARCHIVE: _E},
    PAUSED: {RUNNING: _C, TO_ARCHIVE: _BOTH, TO_DELETE: _C},
    ERROR: {RUNNING: _C, PAUSED: _C, TO_ARCHIVE: _BOTH, TO_DELETE: _C},
    TO_ARCHIVE: {ARCHIVED: _E},
    ARCHIVED: {TO_DELETE: _C},
    TO_DELETE: {GONE: _E},
}
INITIAL = frozenset({DRAFT, COMMITTED, RUNNING})
EDITABLE = frozenset({DRAFT, COMMITTED, PAUSED, ERROR})
ENTERABLE = frozenset({COMMITTED, RUNNING, PAUSED, ERROR})  # customers may be put in; outside RUNNING they wait
LIVE = frozenset({COMMITTED, RUNNING, PAUSED, ERROR, TO_ARCHIVE})  # a node that has one cannot be deleted
LISTED = tuple(status for status in Status if status is not TO_DELETE)


def may(actor: Actor, current: Status, to: Status | None) -> bool:
    """Say whether an actor may lead from one status to another; staying is nobody's transition."""
    return actor in TRANSITIONS[current].get(to, frozenset())


def meant(current: Status | None, asked: Status | None, start_ms: int | None, now_ms: int) -> Status:
    """Say which status a client's wish means here; None stands for a new automation, or for no wish.

    ARCHIVED is spoken of as TO_ARCHIVE until it is. COMMITTED and RUNNING are one wish until the first run: which of
    the two comes of it is for startDate to say.
    """
    if asked is None:
        asked = current or DRAFT
    if asked is ARCHIVED and current is not ARCHIVED:
        asked = TO_ARCHIVE
    elif asked is TO_ARCHIVE and current is ARCHIVED:
        return ARCHIVED
    if asked in (COMMITTED, RUNNING) and current in (None, DRAFT, COMMITTED):
        return COMMITTED if start_ms is not None and start_ms > now_ms else RUNNING
    return asked


def needs_valid_graph(current: Status | None, to: Status) -> bool:
    """Say whether a graph must keep every rule to come, or stay, there."""
    if to in (COMMITTED, RUNNING):
        return True
    return to is current and to in (PAUSED, ERROR)


def due_ms(status: Status, start_ms: int | None, end_ms: int | None) -> int | None:
    """Say when the clock has to look at an automation, if ever."""
    if status is COMMITTED:
        return min((at for at in (start_ms, end_ms) if at is not None), default=None)
    return end_ms if status in (RUNNING, PAUSED, ERROR) else None


def by_clock(status: Status, start_ms: int | None, end_ms: int | None, now_ms: int) -> Status | None:
    """Say where the clock leads an automation now, if anywhere; the end counts before the beginning."""
    if status in (COMMITTED, RUNNING, PAUSED, ERROR) and end_ms is not None and end_ms <= now_ms:
        return TO_ARCHIVE
    if status is COMMITTED and (start_ms is None or start_ms <= now_ms):
        return RUNNING
    return None

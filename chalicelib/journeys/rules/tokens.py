"""The states of a token, the changes between them, and the groups they are counted in."""

from __future__ import annotations

from enum import StrEnum


class Status(StrEnum):
    """Where a token stands."""

    READY = "READY"
    PROCESSING = "PROCESSING"
    WAITING = "WAITING"
    RETRYING = "RETRYING"
    COMPLETED = "COMPLETED"
    ERROR = "ERROR"
    REMOVED = "REMOVED"
    EXPIRED = "EXPIRED"


class Reason(StrEnum):
    """Why a token ended."""

    FINISHED = "FINISHED"
    STEP_FAILED = "STEP_FAILED"
    REMOVED_BY_API = "REMOVED_BY_API"
    REMOVED_BY_TRIGGER = "REMOVED_BY_TRIGGER"
    ARCHIVED = "ARCHIVED"
    END_DATE = "END_DATE"
    OVERDUE_ON_RESUME = "OVERDUE_ON_RESUME"


class Group(StrEnum):
    """What tokens are listed and counted by."""

    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    ERROR = "ERROR"
    OTHER = "OTHER"


_S = Status
_EXITS = frozenset({_S.REMOVED, _S.EXPIRED})
LEGAL: dict[Status, frozenset[Status]] = {
    _S.READY: frozenset({_S.PROCESSING, _S.READY, _S.WAITING, _S.RETRYING, _S.COMPLETED, _S.ERROR}) | _EXITS,
    _S.PROCESSING: frozenset({_S.PROCESSING, _S.READY, _S.WAITING, _S.RETRYING, _S.COMPLETED, _S.ERROR}) | _EXITS,
    _S.WAITING: frozenset({_S.PROCESSING, _S.READY, _S.WAITING, _S.COMPLETED, _S.ERROR, _S.RETRYING}) | _EXITS,
    _S.RETRYING: frozenset({_S.PROCESSING, _S.READY, _S.WAITING, _S.RETRYING, _S.COMPLETED, _S.ERROR}) | _EXITS,
    _S.COMPLETED: frozenset(),
    _S.ERROR: frozenset(),
    _S.REMOVED: frozenset(),
    _S.EXPIRED: frozenset(),
}
IN_FLIGHT = frozenset({_S.READY, _S.PROCESSING, _S.WAITING, _S.RETRYING})
GROUP: dict[Status, Group] = dict.fromkeys(IN_FLIGHT, Group.RUNNING) | {
    _S.COMPLETED: Group.COMPLETED,
    _S.ERROR: Group.ERROR,
    _S.REMOVED: Group.OTHER,
    _S.EXPIRED: Group.OTHER,
}
ENDS_AS: dict[Reason, Status] = {
    Reason.FINISHED: _S.COMPLETED,
    Reason.STEP_FAILED: _S.ERROR,
    Reason.REMOVED_BY_API: _S.REMOVED,
    Reason.REMOVED_BY_TRIGGER: _S.REMOVED,
    Reason.ARCHIVED: _S.REMOVED,
    Reason.END_DATE: _S.EXPIRED,
    Reason.OVERDUE_ON_RESUME: _S.EXPIRED,
}


def is_over(status: str) -> bool:
    """Say whether a token in this state has ended for good."""
    return Status(status) not in IN_FLIGHT


def group_of(status: str) -> Group:
    """Say in which group a state is counted."""
    return GROUP[Status(status)]


def check(before: str, after: str) -> None:
    """Refuse a change the table does not know: a bug, not bad input. Raises ValueError."""
    if Status(after) not in LEGAL[Status(before)]:
        raise ValueError(f"a token cannot go from {before} to {after}")

"""When something is to be handed over: read from a body, turned into a timer."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from chalicelib.chat.models.timers import DUE
from chalicelib.core import clock
from chalicelib.core.errors import InvalidInput
from chalicelib.durable import due
from chalicelib.durable.due import Timer
from chalicelib.storage.table import Key

MAX_AHEAD_MS = 366 * 86_400_000
_WHERE = "body.schedule"


def read(schedule: Any) -> int:
    """Give when something is to be handed over, 0 for at once. Raises InvalidInput."""
    if schedule is None:
        return 0
    moment, delay_ms, now_ms = schedule.date_time, schedule.delay, clock.now_ms()
    if (moment is None) == (delay_ms is None):
        raise InvalidInput.at(_WHERE, "must hold either dateTime or delay", "missing")
    at_ms = now_ms + int(-(-delay_ms // 1)) if delay_ms is not None else _moment(moment)
    if at_ms > now_ms + MAX_AHEAD_MS:
        raise InvalidInput.at(_WHERE, "may lie a year ahead", "range")
    return at_ms if at_ms > now_ms else 0


def timer(key: Key, at_ms: int) -> Timer | None:
    """Make the timer of what is due later; None for what is due at once."""
    return due.at(DUE, key, at_ms, clock.now_ms()) if at_ms else None


def _moment(text: str) -> int:
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidInput.at(f"{_WHERE}.dateTime", "must be a time as in ISO 8601", "time") from error
    try:
        at = found if found.tzinfo else found.replace(tzinfo=UTC)
        return int(at.timestamp() * 1000)
    except (OverflowError, ValueError) as error:
        raise InvalidInput.at(f"{_WHERE}.dateTime", "must be a time as in ISO 8601", "time") from error

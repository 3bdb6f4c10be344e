"""Schedules: five cron fields read in a time zone, right on the two odd nights of the year.

A job at a fixed hour runs once a day: in the night that skips its hour, right after the gap; in the night that has it
twice, the first time. A job whose hour is `*` runs by elapsed time, so it neither pauses nor runs twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

_BY_CHANCE = re.compile(r"(?i)(?<![a-z])[rh](?![a-z])")  # what croniter makes up anew whenever it is asked
_LOOK_BACK, _LOOK_AHEAD = timedelta(hours=3), timedelta(hours=4)


def faults_of(cron: str, zone: Any) -> Iterator[tuple[str, str]]:
    """List what is wrong with a schedule: the field, and why."""
    from croniter import croniter  # heavy

    if len(cron.split()) != 5 or _BY_CHANCE.search(cron) or not croniter.is_valid(cron):
        yield "cron", "must be five cron fields: minute hour day month weekday"
    elif not _has_any(cron):
        yield "cron", "never comes"
    if not isinstance(zone, str) or not _is_zone(zone):
        yield "timeZone", "is not a time zone, such as Europe/Berlin"


def next_ms(cron: str, zone: str, after_ms: int) -> int:
    """Say when a schedule comes next, strictly after a time."""
    from zoneinfo import ZoneInfo

    from croniter import croniter  # heavy

    tz, after = ZoneInfo(zone), datetime.fromtimestamp(after_ms / 1000, UTC)
    local = after.astimezone(tz).replace(tzinfo=None)
    by_elapsed = cron.split()[1].startswith("*")
    found: list[datetime] = []
    walk = croniter(cron, local - _LOOK_BACK)
    while True:
        naive = walk.get_next(datetime)
        if found and naive > local + _LOOK_AHEAD:
            return int(min(found).timestamp() * 1000)
        found += [moment for moment in _moments(naive, tz, by_elapsed) if moment > after]
        if found and naive > max(local, found[0].astimezone(tz).replace(tzinfo=None)) + _LOOK_AHEAD:
            return int(min(found).timestamp() * 1000)


def _moments(naive: datetime, tz: Any, by_elapsed: bool) -> list[datetime]:
    first = naive.replace(tzinfo=tz, fold=0).astimezone(UTC)
    second = naive.replace(tzinfo=tz, fold=1).astimezone(UTC)
    if first == second:
        return [first]
    if first < second:  # this time comes twice
        return [first, second] if by_elapsed else [first]
    if by_elapsed:  # this time does not come at all
        return []
    return [_end_of_gap(second, tz)]


def _end_of_gap(before: datetime, tz: Any) -> datetime:
    """Find the first moment after the clock was put forward."""
    offset = before.astimezone(tz).utcoffset()
    low, high = before, before + timedelta(hours=3)
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) / 2
        low, high = (middle, high) if middle.astimezone(tz).utcoffset() == offset else (low, middle)
    return (high + timedelta(seconds=30)).replace(second=0, microsecond=0)


def _has_any(cron: str) -> bool:
    from croniter import CroniterError, croniter  # heavy

    try:
        croniter(cron, datetime(2026, 1, 1), max_years_between_matches=9).get_next(datetime)
    except CroniterError:
        return False
    return True


def _is_zone(name: str) -> bool:
    from zoneinfo import ZoneInfo

    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        return False
    return True

"""Waits in wall-clock terms: durations, calendar steps in a zone, holding on to a clock time or weekday.

MINUTES and HOURS are elapsed time; DAYS, WEEKS and MONTHS keep the local clock time. A local time that a clock change
skips moves forward by the size of the gap; one that it repeats means the first. A due instant is computed once, when a
step is entered, and stored: a later change of zone or wait does not move it.
"""

from __future__ import annotations

import calendar
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000
LONGEST_DAYS = 366
ELAPSED_MS = {"MINUTES": MINUTE_MS, "HOURS": HOUR_MS}
DAYS_OF = {"DAYS": 1, "WEEKS": 7}
WEEKDAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
_WEEK = 7


@lru_cache(maxsize=512)
def zone(name: str) -> ZoneInfo:
    """Give an IANA zone. Raises ValueError when there is none of this name."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"{name!r} is not a time zone") from error


def longest_days(wait: Mapping[str, Any]) -> float:
    """Say how many days a duration takes at most."""
    amount, unit = int(wait["amount"]), wait["unit"]
    if unit in ELAPSED_MS:
        return amount * ELAPSED_MS[unit] / DAY_MS
    return amount * DAYS_OF[unit] if unit in DAYS_OF else amount * 30.5


def due_ms(start_ms: int, wait: Mapping[str, Any], resume_at: Mapping[str, Any] | None, zone_name: str) -> int:
    """Say when a wait that began at `start_ms` is over; `resume_at` holds it on, once, after the duration."""
    ends_ms = after_ms(start_ms, wait, zone_name)
    if not resume_at:
        return ends_ms
    return hold_on_ms(ends_ms, resume_at.get("time"), resume_at.get("weekdays") or (), zone_name)


def after_ms(start_ms: int, wait: Mapping[str, Any], zone_name: str) -> int:
    """Add a duration `{amount, unit}` to an instant."""
    amount, unit = int(wait["amount"]), wait["unit"]
    if unit in ELAPSED_MS:
        return start_ms + amount * ELAPSED_MS[unit]
    local = _local(start_ms, zone_name)
    day = local.date()
    ends = _months_later(day, amount) if unit == "MONTHS" else day + timedelta(days=amount * DAYS_OF[unit])
    return _instant_ms(datetime.combine(ends, local.time()), zone_name)


def before_ms(end_ms: int, span: Mapping[str, Any], zone_name: str) -> int:
    """Subtract a duration from an instant, by the same calendar."""
    return after_ms(end_ms, {"amount": -int(span["amount"]), "unit": span["unit"]}, zone_name)


def hold_on_ms(from_ms: int, at: str | None, weekdays: Sequence[str], zone_name: str) -> int:
    """Give the first instant from `from_ms` on at this clock time (`HH:MM`) and on one of these weekdays.

    The present minute counts when it fits. Without a clock time the one of `from_ms` is kept.
    """
    local = _local(from_ms, zone_name)
    if _fits(local, at, weekdays):
        return from_ms
    clock = local.time() if at is None else time(int(at[:2]), int(at[3:5]))
    for ahead in range(_WEEK + 2):  # a day more than a week: today's clock time may be over
        day = local.date() + timedelta(days=ahead)
        if weekdays and WEEKDAYS[day.weekday()] not in weekdays:
            continue
        instant = _instant_ms(datetime.combine(day, clock), zone_name)
        if instant >= from_ms:
            return instant
    raise ValueError(f"no weekday among {list(weekdays)}")


def _fits(local: datetime, at: str | None, weekdays: Sequence[str]) -> bool:
    is_day = not weekdays or WEEKDAYS[local.weekday()] in weekdays
    return is_day and (at is None or local.strftime("%H:%M") == at)


def _local(at_ms: int, zone_name: str) -> datetime:
    seconds, rest = divmod(at_ms, 1000)
    moment = datetime.fromtimestamp(seconds, UTC) + timedelta(milliseconds=rest)
    return moment.astimezone(zone(zone_name)).replace(tzinfo=None)


def _instant_ms(local: datetime, zone_name: str) -> int:
    """Place a local time on the time line. With fold 0 a skipped time is read by the offset before the gap."""
    aware = local.replace(tzinfo=zone(zone_name), fold=0)
    return round(aware.astimezone(UTC).timestamp() * 1000)


def _months_later(day: date, amount: int) -> date:
    month = day.year * 12 + day.month - 1 + amount
    year, number = divmod(month, 12)
    last = calendar.monthrange(year, number + 1)[1]
    return date(year, number + 1, min(day.day, last))

"""When a delay ends and a digest closes. Times are milliseconds since 1970, calendars in UTC."""

from __future__ import annotations

import calendar
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

UNIT_MS = {"seconds": 1_000, "minutes": 60_000, "hours": 3_600_000, "days": 86_400_000, "weeks": 604_800_000}
MONTH_MS = 30 * 86_400_000
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_ORDINALS = {"1": 0, "2": 1, "3": 2, "4": 3, "5": 4, "last": -1}
_LOOK_AHEAD_DAYS = 400
_MAX_STEP = 366  # of a calendar: every so many days, weeks or months
MAX_DELAY_MS = 366 * 86_400_000
MAX_DIGEST_MS = 28 * 86_400_000  # shorter than events are kept


class NoTime(ValueError):
    """The settings name no time that can be waited for; the text says why."""


def span_ms(amount: Any, unit: Any) -> int:
    """Read an amount of time. Raises NoTime."""
    each = MONTH_MS if unit == "months" else UNIT_MS.get(str(unit))
    if each is None or isinstance(amount, bool) or not isinstance(amount, int | float | str):
        raise NoTime("the amount or its unit is missing")
    try:
        return max(0, int(float(amount) * each))
    except (ValueError, OverflowError) as error:
        raise NoTime("the amount is not a number") from error


def delay_until(metadata: Mapping[str, Any], override: Mapping[str, Any], payload: Any, now_ms: int) -> int:
    """Say when a delay ends. Raises NoTime, also for a scheduled time that is past or more than a year away."""
    return _within(now_ms, MAX_DELAY_MS, lambda: _delay_until(metadata, override, payload, now_ms))


def digest_until(metadata: Mapping[str, Any], now_ms: int) -> int:
    """Say when a digest that opens now closes. Raises NoTime, also for one of more than 28 days."""
    return _within(now_ms, MAX_DIGEST_MS, lambda: _digest_until(metadata, now_ms))


def _within(now_ms: int, most_ms: int, compute: Callable[[], int]) -> int:
    try:
        until_ms = compute()
    except NoTime:
        raise
    except (TypeError, ValueError, OverflowError, AttributeError) as error:
        raise NoTime("the settings cannot be read") from error
    if until_ms - now_ms > most_ms:
        raise NoTime(f"it would last longer than {most_ms // 86_400_000} days")
    return until_ms


def _delay_until(metadata: Mapping[str, Any], override: Mapping[str, Any], payload: Any, now_ms: int) -> int:
    if override.get("amount") is not None and override.get("unit"):
        return now_ms + span_ms(override["amount"], override["unit"])
    if metadata.get("type") != "scheduled":
        return now_ms + span_ms(metadata.get("amount"), metadata.get("unit"))
    path = str(metadata.get("delayPath", ""))
    at_ms = date_at(payload, path)
    if at_ms is None:
        raise NoTime(f"the payload has no date at {path}")
    if at_ms <= now_ms:
        raise NoTime("the scheduled date must be in the future")
    return at_ms


def date_at(payload: Any, path: str) -> int | None:
    """Read the date at a path of names; None where there is none."""
    value = payload
    for part in path.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return _read(value)


def _digest_until(metadata: Mapping[str, Any], now_ms: int) -> int:
    if metadata.get("type") != "timed":
        return now_ms + span_ms(metadata.get("amount"), metadata.get("unit"))
    timed = metadata.get("timed") or {}
    now = datetime.fromtimestamp(now_ms / 1000, UTC)
    if timed.get("cronExpression"):
        return _next_of_cron(str(timed["cronExpression"]), now)
    unit, amount = metadata.get("unit"), min(_MAX_STEP, max(1, int(metadata.get("amount") or 1)))
    if unit in ("seconds", "minutes", "hours"):
        each = UNIT_MS[unit] * amount
        return (now_ms // each + 1) * each
    return _next_day(unit, amount, timed, now)


def _next_of_cron(expression: str, now: datetime) -> int:
    from croniter import croniter  # heavy

    try:
        return int(croniter(expression, now).get_next(float) * 1000)
    except (ValueError, KeyError) as error:
        raise NoTime("the cron expression cannot be read") from error


def _next_day(unit: Any, amount: int, timed: Mapping[str, Any], now: datetime) -> int:
    hour, minute = _clock(str(timed.get("atTime") or "00:00"))
    start = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
    for ahead in range(_LOOK_AHEAD_DAYS * max(1, amount)):
        day = start + timedelta(days=ahead)
        if day > now and _is_day(unit, amount, timed, day, now):
            return int(day.timestamp() * 1000)
    raise NoTime("the calendar names no day")


def _is_day(unit: Any, amount: int, timed: Mapping[str, Any], day: datetime, now: datetime) -> bool:
    if unit == "days":
        return (day.toordinal()) % amount == 0
    if unit == "weeks":
        names = [str(name).lower() for name in timed.get("weekDays") or _DAYS[:1]]
        return _DAYS[day.weekday()] in names and (day.toordinal() // 7) % amount == 0
    if unit != "months":
        raise NoTime("a timed digest needs a unit")
    if (day.year * 12 + day.month) % amount:
        return False
    if timed.get("monthlyType") == "on":
        return _is_ordinal(str(timed.get("ordinal")), str(timed.get("ordinalValue")), day)
    last = calendar.monthrange(day.year, day.month)[1]
    return day.day in {min(int(number), last) for number in timed.get("monthDays") or (1,)}


def _is_ordinal(ordinal: str, value: str, day: datetime) -> bool:
    last = calendar.monthrange(day.year, day.month)[1]
    kinds = {"day": range(7), "weekday": range(5), "weekend": range(5, 7)}
    wanted = kinds.get(value) or ([_DAYS.index(value)] if value in _DAYS else None)
    if wanted is None or ordinal not in _ORDINALS:
        raise NoTime("the ordinal day cannot be read")
    days = [number for number in range(1, last + 1) if day.replace(day=number).weekday() in wanted]
    position = _ORDINALS[ordinal]
    return position < len(days) and days[position] == day.day


def _clock(text: str) -> tuple[int, int]:
    hour, _, minute = text.partition(":")
    try:
        found = int(hour), int(minute[:2] or 0)
    except ValueError as error:
        raise NoTime("the time of day cannot be read") from error
    if not (0 <= found[0] < 24 and 0 <= found[1] < 60):
        raise NoTime("the time of day cannot be read")
    return found


def _read(value: Any) -> int | None:
    if not isinstance(value, str):
        return None
    try:
        made = datetime.fromisoformat(value)
    except ValueError:
        return None
    return int((made if made.tzinfo else made.replace(tzinfo=UTC)).timestamp() * 1000)

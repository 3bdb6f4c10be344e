"""dateFormat: times in the patterns of date-fns, in UTC."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

_PATTERN = re.compile(r"''|'(?:[^']|'')+'|do|Mo|Qo|wo|yyyy|yy|y|MMMM|MMM|MM|M|dd|d|EEEE|EEE|EE|E|HH|H|hh|h|mm|m|ss|s|"
                      r"SSS|aaaa|aaa|aa|a|xxx|XXX|X|Q|PPPP|PPP|PP|P|pp|p|t|T")  # fmt: skip


def _ordinal(number: int) -> str:
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}th" if 10 <= number % 100 <= 20 else f"{number}{ending}"


_PARTS: dict[str, Callable[[datetime], str]] = {
    "yyyy": lambda at: f"{at.year:04d}",
    "y": lambda at: str(at.year),
    "yy": lambda at: f"{at.year % 100:02d}",
    "MMMM": lambda at: f"{at:%B}",
    "MMM": lambda at: f"{at:%b}",
    "MM": lambda at: f"{at.month:02d}",
    "M": lambda at: str(at.month),
    "Mo": lambda at: _ordinal(at.month),
    "Q": lambda at: str((at.month + 2) // 3),
    "Qo": lambda at: _ordinal((at.month + 2) // 3),
    "wo": lambda at: _ordinal(at.isocalendar().week),
    "dd": lambda at: f"{at.day:02d}",
    "d": lambda at: str(at.day),
    "do": lambda at: _ordinal(at.day),
    "EEEE": lambda at: f"{at:%A}",
    "EEE": lambda at: f"{at:%a}",
    "EE": lambda at: f"{at:%a}",
    "E": lambda at: f"{at:%a}",
    "HH": lambda at: f"{at.hour:02d}",
    "H": lambda at: str(at.hour),
    "hh": lambda at: f"{at.hour % 12 or 12:02d}",
    "h": lambda at: str(at.hour % 12 or 12),
    "mm": lambda at: f"{at.minute:02d}",
    "m": lambda at: str(at.minute),
    "ss": lambda at: f"{at.second:02d}",
    "s": lambda at: str(at.second),
    "SSS": lambda at: f"{at.microsecond // 1000:03d}",
    "a": lambda at: "AM" if at.hour < 12 else "PM",
    "aa": lambda at: "AM" if at.hour < 12 else "PM",
    "aaa": lambda at: "am" if at.hour < 12 else "pm",
    "aaaa": lambda at: "a.m." if at.hour < 12 else "p.m.",
    "xxx": lambda at: "+00:00",
    "XXX": lambda at: "Z",
    "X": lambda at: "Z",
    "P": lambda at: f"{at:%m/%d/%Y}",
    "PP": lambda at: f"{at:%b} {at.day}, {at.year}",
    "PPP": lambda at: f"{at:%B} {_ordinal(at.day)}, {at.year}",
    "PPPP": lambda at: f"{at:%A}, {at:%B} {_ordinal(at.day)}, {at.year}",
    "p": lambda at: f"{at.hour % 12 or 12}:{at.minute:02d} {'AM' if at.hour < 12 else 'PM'}",
    "pp": lambda at: f"{at.hour % 12 or 12}:{at.minute:02d}:{at.second:02d} {'AM' if at.hour < 12 else 'PM'}",
    "t": lambda at: str(int(at.timestamp())),
    "T": lambda at: str(int(at.timestamp() * 1000)),
}


def read_time(value: Any) -> datetime | None:
    """Read a time: ISO 8601, or milliseconds since 1970; None when it is none."""
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value / 1000, UTC)
        made = datetime.fromisoformat(str(value).strip())
    except (ValueError, OverflowError, OSError):
        return None
    return made.replace(tzinfo=UTC) if made.tzinfo is None else made.astimezone(UTC)


def date_format(value: Any, pattern: str) -> Any:
    """Print a time by a pattern; what is no time comes back as it is."""
    at = read_time(value) if value not in (None, "") else None
    if at is None or not pattern:
        return value
    return _PATTERN.sub(lambda found: _printed(found[0], at), pattern)


def _printed(part: str, at: datetime) -> str:
    if part.startswith("'"):
        return "'" if part == "''" else part[1:-1].replace("''", "'")
    return _PARTS[part](at)

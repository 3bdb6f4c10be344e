"""dateFormat: times in the patterns of date-fns (date-fns.org/docs/format), in UTC and in English."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

_TOKEN = re.compile(r"''|'(?:''|[^'])+(?:'|$)|[yYQqMLwIdDecihHKkms]o|P+p+|(\w)\1*", re.ASCII)
_DATES = {1: "MM/dd/yyyy", 2: "MMM d, y", 3: "MMMM do, y", 4: "EEEE, MMMM do, y"}
_TIMES = {1: "h:mm a", 2: "h:mm:ss a", 3: "h:mm:ss a z", 4: "h:mm:ss a zzzz"}
_DAY_PARTS = ((4, "at night"), (12, "in the morning"), (17, "in the afternoon"), (24, "in the evening"))


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
    return _printed(pattern, at)


def _printed(pattern: str, at: datetime) -> str:
    return _TOKEN.sub(lambda found: _token(found[0], at), pattern)


def _token(part: str, at: datetime) -> str:
    if part.startswith("'"):
        return "'" if part == "''" else part[1:].removesuffix("'").replace("''", "'")
    letter, length = part[0], 1 if part in ("QQQQQ", "qqqqq") else len(part)
    if letter in "Pp":
        return _printed(_long(part), at)
    if letter in _NUMBERS:
        number = _NUMBERS[letter](at)
        if part.endswith("o"):
            return _ordinal(number)
        words = _WORDS.get(letter)
        if words is not None and length > 2:
            return words(at, length)
        return _year(number) if letter == "y" and length == 2 else f"{number:0{length}d}"
    words = _WORDS.get(letter)
    return part if words is None else words(at, length)


def _long(part: str) -> str:
    """Spell out the long forms of dates and times."""
    dates, times = part.count("P"), part.count("p")
    parts = [_DATES[min(4, dates)]] if dates else []
    parts += [_TIMES[min(4, times)]] if times else []
    return (" 'at' " if dates > 2 else ", ").join(parts)


def _ordinal(number: int) -> str:
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}th" if 10 <= number % 100 <= 20 else f"{number}{ending}"


def _year(year: int) -> str:
    return f"{year % 100:02d}"


def _name(word: str, length: int) -> str:
    """Give a name in the length asked for: short, whole, or its first letter."""
    return word if length == 4 else word[0] if length == 5 else word[:2] if length == 6 else word[:3]


def _half(at: datetime, length: int, *, names_noon: bool = False) -> str:
    if names_noon and at.hour in (0, 12):
        text = "noon" if at.hour else "midnight"
        return text if length < 5 else text[: 1 if at.hour else 2]
    text = "am" if at.hour < 12 else "pm"
    return {3: text, 4: f"{text[0]}.m.", 5: text[0]}.get(length, text.upper())


def _quarter(at: datetime) -> int:
    return (at.month + 2) // 3


def _week(at: datetime) -> int:
    """Give the week as America counts it: from Sunday, the first being that of 1 January."""
    first = at.replace(month=1, day=1)
    following = at.replace(year=at.year + 1, month=1, day=1) if at.year < 9_999 else None
    if (
        following is not None
        and (following - at).days <= (following.weekday() + 1) % 7
        and at.date() < following.date()
    ):
        return 1
    return (at.timetuple().tm_yday - 1 + (first.weekday() + 1) % 7) // 7 + 1


_NUMBERS: dict[str, Callable[[datetime], int]] = {
    "y": lambda at: at.year,
    "u": lambda at: at.year,
    "R": lambda at: at.isocalendar().year,
    "Q": _quarter,
    "q": _quarter,
    "M": lambda at: at.month,
    "L": lambda at: at.month,
    "w": _week,
    "I": lambda at: at.isocalendar().week,
    "d": lambda at: at.day,
    "D": lambda at: at.timetuple().tm_yday,
    "e": lambda at: at.isoweekday() % 7 + 1,
    "c": lambda at: at.isoweekday() % 7 + 1,
    "i": lambda at: at.isoweekday(),
    "H": lambda at: at.hour,
    "k": lambda at: at.hour or 24,
    "h": lambda at: at.hour % 12 or 12,
    "K": lambda at: at.hour % 12,
    "m": lambda at: at.minute,
    "s": lambda at: at.second,
    "t": lambda at: int(at.timestamp()),
    "T": lambda at: int(at.timestamp() * 1000),
}
_WORDS: dict[str, Callable[[datetime, int], str]] = {
    **{letter: lambda at, length: _name(f"{at:%B}", length) for letter in "ML"},
    **{letter: lambda at, length: _name(f"{at:%A}", length) for letter in "Eeci"},
    **{
        letter: lambda at, length: f"Q{_quarter(at)}" if length == 3 else f"{_ordinal(_quarter(at))} quarter"
        for letter in "Qq"
    },
    "S": lambda at, length: f"{at.microsecond:06d}".ljust(length, "0")[:length],
    "a": _half,
    "b": lambda at, length: _half(at, length, names_noon=True),
    "B": lambda at, length: next(words for ends, words in _DAY_PARTS if at.hour < ends),
    "G": lambda at, length: {4: "Anno Domini", 5: "A"}.get(length, "AD"),
    "z": lambda at, length: "GMT+00:00" if length > 3 else "GMT+0",
    "O": lambda at, length: "GMT+00:00" if length > 3 else "GMT+0",
    "x": lambda at, length: {1: "+00", 2: "+0000", 4: "+0000"}.get(length, "+00:00"),
    "X": lambda at, length: "Z",
}

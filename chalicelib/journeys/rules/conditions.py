"""Conditions on an event, a customer's profile or a token's attributes.

Text compares without regard to case unless a condition says otherwise; numbers and RFC 3339 dates compare as such. A
missing value satisfies only NOT_EXISTS, NOT_EQUALS, NOT_CONTAINS and NOT_IN.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from chalicelib.journeys.rules import clock

EVENT, CUSTOMER, ATTRIBUTE = "EVENT", "CUSTOMER", "ATTRIBUTE"
_WITHOUT_VALUE = frozenset({"NOT_EXISTS", "NOT_EQUALS", "NOT_CONTAINS", "NOT_IN"})
Facts = Callable[[str], Any]  # subject to what is known of it; asked only for subjects that conditions name


class When(NamedTuple):
    """The instant (milliseconds) and the zone conditions are judged in."""

    at_ms: int
    zone: str = "UTC"


def holds(group: Mapping[str, Any] | None, facts: Facts, at: When) -> bool:
    """Evaluate a group of conditions; none at all always holds."""
    if not group:
        return True
    results = (_part_holds(part, facts, at) for part in group["conditions"])
    return all(results) if group["match"] == "ALL" else any(results)


def subjects_of(group: Mapping[str, Any] | None) -> set[str]:
    """Name the subjects a group asks about."""
    found: set[str] = set()
    for part in (group or {}).get("conditions", ()):
        found |= subjects_of(part) if "conditions" in part else {str(part["subject"])}
    return found


def look_up(subject: Any, path: str) -> Any:
    """Read a value by its path; None when there is none. A name that holds dots is tried whole first."""
    if isinstance(subject, Mapping) and path in subject:
        return subject[path]
    for part in path.split("."):
        if isinstance(subject, list) and part.isdecimal():
            subject = subject[int(part)] if int(part) < len(subject) else None
        else:
            subject = subject.get(part) if isinstance(subject, Mapping) else None
    return subject


def _part_holds(part: Mapping[str, Any], facts: Facts, at: When) -> bool:
    if "conditions" in part:
        return holds(part, facts, at)
    actual = look_up(facts(str(part["subject"])), str(part["path"]))
    operator = str(part["operator"])
    if actual is None or actual == []:
        return operator in _WITHOUT_VALUE
    if operator in ("EXISTS", "NOT_EXISTS"):
        return operator == "EXISTS"
    if operator.startswith("NOT_"):
        return not _test(operator.removeprefix("NOT_"), actual, part, at)
    return _test(operator, actual, part, at)


def _test(operator: str, actual: Any, part: Mapping[str, Any], at: When) -> bool:
    exact = bool(part.get("caseSensitive"))
    if operator == "IN_LAST":
        instant = instant_ms(actual)
        return instant is not None and clock.before_ms(at.at_ms, part["duration"], at.zone) <= instant <= at.at_ms
    if operator == "IN":
        return any(_equal(one, value, exact) for one in _each(actual) for value in part.get("values") or ())
    if operator == "BETWEEN":
        low, high = (part.get("values") or [None, None])[:2]
        return _ordered(low, actual) <= 0 and _ordered(actual, high) <= 0
    value = part.get("value")
    match operator:
        case "EQUALS":
            return any(_equal(one, value, exact) for one in _each(actual))
        case "CONTAINS":
            if isinstance(actual, list):
                return any(_equal(one, value, exact) for one in actual)
            return _text(value, exact) in _text(actual, exact)
        case "STARTS_WITH":
            return _text(actual, exact).startswith(_text(value, exact))
        case "ENDS_WITH":
            return _text(actual, exact).endswith(_text(value, exact))
        case "GREATER_THAN" | "AFTER":
            return 0 < _ordered(actual, value) < _UNORDERED
        case "GREATER_OR_EQUAL":
            return 0 <= _ordered(actual, value) < _UNORDERED
        case "LESS_THAN" | "BEFORE":
            return _ordered(actual, value) < 0
        case "LESS_OR_EQUAL":
            return _ordered(actual, value) <= 0
    return False


_UNORDERED = 2


def _ordered(left: Any, right: Any) -> int:
    """Compare as numbers, else as instants: -1, 0, 1, or 2 when neither can be done."""
    for read in (_number, instant_ms):
        first, second = read(left), read(right)
        if first is not None and second is not None:
            return (first > second) - (first < second)
    return _UNORDERED


def _equal(actual: Any, value: Any, exact: bool) -> bool:
    if isinstance(actual, bool) or isinstance(value, bool):
        return _text(actual, False) == _text(value, False)
    return _ordered(actual, value) == 0 or _text(actual, exact) == _text(value, exact)


def _each(actual: Any) -> list[Any]:
    return actual if isinstance(actual, list) else [actual]


def _text(value: Any, exact: bool) -> str:
    text = ("true" if value else "false") if isinstance(value, bool) else "" if value is None else str(value)
    return text if exact else text.casefold()


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return float(value)
    try:
        number = float(value) if isinstance(value, str) and len(value) <= 40 else None
    except ValueError:
        return None
    return number if number is not None and abs(number) < float("inf") else None


def instant_ms(value: Any) -> int | None:
    """Read an RFC 3339 date or time as milliseconds; without a zone it is UTC; None when it is none."""
    if not isinstance(value, str) or not 10 <= len(value) <= 40:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    try:
        return round((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)
    except (OverflowError, ValueError):
        return None

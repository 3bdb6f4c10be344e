"""Conditions of integrations and filters of steps: groups of comparisons over what is known of a notification."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

SPECIAL = frozenset({"webhook", "isOnline", "isOnlineInLast", "previousStep"})
_MISSING = object()
_UNIT_MS = {"minutes": 60_000, "hours": 3_600_000, "days": 86_400_000}

Special = Callable[[Mapping[str, Any]], bool]


def complete(groups: list[dict[str, Any]] | None) -> list[dict[str, Any]]:
    """Fill what callers may leave out, so that every reader finds all members."""
    return [
        {
            "isNegated": bool(group.get("isNegated", False)),
            "type": group.get("type") or "GROUP",
            "value": group.get("value") or "AND",
            "children": list(group.get("children") or ()),
        }
        for group in groups or ()
    ]


def passes(groups: list[dict[str, Any]], facts: Mapping[str, Any], special: Special = lambda _child: False) -> bool:
    """Say whether one of the groups holds; without groups everything does.

    `facts` holds what children look at by the names they use: subscriber, payload, tenant. `special` decides the
    children that need more than that.
    """
    return not groups or any(_group_holds(group, facts, special) for group in groups)


def _group_holds(group: Mapping[str, Any], facts: Mapping[str, Any], special: Special) -> bool:
    children = group.get("children") or []
    results = (special(child) if child.get("on") in SPECIAL else child_holds(child, facts) for child in children)
    holds = any(results) if group.get("value") == "OR" and children else all(results)
    return holds != bool(group.get("isNegated"))


def child_holds(child: Mapping[str, Any], facts: Mapping[str, Any]) -> bool:
    """Compare one value."""
    actual = look_up(facts.get(str(child.get("on"))), str(child.get("field", "")))
    return compare(actual, str(child.get("operator", "EQUAL")), child.get("value"))


def look_up(value: Any, path: str) -> Any:
    """Follow a path of names; MISSING is answered as a private mark that equals nothing."""
    for part in path.split("."):
        if isinstance(value, list) and part.isdecimal() and int(part) < len(value):
            value = value[int(part)]
        elif isinstance(value, Mapping) and part in value:
            value = value[part]
        else:
            return _MISSING
    return value


def compare(actual: Any, operator: str, wanted: Any) -> bool:
    """Compare what is there with what the condition names, which is brought to the type of the former."""
    is_there = actual is not _MISSING and actual is not None
    if operator == "IS_DEFINED":
        return is_there
    if not is_there:
        return operator in ("NOT_EQUAL", "NOT_IN", "NOT_LIKE")
    if operator in _BY_LIST:
        return _BY_LIST[operator](actual, wanted)
    if operator in ("EQUAL", "NOT_EQUAL"):
        return (_like(actual, wanted) == actual) == (operator == "EQUAL")
    ordered = _ORDER.get(operator)
    if ordered is None:
        return False
    left, right = _comparable(actual, wanted)
    return left is not None and right is not None and ordered(left, right)


def is_online_in_last(last_online_ms: int, child: Mapping[str, Any], now_ms: int) -> bool:
    """Say whether somebody was there within the time a child names."""
    try:
        amount = float(str(child.get("value", 0)))
    except ValueError:
        return False
    span_ms = amount * _UNIT_MS.get(str(child.get("timeOperator")), 60_000)
    return last_online_ms > 0 and now_ms - last_online_ms <= span_ms


def _like(actual: Any, wanted: Any) -> Any:
    if isinstance(actual, bool):
        return wanted if isinstance(wanted, bool) else str(wanted).strip().lower() == "true"
    if isinstance(actual, int | float):
        number = _number(wanted)
        return wanted if number is None else number
    if isinstance(actual, str):
        return _text(wanted)
    return _parsed(wanted)


def _comparable(actual: Any, wanted: Any) -> tuple[Any, Any]:
    numbers = _number(actual), _number(wanted)
    if None not in numbers:
        return numbers
    times = _time(actual), _time(wanted)
    if None not in times:
        return times
    return (actual, _text(wanted)) if isinstance(actual, str) else (None, None)


def _number(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def _time(value: Any) -> float | None:
    try:
        made = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return (made if made.tzinfo else made.replace(tzinfo=UTC)).timestamp()


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else json.dumps(value) if isinstance(value, dict | list) else str(value)


def _parsed(value: Any) -> Any:
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return value


def _list(value: Any) -> list[str]:
    """Read a list: JSON, or texts between commas."""
    parsed = _parsed(value)
    if isinstance(parsed, list):
        return [_text(item) for item in parsed]
    return [part.strip() for part in _text(value).split(",") if part.strip()]


def _actual_list(value: Any) -> list[str]:
    return [_text(item) for item in value] if isinstance(value, list) else [_text(value)]


def _contains(actual: Any, wanted: Any) -> bool:
    if isinstance(actual, list):
        return any(_like(item, wanted) == item for item in actual)
    if isinstance(actual, str):
        return _text(wanted) in actual
    return _text(actual) in _list(wanted)


def _between(actual: Any, wanted: Any) -> bool:
    ends = _list(wanted)
    if len(ends) != 2:
        return False
    low, high = _comparable(actual, ends[0]), _comparable(actual, ends[1])
    if None in (*low, *high):
        return False
    return bool(low[1] <= low[0] and high[0] <= high[1])


_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "LARGER": lambda a, b: bool(a > b),
    "SMALLER": lambda a, b: bool(a < b),
    "LARGER_EQUAL": lambda a, b: bool(a >= b),
    "SMALLER_EQUAL": lambda a, b: bool(a <= b),
}
_BY_LIST: dict[str, Callable[[Any, Any], bool]] = {
    "IN": _contains,
    "NOT_IN": lambda a, b: not _contains(a, b),
    "ALL_IN": lambda a, b: set(_actual_list(a)) <= set(_list(b)),
    "ANY_IN": lambda a, b: not set(_actual_list(a)).isdisjoint(_list(b)),
    "BETWEEN": _between,
    "NOT_BETWEEN": lambda a, b: not _between(a, b),
    "LIKE": lambda a, b: _text(b).lower() in _text(a).lower(),
    "NOT_LIKE": lambda a, b: _text(b).lower() not in _text(a).lower(),
}

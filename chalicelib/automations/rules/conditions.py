"""Comparisons without JavaScript: `{left, operator, right}`, joined by all, any and not."""

from __future__ import annotations

from typing import Any


def needs_script(condition: Any) -> bool:
    """Say whether a condition is a JavaScript expression."""
    return isinstance(condition, str)


def same(left: Any, right: Any) -> bool:
    """Say whether two JSON values are equal; true is not 1, inside lists and objects neither."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(value, right[name]) for name, value in left.items())
    return bool(left == right)


def holds(condition: dict[str, Any]) -> bool:
    """Evaluate a condition whose references are resolved."""
    if "all" in condition:
        return all(holds(part) for part in condition["all"])
    if "any" in condition:
        return any(holds(part) for part in condition["any"])
    if "not" in condition:
        return not holds(condition["not"])
    return _compare(condition.get("left"), condition["operator"], condition.get("right"))


def is_true(value: Any) -> bool:
    """Say whether JavaScript takes a value for true."""
    return not (value is None or value is False or value == "" or (isinstance(value, int | float) and value == 0))


def _compare(left: Any, operator: str, right: Any) -> bool:
    match operator:
        case "==":
            return same(left, right)
        case "!=":
            return not same(left, right)
        case "exists":
            return left is not None
        case "empty":
            return left is None or left == "" or left == [] or left == {}
        case "in":
            return isinstance(right, list) and any(same(left, one) for one in right)
        case "contains":
            if isinstance(left, list):
                return any(same(one, right) for one in left)
            return isinstance(left, str | dict) and isinstance(right, str) and right in left
        case "startsWith":
            return isinstance(left, str) and isinstance(right, str) and left.startswith(right)
        case "endsWith":
            return isinstance(left, str) and isinstance(right, str) and left.endswith(right)
    return _ordered(left, operator, right)


def _ordered(left: Any, operator: str, right: Any) -> bool:
    numbers = all(isinstance(one, int | float) and not isinstance(one, bool) for one in (left, right))
    if not numbers and not (isinstance(left, str) and isinstance(right, str)):
        return False
    return bool({">": left > right, ">=": left >= right, "<": left < right, "<=": left <= right}[operator])

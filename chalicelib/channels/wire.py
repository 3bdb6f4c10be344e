"""How this surface asks and shows: numbers, flags and lists in queries, pages, times, what has no value."""

from __future__ import annotations

from typing import Any

from chalicelib.core import clock
from chalicelib.core.call import Call
from chalicelib.core.errors import InvalidInput


def number(call: Call, name: str, default: int, low: int = 0, high: int | None = None) -> int:
    """Read a whole number of the query. Raises InvalidInput outside its range."""
    text = call.query.get(name)
    if text is None or text == "":
        return default
    limit = f"from {low} to {high}" if high is not None else f"from {low}"
    if not text.isdecimal() or len(text) > 9 or int(text) < low or (high is not None and int(text) > high):
        raise InvalidInput.at(name, f"{name} must be a whole number {limit}", "range")
    return int(text)


def flag(call: Call, name: str) -> bool | None:
    """Read a yes or no of the query; None when it is absent."""
    text = call.query.get(name, "").lower()
    if text in ("", "undefined", "null"):
        return None
    if text not in ("true", "false", "1", "0"):
        raise InvalidInput.at(name, f"{name} must be true or false", "type")
    return text in ("true", "1")


def many(call: Call, name: str) -> list[str]:
    """Read a parameter that may be repeated, also as `name[]`."""
    return [value for value in call.query_lists.get(name, ()) if value]


def page_of(items: list[Any], page: int, size: int, total: int | None = None, **more: Any) -> dict[str, Any]:
    """Build a page."""
    made = {"page": page, "pageSize": size, **more, "data": items}
    return made if total is None else {**made, "totalCount": total}


def filled(shown: dict[str, Any]) -> dict[str, Any]:
    """Leave out what has no value: readers of this surface refuse null where a text may stand."""
    return {name: value for name, value in shown.items() if value is not None}


def iso(at_ms: int) -> str | None:
    """Render a time, None for none."""
    return clock.iso_ms(at_ms) if at_ms else None

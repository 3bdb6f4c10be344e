"""How values become text and truth, as JavaScript has it."""

from __future__ import annotations

import math
from typing import Any

_ESCAPES = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;", "`": "&#x60;", "=": "&#x3D;"}
)


def escape(text: str) -> str:
    """Make a text harmless inside HTML."""
    return text.translate(_ESCAPES)


def text_of(value: Any) -> str:
    """Print a value: nothing for null, lists joined by commas."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        if math.isfinite(value) and value == int(value) and abs(value) < 1e21:
            return str(int(value))
        return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}.get(repr(value), repr(value))
    if isinstance(value, dict):
        return "[object Object]"
    if isinstance(value, list | tuple):
        return ",".join(text_of(item) for item in value)
    return str(value)


def is_empty(value: Any) -> bool:
    """Say whether a value counts as nothing: null, false, the empty text and the empty list; zero does not."""
    return value is None or value is False or value == "" or (isinstance(value, list | tuple) and not value)


def is_true(value: Any, *, includes_zero: bool = False) -> bool:
    """Say whether a value counts as true."""
    if is_empty(value):
        return False
    is_zero = not isinstance(value, bool) and isinstance(value, int | float) and (value == 0 or value != value)
    return includes_zero if is_zero else True

"""Data that holds references: walking through it, and reading what a reference points at.

A reference is a place in a text, or an object tagged `@type: reference`; what either becomes is the caller's to say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

TAG, REFERENCE = "@type", "reference"
_MAX_DIGITS = 15  # of a position; Python refuses to read numbers of some thousand


class TooDeep(Exception):
    """The data is nested deeper than was allowed."""


def filled(value: Any, text: Callable[[str], Any], tagged: Callable[[dict[str, Any]], Any], depth: int = 1_000) -> Any:
    """Give the data with each text and each tagged object replaced by what the two functions make of it.

    Raises TooDeep, and what they raise.
    """
    if depth <= 0:
        raise TooDeep
    if isinstance(value, str):
        return text(value)
    if isinstance(value, list):
        return [filled(part, text, tagged, depth - 1) for part in value]
    if isinstance(value, dict):
        if value.get(TAG) == REFERENCE:
            return tagged(value)
        return {name: filled(part, text, tagged, depth - 1) for name, part in value.items()}
    return value


def look_up(data: Any, path: Sequence[Any]) -> Any:
    """Follow names and positions into data; None where they lead nowhere."""
    for step in path:
        if isinstance(data, list) and str(step).isdecimal():
            position = int(step) if len(str(step)) <= _MAX_DIGITS else len(data)
            data = data[position] if position < len(data) else None
        elif isinstance(data, Mapping):
            data = data.get(str(step))
        else:
            return None
    return data

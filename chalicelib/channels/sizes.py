"""How much one thing may hold: a row of the table takes 400 KB."""

from __future__ import annotations

from typing import Any

import orjson

from chalicelib.core.errors import TooLarge
from chalicelib.storage.item import Item

MAX_BYTES = 350_000


def check(item: Item) -> None:
    """Refuse an item that could not be stored. Raises TooLarge."""
    check_value(item.to_row()["doc"], item.NOUN)


def check_value(value: Any, noun: str) -> None:
    """Refuse what could not be stored as one thing. Raises TooLarge."""
    if size_of(value) > MAX_BYTES:
        raise TooLarge(f"a {noun} may have at most {MAX_BYTES} bytes")


def size_of(value: Any) -> int:
    """Say how many bytes something takes."""
    return len(orjson.dumps(value))

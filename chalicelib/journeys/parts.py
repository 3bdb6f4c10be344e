"""Cutting work into transactions that DynamoDB takes: at most so many items, and 4 MB of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

import orjson

T = TypeVar("T")
MAX_BYTES = 3_500_000  # the rest is for what lies around the documents of rows


def cut(found: Iterable[T], most: int, doc_of: Callable[[T], Any]) -> Iterator[list[T]]:
    """Cut into parts of at most `most`, whose documents together stay small enough; none is empty."""
    part: list[T] = []
    left = MAX_BYTES
    for one in found:
        size = len(orjson.dumps(doc_of(one)))
        if part and (len(part) == most or size > left):
            yield part
            part, left = [], MAX_BYTES
        part.append(one)
        left -= size
    if part:
        yield part

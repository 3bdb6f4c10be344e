"""Cached: values kept in this process for some seconds, so that hot paths do not read the same row again and again.

For workers, which may see a change late by the cache's age. Whoever writes forgets its own entries.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import Any, Generic, TypeVar
from weakref import WeakSet

from chalicelib.core import clock

T = TypeVar("T")
_all: WeakSet[Cached[Any]] = WeakSet()


class Cached(Generic[T]):
    """Values by key, each for `age_s` seconds; at most `size` of them. Safe to use from many threads."""

    def __init__(self, age_s: float, size: int = 10_000) -> None:
        self._age_ms, self._size = int(age_s * 1000), size
        self._lock = threading.Lock()
        self._entries: dict[Hashable, tuple[int, T]] = {}
        self._generation = 0
        _all.add(self)

    def get(self, key: Hashable, load: Callable[[], T | None]) -> T | None:
        """Give the value of a key, loading it when it is absent or too old. None is never kept."""
        entry, now_ms = self._entries.get(key), clock.now_ms()
        if entry is not None and 0 <= now_ms - entry[0] < self._age_ms:
            return entry[1]
        generation = self._generation
        value = load()
        with self._lock:
            if value is None or generation != self._generation:  # what was loaded may be older than what was forgotten
                return value
            self._entries.pop(key, None)
            while len(self._entries) >= self._size:
                del self._entries[next(iter(self._entries))]
            self._entries[key] = (now_ms, value)
        return value

    def forget(self) -> None:
        """Drop everything; what is being loaded at this moment is not kept either."""
        with self._lock:
            self._entries.clear()
            self._generation += 1


def forget_all() -> None:
    """Empty every cache of the process (tests, and the local stack at start)."""
    for cache in list(_all):
        cache.forget()

"""The receivers' endpoints as this process knows them: how many requests are out, and which of them hang.

An endpoint with several requests that hang is clogged. Its first attempts then go to the retry queue, and its retries
wait a little, so that it holds up nobody else.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import lru_cache

HANGS_AFTER_S = 1.0
CLOGGED_FROM = 3
MAX_AT_ONCE = 10
THREADS = 160
Endpoint = tuple[str, str]

_lock = threading.Lock()
_doors: dict[Endpoint, _Door] = {}


class _Door:
    """The requests that are out to one endpoint, by when they began, and those that wait for a place."""

    def __init__(self) -> None:
        self.out: list[float] = []
        self.waiting = 0
        self.free = threading.Condition(_lock)

    def hanging(self) -> int:
        latest = time.monotonic() - HANGS_AFTER_S
        return sum(started < latest for started in self.out)


@lru_cache(maxsize=1)
def pool() -> ThreadPoolExecutor:
    """Give the threads that attempts run in; they are started as they are needed."""
    return ThreadPoolExecutor(THREADS, thread_name_prefix="attempt")


def is_clogged(endpoint: Endpoint) -> bool:
    """Say whether several requests to this endpoint hang."""
    with _lock:
        door = _doors.get(endpoint)
        return door is not None and door.hanging() >= CLOGGED_FROM


@contextmanager
def slot(endpoint: Endpoint) -> Iterator[bool]:
    """Hold one of the endpoint's ten places; waits for a free one; False when the endpoint clogs meanwhile."""
    started = _enter(endpoint)
    try:
        yield started is not None
    finally:
        if started is not None:
            _leave(endpoint, started)


def _enter(endpoint: Endpoint) -> float | None:
    with _lock:
        door = _doors.setdefault(endpoint, _Door())
        while len(door.out) >= MAX_AT_ONCE:
            if door.hanging() >= CLOGGED_FROM:
                return None
            door.waiting += 1
            door.free.wait(0.1)
            door.waiting -= 1
        started = time.monotonic()
        door.out.append(started)
        return started


def _leave(endpoint: Endpoint, started: float) -> None:
    with _lock:
        door = _doors[endpoint]
        door.out.remove(started)
        if door.out or door.waiting:
            door.free.notify()
        else:
            del _doors[endpoint]

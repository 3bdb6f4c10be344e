"""The receivers' endpoints as this process knows them: how many requests are out, and which of them hang.

An endpoint with several requests that hang is clogged. Its first attempts then go to the retry queue, and its retries
wait a little, so that it holds up nobody else.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import lru_cache

HANGS_AFTER_S = 1.0
CLOGGED_FROM = 3
MAX_AT_ONCE = 10
THREADS = 160
Endpoint = tuple[str, str]

_condition = threading.Condition()
_out: dict[Endpoint, list[float]] = defaultdict(list)


@lru_cache(maxsize=1)
def pool() -> ThreadPoolExecutor:
    """Give the threads that attempts run in; they are started as they are needed."""
    return ThreadPoolExecutor(THREADS, thread_name_prefix="attempt")


def is_clogged(endpoint: Endpoint) -> bool:
    """Say whether several requests to this endpoint hang."""
    with _condition:
        return _hanging(endpoint) >= CLOGGED_FROM


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
    with _condition:
        while len(_out.get(endpoint, ())) >= MAX_AT_ONCE:
            if _hanging(endpoint) >= CLOGGED_FROM:
                return None
            _condition.wait(0.1)
        started = time.monotonic()
        _out[endpoint].append(started)
        return started


def _leave(endpoint: Endpoint, started: float) -> None:
    with _condition:
        _out[endpoint].remove(started)
        if not _out[endpoint]:
            del _out[endpoint]
        _condition.notify_all()


def _hanging(endpoint: Endpoint) -> int:
    latest = time.monotonic() - HANGS_AFTER_S
    return sum(started < latest for started in _out.get(endpoint, ()))

"""Idle connections, kept for the next request of the same workspace to the same origin.

Never shared between workspaces: what one tenant made a server believe about a connection must not reach another.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chalicelib.adapters.http_client.wire import Connection

Key = tuple[str, str, str, int]  # workspace, scheme, host, port

IDLE_S = 30.0
AGE_S = 300.0  # a new connection now and then follows a name that moved
SWEEP_S = 5.0
MAX_PER_KEY = 8
MAX_TOTAL = 128


class Pool:
    """Kept connections; the one used last is given out first."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._idle: dict[Key, list[Connection]] = {}
        self._total = 0
        self._swept_at = 0.0

    def take(self, key: Key, max_idle_s: float = IDLE_S) -> Connection | None:
        """Give out a connection that looks alive and was idle no longer than max_idle_s, or None."""
        while True:
            with self._lock:
                idle = self._idle.get(key)
                if not idle or self._now() - idle[-1].idle_since > max_idle_s:
                    return None
                connection = idle.pop()
                self._total -= 1
                if not idle:
                    del self._idle[key]
            if self._now() - connection.born_at < AGE_S and not connection.has_news():
                connection.is_reused = True
                return connection
            connection.close()

    def put(self, key: Key, connection: Connection) -> None:
        """Keep a connection whose last answer was read to its end."""
        connection.idle_since = self._now()
        with self._lock:
            self._idle.setdefault(key, []).append(connection)
            self._total += 1
            ended = self._overdue(key)
        for old in ended:
            old.close()

    def close_all(self) -> None:
        """End every idle connection."""
        with self._lock:
            ended = [connection for idle in self._idle.values() for connection in idle]
            self._idle.clear()
            self._total = 0
        for connection in ended:
            connection.close()

    def _overdue(self, grown: Key) -> list[Connection]:
        """Take out what is too old or too much, oldest first. Called with the lock held."""
        now = self._now()
        ended = []
        if len(self._idle[grown]) > MAX_PER_KEY:
            ended.append(self._take_oldest(grown))
        if self._total > MAX_TOTAL or now - self._swept_at > SWEEP_S:
            self._swept_at = now
            while self._idle:
                key = min(self._idle, key=lambda key: self._idle[key][0].idle_since)
                if self._total <= MAX_TOTAL and now - self._idle[key][0].idle_since <= IDLE_S:
                    break
                ended.append(self._take_oldest(key))
        return ended

    def _take_oldest(self, key: Key) -> Connection:
        connection = self._idle[key].pop(0)
        self._total -= 1
        if not self._idle[key]:
            del self._idle[key]
        return connection

"""Waking receivers that wait: at once for messages of this process, within a tick for those of others.

One thread per process watches the file for all waiting receivers together, and only while there are any. A tick
costs one PRAGMA data_version; queues are looked at only when something was written or a message is due.
"""

import threading
import time
from collections.abc import Callable

TICK_S = 0.012
JUMP_MS = 1000
NEVER = 1 << 62


class Room:
    """The receivers of this process that wait for one queue."""

    __slots__ = ("condition", "due_at", "is_fresh", "ticket", "waiting")

    def __init__(self) -> None:
        self.condition = threading.Condition(threading.Lock())
        self.waiting = 0
        self.ticket = 0
        self.due_at = NEVER
        self.is_fresh = False


class Bell:
    """All rooms and the watcher.

    version gives a number that changes with every write to the file; due_at says when the next message of a queue
    becomes visible (NEVER if there is none).
    """

    def __init__(self, version: Callable[[], int], due_at: Callable[[str], int], now_ms: Callable[[], int]) -> None:
        self._version = version
        self._due_at = due_at
        self._now_ms = now_ms
        self._rooms: dict[str, Room] = {}
        self._guard = threading.Lock()
        self._someone_waits = threading.Event()
        self._watcher: threading.Thread | None = None
        self._is_closed = False

    def ticket(self, queue: str) -> int:
        """Take a number before looking into the queue: a ring after that is not missed."""
        return self._room(queue).ticket

    def ring(self, queue: str, count: int = 1) -> None:
        """Wake up to count receivers of this queue."""
        room = self._rooms.get(queue)
        if room is not None:
            with room.condition:
                room.ticket += 1
                room.condition.notify(count)

    def wait(self, queue: str, ticket: int, timeout_s: float) -> bool:
        """Wait for a ring since ticket, or for the time to pass; False when the bell is closed."""
        room = self._room(queue)
        self._watch()
        with room.condition:
            if room.ticket == ticket and not self._is_closed:
                room.waiting += 1
                room.is_fresh = True
                self._someone_waits.set()
                try:
                    room.condition.wait(timeout_s)
                finally:
                    room.waiting -= 1
        return not self._is_closed

    def close(self) -> None:
        """Send every receiver home and end the watcher."""
        self._is_closed = True
        self._someone_waits.set()
        for room in list(self._rooms.values()):
            with room.condition:
                room.condition.notify_all()
        if self._watcher is not None:
            self._watcher.join()

    def _room(self, queue: str) -> Room:
        room = self._rooms.get(queue)
        return room if room is not None else self._rooms.setdefault(queue, Room())

    def _watch(self) -> None:
        if self._watcher is None:
            with self._guard:
                if self._watcher is None and not self._is_closed:
                    self._watcher = threading.Thread(target=self._run, name="queue-bell", daemon=True)
                    self._watcher.start()

    def _run(self) -> None:
        version, clock = -1, self._now_ms()
        while not self._is_closed:
            is_idle = True
            seen, now = self._version(), self._now_ms()
            has_changed, has_jumped = seen != version, abs(now - clock) > JUMP_MS
            for name, room in list(self._rooms.items()):
                if room.waiting:
                    is_idle = False
                    if has_changed or has_jumped or room.is_fresh or room.due_at <= now:
                        self._tend(name, room, now, has_jumped)
            version, clock = seen, now
            if is_idle:
                self._sleep_until_someone_waits()
            time.sleep(TICK_S)

    def _sleep_until_someone_waits(self) -> None:
        self._someone_waits.clear()
        if not self._is_closed and not any(room.waiting for room in list(self._rooms.values())):
            self._someone_waits.wait()

    def _tend(self, name: str, room: Room, now: int, has_jumped: bool) -> None:
        room.is_fresh = False
        room.due_at = self._due_at(name)
        if room.due_at <= now or has_jumped:
            with room.condition:
                room.ticket += 1
                if has_jumped:
                    room.condition.notify_all()
                else:
                    room.condition.notify()

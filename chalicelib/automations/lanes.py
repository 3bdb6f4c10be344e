"""Fairness: a workspace that starts more than its share goes through a lane of its own, or is asked to come later.

Counted in this process, so a limit of the deployment is this times the processes that run; it costs no write.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager

from chalicelib.automations import queues
from chalicelib.core import clock
from chalicelib.core.errors import RateLimited

_lock = threading.Lock()
_KEPT = 10_000


def _setting(name: str, default: float) -> float:
    return float(os.environ.get(name) or default)


class Buckets:
    """A bucket of tokens a workspace, refilled by time."""

    def __init__(self) -> None:
        self._levels: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def take(self, workspace_id: str, rate: float, size: float) -> float:
        """Take one token; answers 0, or how many seconds until there is one."""
        now_ms = clock.now_ms()
        with _lock:
            level, at_ms = self._levels.pop(workspace_id, (size, now_ms))
            level = min(size, level + rate * max(0, now_ms - at_ms) / 1000)
            missing = max(0.0, 1 - level)
            self._levels[workspace_id] = (level if missing else level - 1, now_ms)
            while len(self._levels) > _KEPT:
                self._levels.popitem(last=False)
        return missing / rate

    def forget(self) -> None:
        """Fill every bucket."""
        with _lock:
            self._levels.clear()


_shares, _requests = Buckets(), Buckets()
_running: dict[str, int] = {}


def forget() -> None:
    """Start anew (tests)."""
    _shares.forget()
    _requests.forget()
    _running.clear()


def lane_of(workspace_id: str) -> str:
    """Say which queue takes a start: that of everybody, or the backlog of those above their share."""
    rate = _setting("MILLRACE_EXECUTIONS_SHARE_PER_S", 50)
    return queues.ADVANCE if _shares.take(workspace_id, rate, 2 * rate) == 0 else queues.BACKLOG


def check_rate(workspace_id: str) -> None:
    """Count a request to start something. Raises RateLimited with when to try again."""
    rate = _setting("MILLRACE_EXECUTIONS_PER_S", 500)
    wait_s = _requests.take(workspace_id, rate, 2 * rate)
    if wait_s > 0:
        raise RateLimited("too many executions are started", max(1, int(-(-wait_s // 1))))


@contextmanager
def running(workspace_id: str) -> Iterator[None]:
    """Hold one of a workspace's places for executions that callers wait for. Raises RateLimited."""
    most = int(_setting("MILLRACE_EXECUTIONS_AT_ONCE", 32))
    with _lock:
        if _running.get(workspace_id, 0) >= most:
            raise RateLimited(f"callers wait for {most} executions already; use Prefer: respond-async", 1)
        _running[workspace_id] = _running.get(workspace_id, 0) + 1
    try:
        yield
    finally:
        with _lock:
            _running[workspace_id] -= 1
            if not _running[workspace_id]:
                del _running[workspace_id]

"""Fairness: a workspace that starts more than its share goes through a lane of its own, or is asked to come later.

The limits hold for all processes together (rules/quotas.py). Requests above the rate are refused with Retry-After;
what was accepted already is never dropped, only brought later. When the table that keeps the counts does not answer,
nothing is refused for it.
"""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TypeVar

from chalicelib.adapters import logs
from chalicelib.automations import models, queues
from chalicelib.automations.rules import quotas
from chalicelib.automations.rules.quotas import Level
from chalicelib.core import clock, ids
from chalicelib.core.errors import RateLimited, Unavailable
from chalicelib.storage.expressions import Row

STARTS, SHARE, PLACES = "starts", "share", "places"
_KEPT = 10_000
_TRIES = 8
_lock = threading.Lock()
K = TypeVar("K")
V = TypeVar("V")
_process = ids.new_worker_id()


def _setting(name: str, default: float) -> float:
    return float(os.environ.get(name) or default)


class _Purse:
    """What this process holds of one bucket of a workspace."""

    def __init__(self, workspace_id: str, kind: str) -> None:
        self.workspace_id, self.kind = workspace_id, kind
        self.lock = threading.Lock()
        self.tokens = self.debt = 0
        self.block = 1
        self.ready_ms = self.until_ms = self.refused_ms = 0
        self.row: Row | None = None

    def take(self, rate: float, *, waits: bool = False) -> float:
        """Use one token; answers 0, or after how many seconds there is one. With `waits` it is promised then."""
        with self.lock:
            now_ms = clock.now_ms()
            if now_ms >= self.until_ms:
                self.tokens, self.debt, self.block, self.ready_ms = 0, 1, 1, 0
                self.until_ms = now_ms + quotas.LEASE_MS
                return 0.0
            if self.tokens < 1 and not (self.refused_ms > now_ms and not waits):
                self._lease(rate, now_ms, waits=waits)
            if self.tokens < 1 or (self.ready_ms > now_ms and not waits):
                return max(self.refused_ms, self.ready_ms, now_ms + 1) / 1000 - now_ms / 1000
            self.tokens -= 1
            return max(0, self.ready_ms - now_ms) / 1000

    def _lease(self, rate: float, now_ms: int, *, waits: bool) -> None:
        for _ in range(_TRIES):
            held = None if self.row is None else Level(*self.row["doc"])
            found = quotas.lease(held, now_ms, rate, 2 * rate, self.debt, self.block, waits=waits)
            if found.tokens == 0 and self.row is not None:
                known, self.row = self.row, models.limit(self.workspace_id, self.kind)
                if self.row is None or self.row["v"] != known["v"]:
                    continue
            try:
                if found.tokens:
                    doc = [found.left.tokens, found.left.at_ms]
                    self.row = models.put_limit(self.workspace_id, self.kind, doc, self.row)
            except models.LimitMoved as moved:
                self.row = moved.row
                continue
            except Unavailable as error:
                logs.log("limits.unavailable", level="WARNING", reason=error.message)
                self.tokens, self.ready_ms = 1, now_ms
                return
            self._keep(found, now_ms, rate)
            return
        self.tokens, self.ready_ms = 1, now_ms  # everybody wants it at once; the debt stays

    def _keep(self, found: quotas.Block, now_ms: int, rate: float) -> None:
        self.tokens, self.ready_ms, self.until_ms = found.tokens, found.ready_ms, now_ms + quotas.LEASE_MS
        if found.tokens:
            self.debt, self.block = 0, quotas.following(self.block, rate)
        else:
            self.refused_ms, self.ready_ms = found.ready_ms, 0


_purses: dict[tuple[str, str], _Purse] = {}


def _purse(workspace_id: str, kind: str) -> _Purse:
    with _lock:
        return _kept(_purses, (workspace_id, kind), lambda: _Purse(workspace_id, kind))


def _kept(among: dict[K, V], key: K, make: Callable[[], V]) -> V:
    found = among.get(key)
    if found is None:
        while len(among) >= _KEPT:
            del among[next(iter(among))]
        found = among[key] = make()
    return found


def forget() -> None:
    """Start anew (tests)."""
    with _lock:
        _purses.clear()
        _held.clear()
        _turns.clear()


# --- starts -------------------------------------------------------------------------------------------------------


def _rate() -> float:
    return _setting("MILLRACE_EXECUTIONS_PER_S", 500)


def lane_of(workspace_id: str) -> str:
    """Say which queue takes a start: that of everybody, or the backlog of those above their share."""
    rate = _setting("MILLRACE_EXECUTIONS_SHARE_PER_S", 50)
    return queues.ADVANCE if _purse(workspace_id, SHARE).take(rate) == 0 else queues.BACKLOG


def check_rate(workspace_id: str) -> None:
    """Count a request to start something. Raises RateLimited with when to try again."""
    wait_s = _purse(workspace_id, STARTS).take(_rate())
    if wait_s > 0:
        raise RateLimited("too many executions are started", max(1, int(-(-wait_s // 1))))


def delay_of(workspace_id: str) -> float | None:
    """Count a start that was accepted already; answers when it may begin, in seconds, by the backlog; None: now."""
    wait_s = _purse(workspace_id, STARTS).take(_rate(), waits=True)
    if wait_s > 0:
        return wait_s
    return None if lane_of(workspace_id) == queues.ADVANCE else 0.0


# --- turns of one worker --------------------------------------------------------------------------------------------

MOST_TURNS = 16  # of one workspace at once in a worker's common lane; the rest goes to the backlog
_turns: Counter[str] = Counter()


def enter(workspace_id: str) -> bool:
    """Take a place among this worker's turns for a workspace; False when it has enough of them."""
    with _lock:
        if _turns[workspace_id] >= MOST_TURNS:
            return False
        _turns[workspace_id] += 1
        return True


def turns() -> int:
    """Count the turns under way in this worker's common lanes."""
    with _lock:
        return sum(_turns.values())


def leave(workspace_id: str) -> None:
    """Give the place back."""
    with _lock:
        _turns[workspace_id] -= 1
        if _turns[workspace_id] <= 0:
            del _turns[workspace_id]


# --- callers that wait ----------------------------------------------------------------------------------------------


class _Held:
    """Places that this process holds for a workspace's callers."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.used = self.places = 0
        self.until_ms = 0
        self.is_scarce = False


_held: dict[str, _Held] = {}


@contextmanager
def running(workspace_id: str) -> Iterator[None]:
    """Hold one of a workspace's places for executions that callers wait for. Raises RateLimited.

    Places are held for half a minute, and given back at once only when there are few.
    """
    with _lock:
        held = _kept(_held, workspace_id, _Held)
    with held.lock:
        now_ms = clock.now_ms()
        if held.used >= held.places or held.until_ms <= now_ms + quotas.PLACE_MS // 3:
            _claim(workspace_id, held, held.used + 1, now_ms)
        held.used += 1
    try:
        yield
    finally:
        with held.lock:
            held.used -= 1
            if held.is_scarce:
                with suppress(RateLimited):
                    _claim(workspace_id, held, held.used, clock.now_ms())


def _claim(workspace_id: str, held: _Held, wanted: int, now_ms: int) -> None:
    """Write down how many places this process holds. Raises RateLimited when others hold too many."""
    most = int(_setting("MILLRACE_EXECUTIONS_AT_ONCE", 32))
    try:
        row = models.limit(workspace_id, PLACES)
        for _ in range(_TRIES):
            places = {} if row is None else dict(row["doc"])
            free = quotas.places_left(places, _process, now_ms, most)
            if wanted > free:
                raise RateLimited(f"callers wait for {most} executions already; use Prefer: respond-async", 1)
            kept = {name: place for name, place in places.items() if place[1] > now_ms and name != _process}
            if wanted:
                kept[_process] = [wanted, now_ms + quotas.PLACE_MS]
            try:
                models.put_limit(workspace_id, PLACES, kept, row)
                break
            except models.LimitMoved as moved:
                row = moved.row
        held.is_scarce = free - wanted < most // 2
    except Unavailable as error:
        logs.log("limits.unavailable", level="WARNING", reason=error.message)
    held.places, held.until_ms = wanted, now_ms + quotas.PLACE_MS

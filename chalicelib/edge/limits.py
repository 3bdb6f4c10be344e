"""Rate limits: how many requests of a kind a key, an address or a bot may make (docs/decisions/0015-rate-limits.md).

Buckets lie in this process, so a request below its limit asks no table. What was taken is reported from the
background, at most once a second for each bucket in use, to counters that app.py plugs in; while those do not answer,
each process goes on by itself.
"""

from __future__ import annotations

import contextvars
import hashlib
import math
import queue
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import NamedTuple, Protocol

from chalicelib.adapters import logs
from chalicelib.core import clock
from chalicelib.core.bucket import Bucket, Policy, Seen
from chalicelib.core.call import Caller
from chalicelib.core.config import settings
from chalicelib.core.errors import PlatformError, RateLimited

READ, WRITE, RUN, HOOK, TOLD = "read", "write", "run", "hook", "told"
KEPT = 10_000  # buckets of one process; who was not seen for longest begins anew with a full one
WINDOW_S = 5


class Place(NamedTuple):
    """Whose bucket: a workspace's, within it a key's or another thing's, for one kind of request."""

    workspace_id: str
    who: str
    kind: str


class Taken(NamedTuple):
    """How a request left its bucket; `wait_s` above zero: it is refused."""

    policy: Policy
    remaining: int
    full_in_s: int
    wait_s: float = 0.0


class Counters(Protocol):
    """Keeps what all processes took of a bucket together."""

    def look(self, place: Place) -> Seen | None: ...

    def add(self, place: Place, used: int, level: int, at_ms: int) -> int:
        """Add what one process took; give what all have taken. `level` is how full that process thinks the bucket."""
        ...


class Background:
    """Runs jobs one after the other in a thread of its own, begun with the first."""

    def __init__(self) -> None:
        self._jobs: queue.Queue[tuple[contextvars.Context, Callable[[], None]]] = queue.Queue()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def __call__(self, job: Callable[[], None]) -> None:
        self._jobs.put((contextvars.copy_context(), job))
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._work, name="limits", daemon=True)
                self._thread.start()

    def join(self) -> None:
        """Wait until every job is done (tests)."""
        self._jobs.join()

    def _work(self) -> None:
        while True:
            context, job = self._jobs.get()
            try:
                context.run(job)
            except Exception as error:  # noqa: BLE001 the next job has nothing to do with this one
                logs.exception("limits.failed", error)
            finally:
                self._jobs.task_done()


class Limiter:
    """The buckets of one process. `run` has a report made, which must not hold up the request."""

    def __init__(self, counters: Counters | None, run: Callable[[Callable[[], None]], None], kept: int = KEPT) -> None:
        self._counters, self._run, self._kept = counters, run, kept
        self._lock = threading.Lock()
        self._buckets: OrderedDict[Place, Bucket] = OrderedDict()

    def take(self, place: Place, policy: Policy) -> Taken:
        """Take a token for one request."""
        now_ms = clock.now_ms()
        with self._lock:
            bucket = self._bucket(place, policy, now_ms)
            wait_s = bucket.take(now_ms)
            taken = Taken(policy, bucket.remaining(), bucket.full_in_s(), wait_s)
            is_due = self._counters is not None and bucket.is_due(now_ms)
            bucket.is_asking |= is_due
        if is_due:
            self._run(lambda: self._report(place, bucket))
        return taken

    def _bucket(self, place: Place, policy: Policy, now_ms: int) -> Bucket:
        bucket = self._buckets.get(place)
        if bucket is None or (bucket.policy is not policy and bucket.policy != policy):
            bucket = self._buckets[place] = Bucket(policy, now_ms)
        self._buckets.move_to_end(place)
        while len(self._buckets) > self._kept:
            self._buckets.popitem(last=False)
        return bucket

    def _report(self, place: Place, bucket: Bucket) -> None:
        if self._counters is None:
            return
        with self._lock:
            used = bucket.begin_report(clock.now_ms())
        try:
            if bucket.total is None:
                seen = self._counters.look(place)
                with self._lock:
                    bucket.meet(seen, used, clock.now_ms())
            total = self._counters.add(place, used, int(bucket.level), clock.now_ms())
            with self._lock:
                bucket.learn(total, used, clock.now_ms())
        except PlatformError as error:
            logs.log("limits.unavailable", level="WARNING", reason=error.message)
            with self._lock:
                bucket.fail(used)
        finally:
            bucket.is_asking = False


_background = Background()
_limiter = Limiter(None, _background)
_counters: Counters | None = None
_spent: ContextVar[list[Taken]] = ContextVar("spent")


def use(counters: Counters | None) -> None:
    """Say what keeps the counts of all processes."""
    global _counters
    _counters = counters
    forget()


def settle() -> None:
    """Wait until nothing is being reported (tests)."""
    _background.join()


def forget() -> None:
    """Begin anew with full buckets, once nothing is being reported any more (tests)."""
    global _limiter
    settle()
    _limiter = Limiter(_counters, _background)


def spend(workspace_id: str, who: str, kind: str, own: Mapping[str, int] | None = None) -> None:
    """Count a request. `own` are limits of the caller's, by kind, a second. Raises RateLimited with when to come."""
    policy = policy_of(kind, own)
    taken = _limiter.take(Place(workspace_id, who, kind), policy)
    if (noted := _spent.get(None)) is not None:
        noted.append(taken)
    if taken.wait_s > 0:
        raise RateLimited(f"API rate limit exceeded: {policy.limit} in {policy.window_s} s", math.ceil(taken.wait_s))


def spend_by_scope(caller: Caller, scope: str) -> None:
    """Count a request of a key by the scope its operation asks for. Raises RateLimited."""
    spend(caller.workspace_id, caller.key_id, scope if scope in (READ, RUN) else WRITE, caller.limits)


def spend_at_address(workspace_id: str, address: str) -> None:
    """Count a request at an address that is its own credential. Raises RateLimited."""
    spend(workspace_id, f"at:{hashlib.sha256(address.encode()).hexdigest()[:32]}", HOOK)


def policy_of(kind: str, own: Mapping[str, int] | None = None) -> Policy:
    """Give the limit of a kind of request: the deployment's, or the caller's own where that is lower."""
    if kind == TOLD:
        return _policy(kind, settings().chat_per_minute / 60, 60)
    per_s = settings().rates_per_s[kind]
    if own and kind in own:
        per_s = min(per_s, own[kind])
    return _policy(kind, per_s, WINDOW_S)


@lru_cache(maxsize=1_000)
def _policy(kind: str, per_s: float, window_s: int) -> Policy:
    return Policy(kind, max(1, round(per_s * window_s)), window_s)


@contextmanager
def observed() -> Iterator[list[Taken]]:
    """Collect what a request spends."""
    noted: list[Taken] = []
    token = _spent.set(noted)
    try:
        yield noted
    finally:
        _spent.reset(token)


def headers_of(spent: list[Taken]) -> dict[str, str]:
    """Render the limit a request came closest to; nothing where it met none.

    Source: draft-ietf-httpapi-ratelimit-headers-03, which Botpress and Novu send.
    """
    if not spent:
        return {}
    taken = min(spent, key=lambda one: one.remaining / one.policy.limit)
    policy = taken.policy
    return {
        "RateLimit-Limit": str(policy.limit),
        "RateLimit-Remaining": str(taken.remaining),
        "RateLimit-Reset": str(taken.full_in_s),
        "RateLimit-Policy": f'{policy.limit};w={policy.window_s};comment="token bucket";category="{policy.name}"',
    }

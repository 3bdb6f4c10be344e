"""The limiter of a process: what it keeps, whom it asks and when, and what callers see of it."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from chalicelib.core import config
from chalicelib.core.bucket import Policy, Seen
from chalicelib.core.errors import RateLimited, Unavailable
from chalicelib.edge import limits
from chalicelib.edge.limits import Background, Limiter, Place, Taken
from tests.conftest import Clock

KEY = Place("w", "key", "read")
FIVE = Policy("read", limit=5, window_s=5)
PLENTY = Policy("read", limit=5_000, window_s=5)


def at_once(job: Callable[[], None]) -> None:
    job()


class Kept:
    """Counters in memory, which may be away."""

    def __init__(self) -> None:
        self.rows: dict[Place, Seen] = {}
        self.looks = self.adds = 0
        self.is_away = False

    def look(self, place: Place) -> Seen | None:
        self.looks += 1
        if self.is_away:
            raise Unavailable("away")
        return self.rows.get(place)

    def add(self, place: Place, used: int, level: int, at_ms: int) -> int:
        self.adds += 1
        before = self.rows.get(place, Seen(0, 0, 0))
        self.rows[place] = Seen(before.total + used, level, at_ms)
        return before.total + used


def takes(limiter: Limiter, policy: Policy, count: int, place: Place = KEY) -> int:
    return sum(limiter.take(place, policy).wait_s == 0 for _ in range(count))


def test_requests_far_below_the_limit_ask_nobody(still: Clock) -> None:
    kept = Kept()
    limiter = Limiter(kept, at_once)
    for _ in range(100):
        limiter.take(KEY, PLENTY)
        still.advance_s(2)
    assert (kept.looks, kept.adds) == (0, 0)


def test_a_busy_key_is_reported_once_a_second_and_a_refused_request_never(still: Clock) -> None:
    kept = Kept()
    limiter = Limiter(kept, at_once)
    for _ in range(10):
        takes(limiter, PLENTY, 400)
        still.advance_s(1)
    assert (kept.looks, kept.adds) == (1, 10)
    takes(limiter, PLENTY, 10_000)
    before = kept.adds
    still.advance_s(0.000_5)
    assert takes(limiter, PLENTY, 1_000) == 0
    assert kept.adds == before


def test_two_processes_share_a_limit(still: Clock) -> None:
    kept = Kept()
    one, other = Limiter(kept, at_once), Limiter(kept, at_once)
    allowed = 0
    for _ in range(200):
        allowed += takes(one, FIVE, 2) + takes(other, FIVE, 2)
        still.advance_s(0.25)
    assert 50 <= allowed <= 65  # one a second for 50 s, and a bucket full; alone each would have let that through


def test_a_process_that_starts_meets_the_bucket_as_the_others_left_it(still: Clock) -> None:
    kept = Kept()
    policy = Policy("read", 100, 5)
    first = Limiter(kept, at_once)
    for _ in range(3):
        takes(first, policy, 1_000)
        still.advance_s(1)
    assert takes(Limiter(kept, at_once), policy, 1_000) <= 45  # what came in two seconds, and a part unseen


def test_while_the_counters_are_away_each_process_goes_on_by_itself(still: Clock) -> None:
    kept = Kept()
    kept.is_away = True
    limiter = Limiter(kept, at_once)
    assert takes(limiter, FIVE, 100) == 5
    still.advance_s(2)
    kept.is_away = False
    assert takes(limiter, FIVE, 100) == 2
    assert kept.rows[KEY].total == 6  # what could not be reported, and the first of the two
    still.advance_s(1)
    takes(limiter, FIVE, 1)
    assert kept.rows[KEY].total == 8


def test_keys_without_end_do_not_fill_the_memory_and_the_busiest_stays(still: Clock) -> None:
    limiter = Limiter(None, at_once, kept=1_000)
    for number in range(20_000):
        limiter.take(Place("w", f"key-{number}", "read"), FIVE)
        if number % 500 == 0:
            limiter.take(KEY, FIVE)
    assert len(limiter._buckets) == 1_000
    assert limiter.take(KEY, FIVE).wait_s > 0
    assert sys.getsizeof(limiter._buckets) < 200_000


def test_another_limit_begins_another_bucket(still: Clock) -> None:
    limiter = Limiter(None, at_once)
    assert takes(limiter, FIVE, 10) == 5
    assert takes(limiter, Policy("read", 10, 5), 20) == 10


def test_the_lower_of_two_limits_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    config.forget()
    monkeypatch.setitem(config.settings().rates_per_s, "read", 100)  # type: ignore[arg-type]
    assert limits.policy_of("read") == Policy("read", 500, 5)
    assert limits.policy_of("read", {"read": 2}) == Policy("read", 10, 5)
    assert limits.policy_of("read", {"read": 1_000, "write": 1}) == Policy("read", 500, 5)
    monkeypatch.setitem(config.settings().rates_per_s, "read", 0.01)  # type: ignore[arg-type]
    assert limits.policy_of("read").limit == 1


def test_the_headers_tell_of_the_limit_that_is_closest() -> None:
    far, near = Taken(PLENTY, 4_000, 1), Taken(FIVE, 1, 4)
    assert limits.headers_of([far, near]) == {
        "RateLimit-Limit": "5",
        "RateLimit-Remaining": "1",
        "RateLimit-Reset": "4",
        "RateLimit-Policy": '5;w=5;comment="token bucket";category="read"',
    }
    assert limits.headers_of([]) == {}


def test_a_refusal_says_when_to_come_in_whole_seconds(still: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    config.forget()
    monkeypatch.setitem(config.settings().rates_per_s, "hook", 0.4)  # type: ignore[arg-type]
    with limits.observed() as spent:
        for _ in range(2):
            limits.spend_at_address("w-refused", "secret-address")
        with pytest.raises(RateLimited) as refusal:
            limits.spend_at_address("w-refused", "secret-address")
        limits.spend_at_address("w-refused", "another")
    assert refusal.value.retry_after_s == 3
    assert len(spent) == 4


def test_jobs_in_the_background_are_done_one_after_the_other_and_one_that_fails_harms_none() -> None:
    background, done = Background(), []

    def fail() -> None:
        raise RuntimeError("no")

    for number in range(3):
        background(fail)
        background(lambda number=number: done.append(number))  # type: ignore[misc]
    background.join()
    assert done == [0, 1, 2]

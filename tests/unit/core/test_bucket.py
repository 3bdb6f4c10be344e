"""Token buckets: what one process does by itself, and what several do that tell a counter now and then."""

from __future__ import annotations

import random

import pytest

from chalicelib.core.bucket import LONGEST_S, Bucket, Policy, Seen

TEN = Policy("read", limit=50, window_s=5)  # ten a second


def taken(bucket: Bucket, now_ms: int, count: int = 1_000) -> int:
    return sum(bucket.take(now_ms) == 0 for _ in range(count))


class Counter:
    """What the table does."""

    def __init__(self) -> None:
        self.seen: Seen | None = None
        self.reports = 0

    def hear(self, bucket: Bucket, now_ms: int) -> None:
        self.reports += 1
        used = bucket.begin_report(now_ms)
        if bucket.total is None:
            bucket.meet(self.seen, used, now_ms)
        total = (self.seen.total if self.seen else 0) + used
        self.seen = Seen(total, int(bucket.level), now_ms)
        bucket.learn(total, used, now_ms)


def test_a_window_may_be_used_at_once_and_comes_back_steadily() -> None:
    bucket = Bucket(TEN, 0)
    assert taken(bucket, 0) == 50
    assert bucket.take(0) == pytest.approx(0.1)
    assert (bucket.remaining(), bucket.full_in_s()) == (0, 5)
    assert taken(bucket, 1_000) == 10
    assert taken(bucket, 60_000) == 50


def test_a_clock_that_goes_back_gives_nothing_and_takes_nothing() -> None:
    bucket = Bucket(TEN, 10_000)
    taken(bucket, 10_000)
    assert taken(bucket, 4_000) == 0
    assert taken(bucket, 11_000) == 10


def test_who_asks_now_and_then_reports_nothing() -> None:
    bucket = Bucket(Policy("read", 5_000, 5), 0)
    for second in range(200):
        bucket.take(second * 1000)
        assert not bucket.is_due(second * 1000)


def test_it_is_time_to_report_when_a_part_was_used_or_little_is_left_but_once_a_second() -> None:
    bucket = Bucket(Policy("read", 100, 5), 0)
    taken(bucket, 0, 4)
    assert not bucket.is_due(0)
    taken(bucket, 0, 1)
    assert bucket.is_due(0)
    bucket.learn(5, bucket.begin_report(0), 0)
    taken(bucket, 500, 10)
    assert not bucket.is_due(500)
    assert bucket.is_due(1_000)
    bucket.learn(15, bucket.begin_report(1_000), 1_000)
    taken(bucket, 1_000, 100)
    bucket.learn(115, bucket.begin_report(1_500), 1_500)
    bucket.take(2_500)
    assert bucket.is_due(2_500)  # less than half is left


def test_what_others_took_leaves_the_bucket_too() -> None:
    bucket = Bucket(TEN, 0)
    taken(bucket, 0, 5)
    bucket.meet(Seen(total=1_000, level=40, at_ms=0), bucket.begin_report(0), 0)
    assert bucket.remaining() == 35
    bucket.learn(1_005, 5, 0)
    assert bucket.remaining() == 35
    taken(bucket, 0, 5)
    bucket.learn(1_030, bucket.begin_report(0), 0)
    assert bucket.remaining() == 10


def test_what_others_took_while_this_one_was_idle_had_time_to_come_back() -> None:
    bucket = Bucket(TEN, 0)
    bucket.meet(None, 0, 0)
    bucket.learn(0, bucket.begin_report(0), 0)
    taken(bucket, 60_000, 5)
    bucket.learn(505, bucket.begin_report(60_000), 60_000)  # 500 in a minute are hardly less than come back
    assert bucket.remaining() == 50


def test_a_counter_that_began_anew_gives_nothing_back() -> None:
    bucket = Bucket(TEN, 0)
    bucket.meet(Seen(1_000, 50, 0), 0, 0)
    taken(bucket, 0, 40)
    bucket.learn(40, bucket.begin_report(0), 0)
    assert bucket.remaining() == 10


def test_nobody_is_sent_away_for_more_than_a_minute_whatever_the_others_took() -> None:
    bucket = Bucket(TEN, 0)
    bucket.take(0)
    bucket.learn(10**9, bucket.begin_report(0), 0)
    assert LONGEST_S <= bucket.take(0) <= LONGEST_S + 1


def test_what_could_not_be_reported_is_reported_later() -> None:
    bucket = Bucket(TEN, 0)
    taken(bucket, 0, 5)
    bucket.fail(bucket.begin_report(0))
    taken(bucket, 0, 2)
    assert bucket.begin_report(1_000) == 7


@pytest.mark.parametrize("processes", [1, 2, 10, 50])
def test_processes_share_a_limit_approximately_and_write_at_most_once_a_second(processes: int) -> None:
    chance, counter, policy = random.Random(processes), Counter(), Policy("read", 500, 5)
    buckets: list[Bucket | None] = [None] * processes
    allowed, seconds = 0, 60
    for now_ms in range(0, seconds * 1000, 10):
        for _ in range(10):  # ten times what is allowed
            place = chance.randrange(processes)
            bucket = buckets[place] = buckets[place] or Bucket(policy, now_ms)
            allowed += bucket.take(now_ms) == 0
            if bucket.is_due(now_ms):
                counter.hear(bucket, now_ms)
    due = policy.limit + 100 * seconds
    assert due * 0.8 <= allowed <= due * 1.2 + processes * policy.limit / 20
    assert counter.reports <= processes * (seconds + 1)

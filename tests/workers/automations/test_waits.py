"""Waits of a second to ninety days by a clock that is moved: none lost, none early, none late; a missed hour.

`make test` takes 3,000 of them; MILLRACE_EVERY_POINT=1 takes 10,000 (twenty seconds).
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from chalicelib.core import clock, config
from chalicelib.durable.due import MINUTE_MS
from tests.workers.automations.world import NOON_MS, World

COUNT = 10_000 if os.environ.get("MILLRACE_EVERY_POINT") else 3_000
HOUR_MS, LONGEST_S = 3_600_000, 90 * 86_400
MISSED = (NOON_MS + 3 * HOUR_MS, NOON_MS + 4 * HOUR_MS)  # no tick in this hour
SHORT_S = 900  # brought by a delayed message, longer ones by the due index


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Iterator[World]:
    monkeypatch.setenv("MILLRACE_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("MILLRACE_LOG_LEVEL", "CRITICAL")
    for name in ("PER_S", "SHARE_PER_S", "AT_ONCE"):
        monkeypatch.setenv(f"MILLRACE_EXECUTIONS_{name}", "1000000")
    config.forget()
    yield World(monkeypatch, [{"id": "w", "type": "wait", "seconds": "${input.s}"}])
    clock.use(None)
    config.forget()


def drawn(number: int, rng: random.Random) -> int:
    """Draw a wait: a quarter end in the hour without ticks, the others are spread from a second to ninety days."""
    if number < 2:
        return (1, LONGEST_S)[number]
    if number % 4 == 0:
        return rng.randrange(3 * 3600, 4 * 3600)
    return max(1, int(LONGEST_S ** rng.random()))


def test_no_wait_from_a_second_to_ninety_days_is_lost_early_or_late(
    world: World, record_property: Callable[[str, object], None]
) -> None:
    rng, wanted = random.Random(4), {}
    for number in range(COUNT):
        seconds = drawn(number, rng)
        wanted[world.begin(str(number), {"s": seconds})] = seconds * 1000
    world.tick()
    world.work()
    dues = sorted(NOON_MS + wait_ms for wait_ms in wanted.values())
    while world.now_ms < NOON_MS + LONGEST_S * 1000 + MINUTE_MS:
        world.go_on(dues)
        if world.now_ms % MINUTE_MS == 0 and not MISSED[0] <= world.now_ms < MISSED[1]:
            world.tick()
        world.work()
    late: dict[str, list[int]] = {"short": [], "long": [], "missed": []}
    caught_up = MISSED[1]
    for execution, wait_ms in wanted.items():
        row = world.row(execution)
        assert row["st"] == "DONE", f"lost: {wait_ms} ms"
        by_ms = row["fin"] - row["at"] - wait_ms
        assert by_ms >= 0, f"early: {wait_ms} ms"
        is_missed = MISSED[0] <= row["at"] + wait_ms < MISSED[1]
        late["missed" if is_missed else "short" if wait_ms <= SHORT_S * 1000 else "long"].append(by_ms)
        caught_up = max(caught_up, row["fin"] if is_missed else 0)
    assert caught_up <= MISSED[1] + 300_000, f"not caught up: {caught_up - MISSED[1]} ms after the hour"
    assert min(map(len, late.values())) > COUNT // 5
    assert percentile(late["short"]) <= 2_000
    assert percentile(late["long"]) <= 60_000
    assert max(late["missed"]) > MINUTE_MS  # the hour was missed indeed
    record_property("waits", COUNT)
    record_property("short ones late, p99 in s", percentile(late["short"]) / 1000)
    record_property("long ones late, p99 in s", percentile(late["long"]) / 1000)
    record_property("the last of the missed hour, s after it", (caught_up - MISSED[1]) / 1000)


def percentile(values: list[int]) -> int:
    return sorted(values)[int(0.99 * len(values))]

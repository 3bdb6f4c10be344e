"""The health of one subscription's endpoint, without I/O: when its breaker opens, and when it is given up.

closed -> open after 10 failures in a row, for min(2^k, 60) minutes, but never longer than the longest step of the
retry schedule -> one probe -> closed, or open again. Given up after five days of nothing but failure; that clock
starts with the third failure within a day, and any success clears everything.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

FAILURES_TO_OPEN = 10
MINUTE_MS, DAY_MS = 60_000, 86_400_000
LONGEST_PAUSE_MINUTES = 60
STRIKES_TO_WATCH = 3
HOPELESS_MS = 5 * DAY_MS


@dataclass(frozen=True)
class Health:
    """`fails` in a row; `opens` of the breaker since the last success; closed again at `open_until_ms`.

    `strikes` failures since `day_ms` began; nothing but failures since `failing_since_ms` (0: not watched yet).
    """

    fails: int = 0
    opens: int = 0
    open_until_ms: int = 0
    day_ms: int = 0
    strikes: int = 0
    failing_since_ms: int = 0

    @classmethod
    def of(cls, stored: dict[str, Any] | None) -> Health:
        """Read it from a row."""
        return cls(**stored) if stored else GOOD

    def stored(self) -> dict[str, int]:
        """Render it for a row; zeros are left out."""
        return {name: value for name, value in self.__dict__.items() if value}

    def is_open(self, now_ms: int) -> bool:
        """Say whether attempts have to wait."""
        return now_ms < self.open_until_ms

    def wants_probe(self, now_ms: int) -> bool:
        """Say whether the breaker was open and its time is over: one attempt may go ahead of the others."""
        return 0 < self.open_until_ms <= now_ms

    def is_hopeless(self, now_ms: int) -> bool:
        """Say whether there was nothing but failure for five days."""
        return self.failing_since_ms > 0 and now_ms - self.failing_since_ms >= HOPELESS_MS


GOOD = Health()


def probing(health: Health, now_ms: int, lease_ms: int) -> Health:
    """Keep everybody else waiting while one attempt probes."""
    return replace(health, open_until_ms=now_ms + lease_ms)


def after_failures(health: Health, count: int, now_ms: int, longest_step_s: int, *, was_probe: bool = False) -> Health:
    """Count failed attempts; opens the breaker where the last one was the tenth in a row, or a probe."""
    fails = health.fails + count
    health = _watched(replace(health, fails=fails), count, now_ms)
    if fails < FAILURES_TO_OPEN or (health.is_open(now_ms) and not was_probe):
        return health
    pause_ms = pause(health.opens, longest_step_s)
    return replace(health, opens=health.opens + 1, open_until_ms=now_ms + pause_ms)


def pause(opens: int, longest_step_s: int) -> int:
    """Say for how many milliseconds the breaker opens, having opened `opens` times before."""
    minutes = min(2 ** min(opens, 10), LONGEST_PAUSE_MINUTES)
    return min(minutes * MINUTE_MS, max(longest_step_s, 1) * 1000)


def _watched(health: Health, count: int, now_ms: int) -> Health:
    if health.failing_since_ms:
        return health
    if not health.day_ms or now_ms - health.day_ms > DAY_MS:
        health = replace(health, day_ms=now_ms, strikes=0)
    health = replace(health, strikes=health.strikes + count)
    return replace(health, failing_since_ms=now_ms) if health.strikes >= STRIKES_TO_WATCH else health

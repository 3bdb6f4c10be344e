"""A token bucket that several processes share without asking one another: each counts by itself and reports later.

What a process takes it reports now and then to a counter, whose answer says what all have taken together; the others'
part then leaves its own bucket too. In between it may be wrong by what the others took meanwhile, never for long.
"""

from __future__ import annotations

from dataclasses import dataclass

REPORT_MS = 1_000
LONGEST_S = 60  # nobody is sent away for longer, whatever the others took
_PARTS = 20  # a part of the bucket so small may be used unreported: whoever asks now and then costs no write


@dataclass(frozen=True)
class Policy:
    """So many tokens in a window; the bucket holds one window's, and fills again steadily."""

    name: str
    limit: int
    window_s: int

    @property
    def per_ms(self) -> float:
        """How many tokens come back in a millisecond."""
        return self.limit / self.window_s / 1000


@dataclass(frozen=True)
class Seen:
    """What the counter of a bucket held: all that was ever taken, and how full who wrote last thought it then."""

    total: int
    level: int
    at_ms: int


class Bucket:
    """One process's view of a bucket. Not safe to use from several threads at once."""

    __slots__ = ("asked_ms", "at_ms", "is_asking", "level", "policy", "total", "uncapped", "unreported")

    def __init__(self, policy: Policy, now_ms: int) -> None:
        self.policy = policy
        self.level = self.uncapped = float(policy.limit)  # uncapped: as if the bucket had no rim, since it last heard
        self.at_ms = now_ms
        self.unreported = 0
        self.total: int | None = None
        self.asked_ms: int | None = None
        self.is_asking = False

    def take(self, now_ms: int) -> float:
        """Take a token; answers 0, or, with nothing taken, after how many seconds there is one."""
        self._fill(now_ms)
        if self.level < 1:
            return (1 - self.level) / self.policy.per_ms / 1000
        self.level -= 1
        self.uncapped -= 1
        self.unreported += 1
        return 0.0

    def is_due(self, now_ms: int) -> bool:
        """Say whether it is time to report: at most once a second, and nothing while little was taken from plenty."""
        if self.is_asking or not self.unreported:
            return False
        if self.asked_ms is not None and 0 <= now_ms - self.asked_ms < REPORT_MS:
            return False
        return self.level < self.policy.limit / 2 or self.unreported >= max(1, self.policy.limit // _PARTS)

    def begin_report(self, now_ms: int) -> int:
        """Give what is to be reported; `learn` or `fail` follows."""
        used, self.unreported, self.asked_ms = self.unreported, 0, now_ms
        return used

    def meet(self, seen: Seen | None, used: int, now_ms: int) -> None:
        """Take over what the counter held before this process ever reported; `used` is what it is about to report."""
        self._fill(now_ms)
        self.total = 0 if seen is None else seen.total
        if seen is not None:
            level = seen.level + max(0, now_ms - seen.at_ms) * self.policy.per_ms
            self._set(min(self.level, min(self.policy.limit, level) - used - self.unreported))

    def learn(self, total: int, used: int, now_ms: int) -> None:
        """Hear what all have taken, `used` of it just reported: the others' part leaves this bucket too."""
        self._fill(now_ms)
        others = max(0, total - (self.total or 0) - used)  # below zero where the counter began anew
        self.total = total
        self._set(min(self.policy.limit, self.uncapped - others))

    def fail(self, used: int) -> None:
        """Keep for the next report what could not be reported."""
        self.unreported += used

    def remaining(self) -> int:
        """Say how many tokens there are."""
        return max(0, int(self.level))

    def full_in_s(self) -> int:
        """Say in how many seconds the bucket is full again, if nothing is taken."""
        return -int(-(self.policy.limit - self.level) / self.policy.per_ms // 1000)

    def _fill(self, now_ms: int) -> None:
        come = max(0, now_ms - self.at_ms) * self.policy.per_ms
        self.at_ms = max(self.at_ms, now_ms)
        self.level = min(self.policy.limit, self.level + come)
        self.uncapped += come

    def _set(self, level: float) -> None:
        self.level = self.uncapped = max(level, -LONGEST_S * 1000 * self.policy.per_ms)

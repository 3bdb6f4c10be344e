"""Uses up what the scripts of a workspace may use of a day, as its sums say it."""

from __future__ import annotations

from chalicelib.core import cache, clock
from chalicelib.core.figures import Sum
from chalicelib.durable import counts

DAY_MS = 86_400_000
ALLOWED_S = 36_000  # by default


def use_up(workspace_id: str, seconds: float = ALLOWED_S) -> None:
    """Let others have run scripts for so long today; this process has not looked yet."""
    hour = clock.iso_seconds(clock.now_ms())[:13]
    counts.add(Sum(workspace_id, hour), {"JavaScriptMs": int(seconds * 1_000_000)})
    cache.forget_all()


def to_midnight_s() -> float:
    """Say how long it is until the next day begins (UTC)."""
    return (DAY_MS - clock.now_ms() % DAY_MS) / 1000

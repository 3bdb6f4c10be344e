"""What a workspace's scripts may use of a day (UTC) and have used, known approximately (docs/decisions/0016-quotas.md).

The sums are those that are kept of every workspace anyway, so a script costs no write for this. They are looked at
every ten seconds at most, for each process and workspace that runs scripts; what this process ran since is added.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

from chalicelib.adapters import logs
from chalicelib.core import clock, figures
from chalicelib.core.cache import Cached
from chalicelib.core.config import settings
from chalicelib.core.errors import PlatformError, QuotaExceeded

LOOK_MS = 10_000
FIGURE = "JavaScriptMs"
_DAY_MS = 86_400_000


@dataclass
class _Day:
    """What is known of a workspace's day, when that was looked at, and whether its end was logged."""

    used_ms: float = 0.0
    looked_ms: int | None = None
    is_told: bool = False


_days: Cached[_Day] = Cached(2 * _DAY_MS / 1000)
_lock = threading.Lock()


def check(workspace_id: str) -> None:
    """See that a workspace's scripts may still run today. Raises QuotaExceeded: after midnight (UTC) they may again.

    While the sums cannot be read, nobody is refused for it.
    """
    limit_ms = settings().js_seconds_per_day * 1000
    if not limit_ms:
        return
    now_ms = clock.now_ms()
    day = _day(workspace_id, now_ms)
    if _is_to_look(day, now_ms):
        _look(workspace_id, day, now_ms)
    if day.used_ms < limit_ms:
        return
    _tell(workspace_id, day, limit_ms)
    figures.add("QuotaExceeded", workspace_id=workspace_id)
    raise QuotaExceeded(
        f"the scripts of this workspace have used the {limit_ms / 1000:g} s that they may in a day (UTC)",
        _left_s(now_ms),
    )


def spend(workspace_id: str, took_ms: float) -> None:
    """Count what a script took."""
    day = _day(workspace_id, clock.now_ms())
    with _lock:
        day.used_ms += took_ms


def shown(workspace_id: str, used_ms: float | None = None) -> dict[str, Any]:
    """Give today's use as its workspace is shown it, in seconds; without a limit that is None.

    `used_ms` is for who has read the sums of today. Raises Unavailable.
    """
    now_ms, limit_s = clock.now_ms(), settings().js_seconds_per_day
    if used_ms is None:
        used_ms = figures.in_day(FIGURE, workspace_id, _date(now_ms))
    resets_at = clock.iso_ms(now_ms - now_ms % _DAY_MS + _DAY_MS)
    return {"limitSeconds": limit_s or None, "usedSeconds": round(used_ms / 1000, 3), "resetsAt": resets_at}


def _day(workspace_id: str, now_ms: int) -> _Day:
    return _days.get((workspace_id, now_ms // _DAY_MS), _Day) or _Day()


def _is_to_look(day: _Day, now_ms: int) -> bool:
    """Say whether what is known is old; whoever hears so looks, and the others go on with what is known."""
    with _lock:
        if day.looked_ms is not None and 0 <= now_ms - day.looked_ms < LOOK_MS:
            return False
        day.looked_ms = now_ms
        return True


def _look(workspace_id: str, day: _Day, now_ms: int) -> None:
    try:
        used_ms = figures.in_day(FIGURE, workspace_id, _date(now_ms))
    except PlatformError as error:
        logs.log("limits.unavailable", level="WARNING", workspace=workspace_id, reason=error.message)
        return
    except Exception as error:  # noqa: BLE001 a sum that cannot be read must never keep scripts from running
        logs.exception("limits.failed", error, workspace=workspace_id)
        return
    with _lock:  # what was being written at this moment is in neither sum, so the higher figure stands
        day.used_ms = max(day.used_ms, used_ms)


def _tell(workspace_id: str, day: _Day, limit_ms: float) -> None:
    if not day.is_told:
        day.is_told = True
        about = {"quota": "javaScriptSeconds", "limitS": limit_ms / 1000, "usedS": round(day.used_ms / 1000, 3)}
        logs.log("quota.exceeded", level="WARNING", workspace=workspace_id, **about)


def _date(now_ms: int) -> str:
    return clock.iso_seconds(now_ms)[:10]


def _left_s(now_ms: int) -> int:
    return -(-(_DAY_MS - now_ms % _DAY_MS) // 1000)

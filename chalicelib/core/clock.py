"""The time, replaceable in tests.

Times inside the platform are integers: milliseconds since 1970 in UTC (`_ms`), or seconds where a vendor wants
seconds (`_s`).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime


def _system_ms() -> int:
    return time.time_ns() // 1_000_000


_source: Callable[[], int] = _system_ms


def now_ms() -> int:
    """Tell the current time in milliseconds since 1970, UTC."""
    return _source()


def now_s() -> int:
    """Tell the current time in whole seconds since 1970, UTC."""
    return _source() // 1000


def use(source: Callable[[], int] | None) -> None:
    """Replace the clock (tests); None restores the system's."""
    global _source
    _source = source or _system_ms


def iso_seconds(at_ms: int) -> str:
    """Render a time as the Interactor surface shows it: UTC, seconds, no zone suffix."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def iso_ms(at_ms: int) -> str:
    """Render a time as RFC 3339 with milliseconds and Z."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

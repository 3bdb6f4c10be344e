"""Waiting: for others, and for the table that shall keep what exists nowhere else."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from chalicelib.core.errors import Unavailable

ATTEMPTS = 12
T = TypeVar("T")
_pause: Callable[[float], None] = time.sleep


def use(pause_s: Callable[[float], None] | None) -> None:
    """Replace waiting (tests); None restores the system's."""
    global _pause
    _pause = pause_s or time.sleep


def pause(seconds: float) -> None:
    """Wait."""
    _pause(seconds)


def hard(act: Callable[[], T]) -> T:
    """Do it until it is done, for about eight seconds. Raises Unavailable after that."""
    for attempt in range(ATTEMPTS - 1):
        try:
            return act()
        except Unavailable:
            pause(min(1.0, 0.05 * 2**attempt))
    return act()

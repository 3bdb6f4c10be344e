"""Waiting for what happens elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any


def wait_for(what: str, condition: Callable[[], Any], timeout_s: float = 180) -> Any:
    """Wait until something holds and give it. Exits when it does not in time."""
    ends = time.monotonic() + timeout_s
    while not (found := condition()):
        if time.monotonic() > ends:
            raise SystemExit(f"after {timeout_s:.0f} s still not: {what}")
        time.sleep(0.2)
    return found

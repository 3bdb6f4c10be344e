"""What one execution uses, counted where it is used: calls to table and queue, JavaScript, calls to the outside."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from chalicelib.core import prices

KINDS = ("writes", "reads", "messages", "cpuMs", "calls", "bytes")


class Meter:
    """Sums, on top of what the execution had used before."""

    def __init__(self, before: Mapping[str, Any] | None = None) -> None:
        self._lock = threading.Lock()
        self.sums: dict[str, float] = {name: (before or {}).get(name, 0) for name in KINDS}

    def add(self, **amounts: float) -> None:
        """Count."""
        with self._lock:
            for name, amount in amounts.items():
                self.sums[name] += amount

    def stored(self) -> dict[str, Any]:
        """Render the sums as they stand in the row."""
        return {name: round(value, 3) if value != int(value) else int(value) for name, value in self.sums.items()}


def shown(used: Mapping[str, Any] | None) -> dict[str, Any]:
    """Render sums for their owner, with an estimate of what they cost."""
    sums = {name: (used or {}).get(name, 0) for name in KINDS}
    return {**sums, "microDollars": prices.estimate(sums)}

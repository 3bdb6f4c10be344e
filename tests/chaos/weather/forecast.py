"""What weather there is to be: shares of calls, seconds, and where a process looks whether it has begun."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

VARIABLE = "CHAOS_FORECAST"
HOUR_MS = 3_600_000


@dataclass(frozen=True)
class Forecast:
    """Shares are of the calls of one kind, 0 to 1. Before `storm` is set in the folder's file all is calm."""

    folder: str
    seed: str
    # the store
    late: float = 0.0
    late_ms: tuple[int, int] = (50, 500)
    throttled: float = 0.0
    lost: float = 0.0
    failed: float = 0.0
    conflict: float = 0.0
    unprocessed: float = 0.0
    stale: float = 0.0
    # the queues
    doubled: float = 0.0
    delayed: float = 0.0
    delay_s: int = 3
    shuffled: float = 0.0
    queue_faults: float = 0.0
    # clocks, by the process's part in the stack
    skew_ms: dict[str, int] = field(default_factory=dict)
    # what a message may take before another worker gets it, and what an invocation may take
    visibility_s: int = 60
    budget_s: float = 55.0

    def text(self) -> str:
        """Write it down for a process's environment."""
        return json.dumps(asdict(self))


def read(text: str) -> Forecast:
    """Read what `text` wrote."""
    found = json.loads(text)
    return Forecast(**{**found, "late_ms": tuple(found["late_ms"])})


class Switch:
    """The file with which the test tells running processes: `storm`, and by how much their clocks have jumped."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "switch.json"

    def set(self, *, storm: bool, jump_ms: dict[str, int]) -> None:
        """Tell them."""
        draft = self.file.with_suffix(".new")
        draft.write_text(json.dumps({"storm": storm, "jump_ms": jump_ms}))
        draft.replace(self.file)

    def read(self) -> tuple[bool, dict[str, int]]:
        """Look."""
        found = json.loads(self.file.read_text())
        return found["storm"], found["jump_ms"]

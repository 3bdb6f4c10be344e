"""The shapes that cross the border of the sandbox."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

MAX_INPUT_BYTES, MAX_INPUT_DEPTH = 1024 * 1024, 64


@dataclass(frozen=True)
class Script:
    """One piece of logic and everything it is given.

    code is the body of an async function (`return` and `await` at the top). bindings become globals, JSON values by
    name. functions are the service's scripts, offered as `service.fn.name(...)`. timeout_s defaults to
    settings().logic_timeout_s. now_ms and seed fix the clock and chance of the run: given both, a replay is equal;
    0 means the current time, "" means unpredictable. max_input_bytes and max_input_depth bound the bindings as JSON.
    """

    code: str
    bindings: Mapping[str, Any]
    functions: Mapping[str, str] = field(default_factory=dict)
    timeout_s: float | None = None
    memory_mb: int = 64
    now_ms: int = 0
    seed: str = ""
    max_input_bytes: int = MAX_INPUT_BYTES
    max_input_depth: int = MAX_INPUT_DEPTH


@dataclass(frozen=True)
class Outcome:
    """What a run produced: its value as JSON (undefined is None), its console lines, and what it cost."""

    value: Any
    logs: list[dict[str, Any]]
    cpu_ms: float
    wall_ms: float
    calls: int


class Host(Protocol):
    """Answers what a script asks of the outside. Called from several threads at once."""

    def http(self, request: dict[str, Any]) -> dict[str, Any]:
        """Send one request.

        request: method, url, headers (lower case), body (text, base64 when `base64`, or None), timeout_ms,
        max_redirects (or None). Answers status, headers, body (text, or base64 with `base64` true), and optionally
        statusText. Raises AddressRefused, UpstreamTimeout or UpstreamFailed.
        """
        ...


class JavaScript(Protocol):
    """Runs tenants' JavaScript."""

    def run(self, workspace_id: str, script: Script, host: Host | None = None) -> Outcome:
        """Run a script to its end. Raises LogicFailed, TooLarge, InvalidInput, Unavailable."""
        ...

"""When what was counted is written down: at the end of a batch, or of a request, or by a clock of one's own.

In Lambda nothing runs between invocations. A worker reports at the end of each: one line, one write for each workspace
it did something for. The API, whose invocation is a single request, reports when the last time is long enough ago;
what it still holds when its instance is ended is lost. On one machine a thread reports (`pace`).
"""

from __future__ import annotations

import threading

from chalicelib.adapters import emf, logs
from chalicelib.core import clock, figures, prices
from chalicelib.core.errors import Unavailable

LINE_MS = 10_000  # between the lines of one process of the API
KEEP_MS = 1_000  # between its writes
_PRICED = {  # figure -> what the table of prices calls it
    "TableReads": "reads",
    "TableWrites": "writes",
    "QueueSends": "messages",
    "JavaScriptMs": "cpuMs",
    "OutboundRequests": "calls",
    "OutboundBytes": "bytes",
}
_is_paced = False
_line_ms = _keep_ms = 0
_keeping = threading.Lock()


def pace() -> None:
    """Leave reporting to whoever calls `keep` and `write` by the clock."""
    global _is_paced
    _is_paced = True


def after_batch(operation: str) -> None:
    """Report what a worker did."""
    if not _is_paced:
        keep()
        write(operation)


def after_request(surface: str, status: int, took_ms: int) -> None:
    """Count a request; report when that was not done for a while."""
    is_full = figures.sample("RequestMs", took_ms, surface=surface)
    if status >= 400:
        figures.add("RequestsFailed" if status >= 500 else "RequestsRefused", surface=surface)
    if _is_paced:
        return
    now_ms = clock.now_ms()
    if abs(now_ms - _keep_ms) >= KEEP_MS:
        keep()
    if is_full or abs(now_ms - _line_ms) >= LINE_MS:
        write()


def keep() -> None:
    """Store the sums of workspaces. What cannot be stored now is kept in hand; nothing is raised."""
    global _keep_ms
    _keep_ms = clock.now_ms()
    with _keeping:
        for error in figures.keep():
            if isinstance(error, Unavailable):
                logs.log("figures.late", level="WARNING", reason=error.message)
            else:
                logs.exception("figures.not_kept", error)


def write(operation: str = "") -> None:
    """Write down what was counted; nothing, when there is nothing."""
    global _line_ms
    _line_ms = clock.now_ms()
    groups = figures.take()
    for group in groups:
        used = {word: group.values[name] for name, word in _PRICED.items() if name in group.values}
        if used:
            group.values["MicroDollars"] = prices.estimate(used)  # type: ignore[arg-type]
    emf.write(groups, operation)

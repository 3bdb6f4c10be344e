"""The sandbox for tenants' JavaScript: JSON in, JSON out, nothing else in reach.

The engine (QuickJS-ng) runs in a child process that is killed from outside when its time is over; no engine's own
limits held against every hostile script. A zygote, started once, forks the children; a child serves one workspace
only, every run gets a fresh realm, and all the outside a script sees is what Host answers. The interface is small so
that another engine can take its place. Source: docs/ARCHITECTURE.md; the language offered: README.md.
"""

from __future__ import annotations

import atexit
import os
import threading

from chalicelib.adapters.javascript.model import Host, JavaScript, Outcome, Script

__all__ = ["Host", "JavaScript", "Outcome", "Script", "runner", "shutdown"]

_lock = threading.Lock()
_runner: JavaScript | None = None
_owner_pid = 0


def runner() -> JavaScript:
    """Give the runner of this process; its children are started on first use, and anew after a fork."""
    global _runner, _owner_pid
    if _runner is None or _owner_pid != os.getpid():
        with _lock:
            if _runner is None or _owner_pid != os.getpid():
                from chalicelib.adapters.javascript.sandbox import Runner  # heavy

                _runner, _owner_pid = Runner(), os.getpid()
    return _runner


def shutdown() -> None:
    """End every child. A later run starts anew."""
    global _runner
    with _lock:
        stopped, _runner = _runner, None
        if stopped is not None and _owner_pid == os.getpid():
            stopped.close()  # type: ignore[attr-defined]


atexit.register(shutdown)

"""The sandbox for tenants' JavaScript: JSON in, JSON out, nothing else in reach.

The engine (QuickJS-ng) runs in a child process that is killed from outside when its time is over; no engine's own
limits held against every hostile script. A zygote, started once, forks the children; a child serves one workspace
only, every run gets a fresh realm, and all the outside a script sees is what Host answers. With settings().runner the
same happens in a Lambda function that may do nothing, and only the calls are made here. The interface is small so that
another engine can take its place. Source: docs/ARCHITECTURE.md; the language offered: README.md.
"""

from __future__ import annotations

import atexit
import os
import threading
from typing import TYPE_CHECKING, Any

from chalicelib.adapters.javascript.counted import Counted
from chalicelib.adapters.javascript.model import Host, JavaScript, Outcome, Script
from chalicelib.core.config import settings

if TYPE_CHECKING:
    from chalicelib.adapters.javascript.remote import Invoke
    from chalicelib.adapters.javascript.sandbox import Runner

__all__ = ["Host", "JavaScript", "Outcome", "Script", "run_step", "runner", "shutdown", "use"]

_lock = threading.Lock()
_runner: Runner | None = None
_counted: Counted | None = None
_owner_pid = 0
_invoke: Invoke | None = None


def runner() -> JavaScript:
    """Give what runs scripts for this process: its own children, or the runner function the settings name."""
    name = settings().runner
    if not name:
        return _counted_own()
    from chalicelib.adapters.javascript import remote  # heavy

    return Counted(remote.RemoteRunner(_invoke or (lambda parcel: _invoke_function(name, parcel))))


def run_step(request: Any) -> dict[str, str]:
    """Do one step of a run for another function; see function.py. Raises ValueError, TypeError or KeyError."""
    from chalicelib.adapters.javascript import function  # heavy

    return function.answer(_own(), request)


def use(invoke: Invoke | None) -> None:
    """Reach the runner function by this instead of by Lambda (one machine, tests)."""
    global _invoke
    _invoke = invoke


def _counted_own() -> Counted:
    """Give the runner of this process, counting; the same as long as that is."""
    global _counted
    own = _own()
    if _counted is None or _counted.runner is not own:
        _counted = Counted(own)
    return _counted


def _own() -> Runner:
    """Give the runner of this process; its children are started on first use, and anew after a fork."""
    global _runner, _owner_pid
    if _runner is None or _owner_pid != os.getpid():
        with _lock:
            if _runner is None or _owner_pid != os.getpid():
                from chalicelib.adapters.javascript.sandbox import Runner  # heavy

                _runner, _owner_pid = Runner(), os.getpid()
    return _runner


def _invoke_function(name: str, parcel: dict[str, str]) -> Any:
    """Invoke the function and wait. A step has no effects, so the client may try it again. Raises Unavailable."""
    import orjson  # heavy

    from chalicelib.adapters import aws
    from chalicelib.core.errors import Unavailable

    try:
        answer = aws.client("lambda").invoke(FunctionName=name, Payload=orjson.dumps(parcel))
    except Exception as error:
        if aws.is_transient(error):
            raise Unavailable("the runner function is throttled or cannot be reached") from error
        raise
    if "FunctionError" in answer:
        raise Unavailable("the runner function failed")
    return orjson.loads(answer["Payload"].read())


def shutdown() -> None:
    """End every child. A later run starts anew."""
    global _runner
    with _lock:
        stopped, _runner = _runner, None
        if stopped is not None and _owner_pid == os.getpid():
            stopped.close()


atexit.register(shutdown)

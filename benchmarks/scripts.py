"""JavaScript runs: how many a second, and what one costs."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable

from benchmarks.workload import TRANSFORM, body_of
from chalicelib.adapters.javascript import Script, runner, shutdown

_RUNS = 2000


def main() -> None:
    """Print runs per second with one and four callers, and CPU per run, children included."""
    event = {"body": json.loads(body_of(1)), "headers": {}, "query": {}}
    script = Script(code=TRANSFORM, bindings={"notification": event})
    engine = runner()
    for _ in range(100):
        engine.run("bench", script)
    for callers in (1, 4):
        _measure(callers, lambda: engine.run("bench", script))
    outcome = engine.run("bench", script)
    print(f"one run: {outcome.wall_ms:.2f} ms, child's CPU {outcome.cpu_ms:.2f} ms")
    shutdown()


def _measure(callers: int, run: Callable[[], object]) -> None:
    started, before = time.monotonic(), _cpu_s()
    threads = [threading.Thread(target=_repeat, args=(run, _RUNS // callers)) for _ in range(callers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rate, cpu_us = _RUNS / (time.monotonic() - started), (_cpu_s() - before) / _RUNS * 1e6
    print(f"{callers} callers: {rate:.0f} runs a second, caller's CPU {cpu_us:.0f} us a run")


def _repeat(run: Callable[[], object], times: int) -> None:
    for _ in range(times):
        run()


def _cpu_s() -> float:
    times = os.times()
    return times.user + times.system

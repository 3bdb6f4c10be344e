"""JavaScript runs: how many a second, and what one costs."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable

from benchmarks.report import Report
from benchmarks.workload import TRANSFORM, body_of
from chalicelib.adapters.javascript import Script, runner, shutdown


def main(report: Report) -> None:
    """Say runs per second with one and four callers, and what a run costs the caller and its child."""
    runs = report.sizes.of(3000, 200)
    event = {"body": json.loads(body_of(1)), "rawBody": body_of(1).decode(), "headers": {}, "query": {}}
    script = Script(code=TRANSFORM, bindings={"notification": event})
    engine = runner()
    for _ in range(100):
        engine.run("bench", script)
    for callers in (1, 4):
        _measure(report, callers, runs, lambda: engine.run("bench", script))
    outcome = engine.run("bench", script)
    report.figure("one run", f"{outcome.wall_ms:.2f} ms wall, {outcome.cpu_ms:.2f} ms of CPU in the child")
    shutdown()
    report.must(outcome.value["customer"] == "ADA LOVELACE", f"the script answered {outcome.value}")


def _measure(report: Report, callers: int, runs: int, run: Callable[[], object]) -> None:
    started, before = time.monotonic(), os.times()
    threads = [threading.Thread(target=_repeat, args=(run, runs // callers)) for _ in range(callers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took_s, after = time.monotonic() - started, os.times()
    cpu_us = (after.user + after.system - before.user - before.system) / runs * 1e6
    report.figure(
        f"runs in a fresh realm, {callers} at once", f"{runs / took_s:.0f} a second, caller's CPU {cpu_us:.0f} us each"
    )


def _repeat(run: Callable[[], object], times: int) -> None:
    for _ in range(times):
        run()

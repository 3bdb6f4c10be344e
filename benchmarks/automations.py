"""Automations: executions per second, what 100,000 waiting ones cost the rest, and the table of their calls.

python -m benchmarks.automations costs [print]    write docs/AUTOMATION_COSTS.md, or only show it

The rest is parts of `python -m benchmarks`: automations, waiting, fairness.
"""

from __future__ import annotations

import multiprocessing
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.calls import Machine, apart, silence
from benchmarks.report import Report
from infra.harness.receiver import Receiver

USER = "?userId=bench"
ROUND_MS, ROUNDS = 2_000, 15


def call_step(receiver: Receiver, number: int) -> dict[str, Any]:
    """Build a step with an effect: one POST."""
    return {"id": f"s{number}", "type": "http", "method": "POST", "url": receiver.url("/step"), "body": {"n": number}}


def make(machine: Machine, steps: list[Any], name: str, **more: Any) -> str:
    """Make an automation with a live version; give the path that executes it."""
    made = machine.call("POST", f"/v1/automation/import{USER}", {"name": name, "definition": {"steps": steps, **more}})
    path = f"/v1/automation/{made['id']}/version/{made['versionId']}"
    machine.call("POST", f"{path}/publish{USER}")
    return f"{path}/execute"


def costs(only: str = "") -> None:
    """Count each act and write the table; `print` only shows it."""
    from benchmarks.costs import measure as count
    from benchmarks.costs import table

    text = table(apart(count))
    if only != "print":
        Path("docs/AUTOMATION_COSTS.md").write_text(text)
    print(text, end="")


# --- speed ----------------------------------------------------------------------------------------------------------


def start(folder: str) -> tuple[Machine, Receiver]:
    """Start the platform in this process, with a user."""
    import os

    os.environ["MILLRACE_EXECUTIONS_PER_S"] = os.environ["MILLRACE_EXECUTIONS_AT_ONCE"] = "100000"
    machine = Machine(folder)
    machine.call("POST", "/v1/user", {"userId": "bench"})
    return machine, Receiver()


def speed(seconds: float) -> list[tuple[int, int, float, float]]:
    """Execute automations of 1, 3 and 10 calls, each caller waiting for the output.

    Gives steps, callers, executions per second, and CPU seconds per 1,000, API and engine in this one process.
    """
    found = []
    with tempfile.TemporaryDirectory() as folder:
        machine, receiver = start(folder)
        for steps in (1, 3, 10):
            path = make(machine, [call_step(receiver, one) for one in range(steps)], f"n{steps}")
            for width in (1, 8, 32):
                found.append((steps, width, *measure(lambda path=path: machine.call("POST", path, {}), width, seconds)))  # type: ignore[misc]
    return found


def measure(does: Callable[[], Any], width: int, seconds: float) -> tuple[float, float]:
    """Repeat an act from several threads; give acts per second and CPU seconds per 1,000, this process's own.

    Raises what the act raises.
    """

    def work(_: int) -> int:
        done = 0
        while time.monotonic() < ends:
            does()
            done += 1
        return done

    does()
    with ThreadPoolExecutor(width) as threads:
        began, cpu = time.monotonic(), time.process_time()
        ends = began + seconds
        total = sum(threads.map(work, range(width)))
    return total / (time.monotonic() - began), (time.process_time() - cpu) / total * 1000


def waiting(report: Report) -> None:
    """Measure 3 steps, 8 in flight, alone and beside many executions that wait.

    Two processes, each with a data folder of its own, take turns, so that other work on the machine meets both alike;
    each round is judged against the one beside it.
    """
    count, rounds = report.sizes.of(report.sizes.waiting, 500), report.sizes.of(ROUNDS, 1)
    context, pipes = multiprocessing.get_context("spawn"), []
    for waits in (0, count):
        ours, theirs = context.Pipe()
        context.Process(target=_rounds, args=(theirs, waits), daemon=True).start()
        pipes.append(ours)
        ours.recv()  # it is ready
    found: list[list[Round]] = [[], []]
    for number in range(rounds):
        for one in (0, 1) if number % 2 else (1, 0):
            pipes[one].send(report.sizes.of(ROUND_MS, 300) / 1000)
            found[one].append(pipes[one].recv())
    for pipe in pipes:
        pipe.send(0)
    for name, taken in zip(("nothing", f"{count} executions that wait"), found, strict=True):
        _tell(report, name, taken)
    pairs = list(zip(*found, strict=True))
    rate, cpu = (median(busy[n] / alone[n] - 1 for alone, busy in pairs) * 100 for n in (0, 1))
    report.figure("median of each round beside its neighbour", f"{rate:+.0f} % a second, {cpu:+.0f} % CPU", "10 %")


Round = tuple[float, float, float]  # executions per second, CPU s per 1,000, CPU ms of a tick


def _tell(report: Report, name: str, taken: list[Round]) -> None:
    rates, cpus, ticks = zip(*taken, strict=True)
    report.row(
        ("beside", "median", "best", "a tick"),
        name,
        f"{median(rates):.0f} a second, {median(cpus):.2f} CPU s per 1,000",
        f"{max(rates):.0f} a second, {min(cpus):.2f}",
        f"{min(ticks):.1f} ms of CPU",
    )


def _rounds(pipe: Any, waits: int) -> None:
    """Measure a round whenever asked to, with so many waiting executions in the table."""
    silence()
    with tempfile.TemporaryDirectory() as folder:
        machine, receiver = start(folder)
        path = make(machine, [call_step(receiver, one) for one in range(3)], "three")
        if waits:
            sleeper = make(machine, [{"id": "w", "type": "wait", "seconds": 5_000_000}], "sleeper")
            _fill(machine, sleeper, waits)
        pipe.send(None)
        while True:
            seconds = pipe.recv()
            if not seconds:
                return
            pipe.send((*measure(lambda: machine.call("POST", path, {}), 8, seconds), _tick_ms()))


def _tick_ms() -> float:
    from chalicelib.automations import workers
    from infra.local.mapping import _scheduled_event

    workers.tick(_scheduled_event(), None)
    began = time.process_time()
    for _ in range(5):
        workers.tick(_scheduled_event(), None)
    return (time.process_time() - began) / 5 * 1000


def _fill(machine: Machine, path: str, count: int) -> None:
    """Put waiting executions next to a real one, 25 a write: as the table would hold them."""
    from chalicelib.automations import models
    from chalicelib.core import clock
    from chalicelib.durable import due
    from chalicelib.storage.tables import WORK

    machine.call("POST", f"{path}?async=true", {}, accepts=202)
    machine.drain("automations_advance")
    automation = path.split("/")[3]
    (shown,) = machine.call("GET", f"/v1/automation/{automation}/execution{USER}")
    row, now_ms = WORK.get(models.execution_key("bench", shown["id"])) or {}, clock.now_ms()

    def copies() -> Any:
        for number in range(count):
            key = models.execution_key("bench", models.execution_id("bench", automation, now_ms + number))
            timer = due.at(models.DUE, key, now_ms + 86_400_000 + 40 * number, now_ms)
            yield {**row, **key._asdict(), **timer.attributes}

    WORK.write_many(copies())


class Taker(Receiver):
    """Counts requests by their idempotency key; those of steps are not signed as webhooks are."""

    def take(self, path: str, headers: dict[bytes, bytes], body: bytes) -> None:
        """Count one request."""
        self.inbox(path).ids[headers.get(b"idempotency-key", b"").decode()] += 1


def event(report: Report) -> None:
    """Bring the events of `throughput` to an enabled automation that makes the POST.

    The same stack, event, JavaScript and eight connections; an execution with its history stands in for a delivery.
    """
    from benchmarks.load import Load
    from benchmarks.traffic import stack_in, until
    from benchmarks.workload import KEY, body_of, build

    limits = {f"MILLRACE_EXECUTIONS_{name}": "100000" for name in ("PER_S", "SHARE_PER_S", "AT_ONCE")}
    count, warm = report.sizes.of(4000, 100), report.sizes.of(200, 20)
    with tempfile.TemporaryDirectory() as folder, stack_in(folder, **limits) as stack:
        taker = Taker()
        scene = build(stack, taker, subscriptions=0)
        _enable(stack.url, KEY, taker.url("/e"))
        inbox = taker.inbox("/e")
        Load(scene.hook_url, body_of, warm).run()
        until(lambda: len(inbox.ids) >= warm, 60)
        began, cpu = time.monotonic(), stack.cpu_s()
        load = Load(scene.hook_url, body_of, count, prefix="fast")
        accept_s = load.run()
        accepted = len(load.accepted)
        until(lambda: len(inbox.ids) >= warm + accepted, 120)
        took_s, used_s = time.monotonic() - began, stack.cpu_s() - cpu
        made, twice = len(inbox.ids) - warm, sum(inbox.ids.values()) - len(inbox.ids)
        report.figure("events accepted", f"{accepted / accept_s:.0f} a second")
        report.figure("executed, first in to last out", f"{made / took_s:.0f} a second")
        report.figure("lost, POSTs made twice", f"{accepted - made}, {twice}", "0, 0")
        report.figure("CPU of all processes", f"{used_s / accepted * 1000:.2f} s per 1,000 events", "8")
        report.must(accepted == count == made, f"of {count} events {accepted} were accepted, {made} executed")
        report.must(twice == 0, f"{twice} POSTs were made twice")


def _enable(url: str, key: str, target: str) -> None:
    import requests

    api = requests.Session()
    api.headers["api_key"] = key
    post = {"id": "post", "type": "http", "method": "POST", "url": target, "body": "${input}"}
    definition = {"trigger": {"service": "shop", "trigger": "order.placed"}, "steps": [post]}
    made = api.post(
        f"{url}/v1/automation/import{USER}", json={"name": "e", "definition": definition}, timeout=30
    ).json()
    path = f"{url}/v1/automation/{made['id']}"
    for act in (f"version/{made['versionId']}/publish", "enable"):
        api.post(f"{path}/{act}{USER}", json={}, timeout=30).raise_for_status()


def main(report: Report) -> None:
    """Measure events that start executions, and callers that wait for them."""
    event(report)
    if report.sizes.is_quick:
        return
    for steps, width, rate, cpu_s in apart(speed, 3.0):
        columns = ("steps", "in flight", "executions", "CPU per 1,000")
        report.row(columns, str(steps), str(width), f"{rate:.0f} a second", f"{cpu_s:.1f} s")


if __name__ == "__main__":
    if sys.argv[1:2] != ["costs"]:
        raise SystemExit(__doc__)
    costs(*sys.argv[2:3])

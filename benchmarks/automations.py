"""Automations: calls per act beside their floors, executions per second, and what 100,000 waiting ones cost the rest.

python -m benchmarks.automations costs [print]    write docs/AUTOMATION_COSTS.md, or only show it
python -m benchmarks.automations speed [seconds]  1, 3 and 10 steps, with 1, 8 and 32 in flight
python -m benchmarks.automations event [count]    the events of `benchmarks throughput`, by an automation
python -m benchmarks.automations waiting [count]  the same speed beside 100,000 executions that wait
python -m benchmarks.automations fairness [secs]  a quiet workspace's start beside the floods of a noisy one
"""

from __future__ import annotations

import multiprocessing
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import fairness
from benchmarks.calls import Machine
from infra.harness.receiver import Receiver

USER = "?userId=bench"
ROUNDS_S, ROUNDS = 2.0, 9


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

    text = table(count())
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


def speed(seconds: str = "3") -> None:
    """Execute automations of 1, 3 and 10 calls, each caller waiting for the output."""
    with tempfile.TemporaryDirectory() as folder:
        machine, receiver = start(folder)
        paths = {n: make(machine, [call_step(receiver, one) for one in range(n)], f"n{n}") for n in (1, 3, 10)}
        for number, path in paths.items():
            for width in (1, 8, 32):
                rate, cpu_s = measure(lambda path=path: machine.call("POST", path, {}), width, float(seconds))  # type: ignore[misc]
                print(f"{number} steps, {width} in flight: {rate:.0f}/s, {cpu_s:.1f} CPU s per 1,000", flush=True)


def measure(does: Callable[[], Any], width: int, seconds: float) -> tuple[float, float]:
    """Repeat an act from several threads; give acts per second and CPU seconds per 1,000, this process's own."""
    done, ends = [0] * width, time.monotonic() + seconds

    def work(number: int) -> None:
        while time.monotonic() < ends:
            does()
            done[number] += 1

    does()
    threads = [threading.Thread(target=work, args=(number,)) for number in range(width)]
    began, cpu = time.monotonic(), time.process_time()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    total = sum(done)
    return total / (time.monotonic() - began), (time.process_time() - cpu) / total * 1000


def waiting(count: str = "100000") -> None:
    """Measure 3 steps, 8 in flight, alone and beside so many executions that wait.

    Two processes, each with a data folder of its own, take turns, so that other work on the machine meets both alike.
    """
    context = multiprocessing.get_context("spawn")
    pipes = []
    for waits in (0, int(count)):
        ours, theirs = context.Pipe()
        context.Process(target=_rounds, args=(theirs, waits), daemon=True).start()
        pipes.append(ours)
        ours.recv()  # it is ready
    found: list[list[tuple[float, float, float]]] = [[], []]
    for _ in range(ROUNDS):
        for pipe, rounds in zip(pipes, found, strict=True):
            pipe.send(ROUNDS_S)
            rounds.append(pipe.recv())
    for pipe in pipes:
        pipe.send(0)
    for name, rounds in zip(("alone", f"beside {count} waiting"), found, strict=True):
        rates, cpus, ticks = zip(*rounds, strict=True)
        middle = f"median {median(rates):.0f}/s, {median(cpus):.2f} CPU s per 1,000"
        print(f"{name}: {middle}; best {max(rates):.0f}/s, {min(cpus):.2f}; a tick {min(ticks):.1f} ms of CPU")


def _rounds(pipe: Any, waits: int) -> None:
    """Measure a round whenever asked to, with so many waiting executions in the table."""
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


def event(count: str = "4000") -> None:
    """Bring the events of `python -m benchmarks throughput` to an enabled automation that makes the POST.

    The same stack, event, JavaScript and eight connections; an execution with its history stands in for a delivery.
    """
    from benchmarks.load import Load
    from benchmarks.workload import KEY, body_of, build
    from infra.harness.stack import Stack

    limits = {f"MILLRACE_EXECUTIONS_{name}": "100000" for name in ("PER_S", "SHARE_PER_S", "AT_ONCE")}
    settings = {"MILLRACE_DEV_KEYS": f"{KEY}=bench", "MILLRACE_TICK_S": "1", **limits}
    with tempfile.TemporaryDirectory() as folder, Stack(Path(folder), **settings) as stack:
        taker = Taker()
        scene = build(stack, taker, subscriptions=0)
        _enable(stack.url, KEY, taker.url("/e"))
        inbox = taker.inbox("/e")
        Load(scene.hook_url, body_of, 200).run()
        _until(lambda: len(inbox.ids) >= 200)
        began, cpu = time.monotonic(), stack.cpu_s()
        load = Load(scene.hook_url, body_of, int(count), prefix="fast")
        accept_s = load.run()
        accepted = len(load.accepted)
        _until(lambda: len(inbox.ids) >= 200 + accepted)
        took_s, used_s = time.monotonic() - began, stack.cpu_s() - cpu
        made, twice = len(inbox.ids) - 200, sum(inbox.ids.values()) - len(inbox.ids)
        print(f"accepted {accepted} of {count} events: {accepted / accept_s:.0f} a second")
        print(f"executed {made}, {twice} POSTs twice: {made / took_s:.0f} a second from first in to last out")
        print(f"CPU {used_s / accepted * 1000:.2f} s per 1,000 events")


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


def _until(is_so: Callable[[], bool], timeout_s: float = 120) -> None:
    ends = time.monotonic() + timeout_s
    while not is_so() and time.monotonic() < ends:
        time.sleep(0.01)


PARTS: dict[str, Callable[..., None]] = {
    "costs": costs,
    "speed": speed,
    "waiting": waiting,
    "event": event,
    "fairness": fairness.main,
}

if __name__ == "__main__":
    for part in [sys.argv[1:2]] if len(sys.argv) > 1 else [[name] for name in PARTS]:
        PARTS[part[0]](*sys.argv[2:3])

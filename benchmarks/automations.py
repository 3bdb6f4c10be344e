"""Automations: calls per act beside their floors, executions per second, and what 100,000 waiting ones cost the rest.

python -m benchmarks.automations costs            write docs/AUTOMATION_COSTS.md
python -m benchmarks.automations speed [seconds]  1, 3 and 10 steps, with 1, 8 and 32 in flight
python -m benchmarks.automations event            a notification to a transformed POST by an automation
python -m benchmarks.automations waiting [count]  the same speed beside 100,000 executions that wait
python -m benchmarks.automations fair             a quiet workspace's start beside a noisy one's
"""

from __future__ import annotations

import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.calls import Machine
from infra.harness.receiver import Receiver

USER = "?userId=bench"
ROUNDS_S = 3.0
WRITES = ("PutItem", "UpdateItem", "DeleteItem", "items written")


def call_step(receiver: Receiver, number: int) -> dict[str, Any]:
    """Build a step with an effect: one POST."""
    return {"id": f"s{number}", "type": "http", "method": "POST", "url": receiver.url("/step"), "body": {"n": number}}


def make(machine: Machine, steps: list[Any], name: str, **more: Any) -> str:
    """Make an automation with a live version; give the path that executes it."""
    made = machine.call("POST", f"/v1/automation/import{USER}", {"name": name, "definition": {"steps": steps, **more}})
    path = f"/v1/automation/{made['id']}/version/{made['versionId']}"
    machine.call("POST", f"{path}/publish{USER}")
    return f"{path}/execute"


# --- costs ----------------------------------------------------------------------------------------------------------


def costs() -> None:
    """Count each act and write the table."""
    with tempfile.TemporaryDirectory() as folder:
        machine, receiver = start(folder)
        lines = ["| act | writes | reads | messages | floor |", "| --- | --- | --- | --- | --- |"]
        for act, steps, floor in _acts(receiver):
            path = make(machine, steps, act)
            machine.call("POST", path, {"input": {"n": 1}})
            machine.meter.take()
            machine.call("POST", path, {"input": {"n": 1}})
            counted = machine.meter.take()
            counted["GetItem"] -= 3  # the request finds automation (2) and version (1)
            lines.append(_line(f"run: {act}", counted, floor))
        lines += _queued(machine, receiver)
    text = "\n".join([*_HEAD, *lines]) + "\n"
    Path("docs/AUTOMATION_COSTS.md").write_text(text)
    print(text)


_HEAD = (
    "# What executions cost",
    "",
    "AWS calls of each act, counted at the client; made by `python -m benchmarks.automations costs`. Nothing may be",
    "above twice its floor. A request also reads the automation (2) and its version (1), which is left out.",
    "",
)


def _acts(receiver: Receiver) -> list[tuple[str, list[Any], str]]:
    pure = {"id": "p", "type": "code", "code": "return input.n + 1"}
    items = {"id": "r", "type": "repeat", "count": 10, "parallelism": 10, "steps": [call_step(receiver, 0)]}
    return [
        ("1 effect", [call_step(receiver, 1)], "2 W, 0 R, 1 M"),
        ("3 effects", [call_step(receiver, n) for n in range(3)], "4 W, 0 R, 1 M"),
        ("10 effects", [call_step(receiver, n) for n in range(10)], "11 W, 0 R, 1 M"),
        ("transform, 1 effect", [pure, call_step(receiver, 1)], "2 W, 0 R, 1 M"),
        ("3 effects between 3 transforms", [
            {**step, "id": f"{step['id']}{n}"} for n in range(3) for step in (pure, call_step(receiver, 0))
        ], "4 W, 0 R, 1 M"),
        ("10 effects side by side", [items], "11 W, 0 R, 1 M"),
        ("at most once", [{**call_step(receiver, 1), "atMostOnce": True}], "3 W, 0 R, 1 M"),
    ]  # fmt: skip


def _queued(machine: Machine, receiver: Receiver) -> list[str]:
    from chalicelib.automations import usage

    made = []
    path = make(machine, [{"id": "w", "type": "wait", "seconds": 1}, call_step(receiver, 1)], "wait")
    usage.flush()
    machine.meter.take()
    machine.call("POST", f"{path}?async=true", {"input": {}}, accepts=202)
    made.append(_line("start for the workers", machine.meter.take() - Counter(GetItem=3), "1 W, 0 R, 1 M"))
    made.append(_line("take it, suspend for 1 s", machine.drain("automations_advance"), "2 W, 0 R, 1 M"))
    time.sleep(2.2)
    made.append(
        _line(
            "wake, 1 effect, end; 1 W of usage sums, shared by a batch",
            machine.drain("automations_advance"),
            "2 W, 0 R, 0 M",
        )
    )
    return made


def _line(act: str, counted: Counter[str], floor: str) -> str:
    reads = sum(max(0, counted[name]) for name in ("GetItem", "Query", "BatchGetItem"))
    return f"| {act} | {counted['items written']} | {reads} | {counted['messages']} | {floor} |"


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
    """Measure 3 steps, 8 in flight, before and beside so many executions that wait."""
    with tempfile.TemporaryDirectory() as folder:
        machine, receiver = start(folder)
        path = make(machine, [call_step(receiver, one) for one in range(3)], "three")
        sleeper = make(machine, [{"id": "w", "type": "wait", "seconds": 5_000_000}], "sleeper")
        rates: dict[str, list[float]] = {"alone": [], "beside": []}
        rates["alone"] += [measure(lambda: machine.call("POST", path, {}), 8, ROUNDS_S)[0] for _ in range(3)]
        _fill(machine, sleeper, int(count))
        rates["beside"] += [measure(lambda: machine.call("POST", path, {}), 8, ROUNDS_S)[0] for _ in range(3)]
        alone, beside = max(rates["alone"]), max(rates["beside"])
        print(f"alone {alone:.0f}/s, beside {count} waiting {beside:.0f}/s: {100 * (1 - beside / alone):.1f} % slower")


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


def event() -> None:
    """Drive notifications through an enabled automation: a transform, then a POST; the work of `throughput`."""
    from benchmarks.workload import TRANSFORM, body_of

    with tempfile.TemporaryDirectory() as folder:
        machine, receiver = start(folder)
        machine.call("POST", f"/v1/service{USER}", {"name": "shop"})
        machine.call("POST", f"/v1/service/shop/version{USER}", {"name": "1.0.0"})
        machine.call("POST", f"/v1/service/shop/event{USER}", {"name": "order", "logic": {"route": "return 'placed'"}})
        logic = {"name": "placed", "logic": {"trigger": TRANSFORM}}
        machine.call("POST", f"/v1/service/shop/trigger{USER}", logic)
        post = {"id": "post", "type": "http", "method": "POST", "url": receiver.url("/e"), "body": "${input}"}
        path = make(machine, [post], "events", trigger={"service": "shop", "trigger": "placed"})
        machine.call("POST", f"/v1/automation/{path.split('/')[3]}/enable{USER}", {})
        hook = machine.call("GET", f"/v1/service/shop/webhookSetting{USER}")["url"].split("1290", 1)[1]
        count = 300
        began, cpu = time.monotonic(), time.process_time()
        for number in range(count):
            machine.call("POST", hook, body_of(number))
        machine.drain("subscriptions_fan_out")
        total = machine.drain("automations_start")
        took, used = time.monotonic() - began, time.process_time() - cpu
        print(
            f"{count} events: {count / took:.0f}/s one after the other, {used / count * 1000:.1f} ms CPU each (workers"
        )
        print(f"and API in one process); started: {total['items written'] / count:.2f} W, {total['messages']} M")


def fair() -> None:
    """Measure how long a quiet workspace's start waits behind 2,000 of a noisy one, by the lane each is given."""
    from chalicelib.automations import lanes, queues

    lanes.forget()
    lanes_taken = Counter(lanes.lane_of("noisy") for _ in range(2_000))
    print(f"noisy: {dict(lanes_taken)}; quiet: {lanes.lane_of('quiet')} (ahead of it: {lanes_taken[queues.ADVANCE]})")


PARTS: dict[str, Callable[..., None]] = {
    "costs": costs,
    "speed": speed,
    "waiting": waiting,
    "event": event,
    "fair": fair,
}

if __name__ == "__main__":
    for part in [sys.argv[1:2]] if len(sys.argv) > 1 else [[name] for name in PARTS]:
        PARTS[part[0]](*sys.argv[2:3])

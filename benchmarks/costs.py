"""Calls per act of an execution beside their floors: the table docs/AUTOMATION_COSTS.md, and the test that holds it.

Writes that a batch or many calls share (sums of usage, shares of limits) are counted apart.
"""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

from benchmarks.calls import Machine, Meter
from infra.harness.receiver import Receiver

USER = "?userId=bench"
SHARED = "#USE#", "#LIM", "#FIG#", "#RATE#"
LOOKED_UP = 3  # what a request reads: whose automation it is, the automation, its version
HEAD = (
    "# What executions cost",
    "",
    "Writes, reads and messages of each act, counted at the AWS clients with warm caches; made by `python -m",
    "benchmarks.automations costs`, and held by a test. Nothing may be above twice its floor. A request also reads",
    "whose the automation is, the automation and its version (3 R), which is left out; a worker reads once in 5 s",
    "whether an automation is still there, and once in 5 min a version.",
    "",
    "| act | writes | reads | messages | floor | why above it |",
    "| --- | --- | --- | --- | --- | --- |",
)
TAIL = (
    "",
    "Shared, and so left out: the sums of usage are one write for each automation and batch of messages (in a request,",
    "at most one a second), the sums that `GET /v1/metrics` shows one for each workspace and batch (on one machine:",
    "each second), and the limits of a workspace one for each block of tokens.",
)


_now_ms = [time.time_ns() // 1_000_000]


class Act(NamedTuple):
    """One row of the table."""

    name: str
    counted: tuple[int, int, int]
    floor: tuple[int, int, int]
    reason: str = ""

    def line(self) -> str:
        """Render it."""
        floor = "{} W, {} R, {} M".format(*self.floor)
        return f"| {self.name} | {' | '.join(map(str, self.counted))} | {floor} | {self.reason} |"


class Split(Meter):
    """A meter that counts what acts share apart."""

    def _count(self, model: Any, params: dict[str, Any], **more: Any) -> None:
        where = (params.get("Key") or params.get("Item") or {}).get("pk", {}).get("S", "")
        if any(mark in where for mark in SHARED):
            self.calls["shared"] += model.name in ("PutItem", "UpdateItem")
        else:
            super()._count(model, params, **more)


def table(acts: list[Act]) -> str:
    """Render the page."""
    return "\n".join([*HEAD, *(act.line() for act in acts), *TAIL]) + "\n"


def measure() -> list[Act]:
    """Count every act, on a data folder of its own."""
    from benchmarks.automations import make, start
    from chalicelib.adapters import aws
    from chalicelib.core import clock
    from chalicelib.edge import reporting

    reporting.pace()  # figures are nobody's act
    clock.use(lambda: _now_ms[0])  # or caches would grow old on a busy machine
    with tempfile.TemporaryDirectory() as folder:
        machine, receiver = start(folder)
        machine.meter = Split()
        aws.on_client(machine.meter.watch)
        acts = []
        for name, steps, floor in _inline(receiver):
            path = make(machine, steps, name)
            machine.call("POST", path, {"input": {"n": 1}})
            machine.meter.take()
            machine.call("POST", path, {"input": {"n": 1}})
            acts.append(Act(f"run: {name}", _of(machine.meter.take(), LOOKED_UP), floor))
        acts += _waits(machine, receiver)
        acts += _events(machine)
        acts += _children(machine, receiver)
        return [*acts, *_batch(machine, receiver)]


def _inline(receiver: Receiver) -> Iterator[tuple[str, list[Any], tuple[int, int, int]]]:
    from benchmarks.automations import call_step

    pure = {"id": "p", "type": "code", "code": "return input.n + 1"}
    items = {"id": "r", "type": "repeat", "count": 10, "parallelism": 10, "steps": [call_step(receiver, 0)]}
    mixed = [{**step, "id": f"{step['id']}{n}"} for n in range(3) for step in (pure, call_step(receiver, 0))]
    yield "1 effect", [call_step(receiver, 1)], (2, 0, 1)
    yield "3 effects", [call_step(receiver, n) for n in range(3)], (4, 0, 1)
    yield "10 effects", [call_step(receiver, n) for n in range(10)], (11, 0, 1)
    yield "transform, 1 effect", [pure, call_step(receiver, 1)], (2, 0, 1)
    yield "3 effects between 3 transforms", mixed, (4, 0, 1)
    yield "10 effects side by side", [items], (11, 0, 1)
    yield "1 effect at most once", [{**call_step(receiver, 1), "atMostOnce": True}], (3, 0, 1)


def _waits(machine: Machine, receiver: Receiver) -> list[Act]:
    from benchmarks.automations import call_step, make

    path = make(machine, [{"id": "w", "type": "wait", "seconds": 1}, call_step(receiver, 1)], "wait")
    _begin(machine, path)
    _drain(machine)
    _pause(1.2)
    _drain(machine)
    started = Act("start for the workers", _begin(machine, path), (1, 0, 1))
    taken = Act("take it, wait 1 s", _drain(machine), (2, 0, 1))
    _pause(1.2)
    return [started, taken, Act("wake, 1 effect, end", _drain(machine), (2, 0, 0))]


def _events(machine: Machine) -> list[Act]:
    from benchmarks.automations import make

    path = make(machine, [{"id": "e", "type": "waitForEvent", "event": "go"}], "event")
    automation = path.split("/")[3]
    _begin(machine, path)
    _drain(machine)
    _begin(machine, path)
    waits = Act("take it, wait for an event", _drain(machine), (2, 0, 0), "a row by which events find it")
    shown = machine.call("GET", f"/v1/automation/{automation}/execution{USER}")[0]
    machine.meter.take()
    machine.call("POST", f"/v1/execution/{shown['id']}/event{USER}", {"name": "go"})
    told = Act("tell it an event", _of(machine.meter.take(), 3), (1, 0, 1), "the event, and the bell")
    return [waits, told, Act("wake by an event, end", _drain(machine), (2, 1, 0), "that row is removed")]


def _children(machine: Machine, receiver: Receiver) -> list[Act]:
    from benchmarks.automations import call_step, make

    make(machine, [call_step(receiver, 1)], "inner")
    path = make(machine, [{"id": "c", "type": "automation", "automationId": "inner"}], "outer")
    for _ in range(2):
        _begin(machine, path)
        counted = _drain(machine)
    return [Act("run another automation of 1 effect", counted, (7, 1, 2), "the end of the other one rings")]


def _batch(machine: Machine, receiver: Receiver) -> list[Act]:
    from benchmarks.automations import call_step, make

    path = make(machine, [call_step(receiver, 1)], "ten")
    _begin(machine, path)
    _drain(machine)
    for _ in range(10):
        _begin(machine, path)
    counted = machine.drain("automations_advance")
    shared = f"their sums of usage: {counted['shared']} W"
    return [Act("take 10 in a batch, 1 effect each, end", _of(counted), (20, 0, 0), shared)]


def _pause(seconds: float) -> None:
    """Let the time pass that a wait needs; the queue lives by the real one."""
    time.sleep(seconds)
    _now_ms[0] += int(seconds * 1000)


def _begin(machine: Machine, path: str) -> tuple[int, int, int]:
    machine.meter.take()
    machine.call("POST", f"{path}?async=true", {"input": {}}, accepts=202)
    return _of(machine.meter.take(), LOOKED_UP)


def _drain(machine: Machine) -> tuple[int, int, int]:
    return _of(machine.drain("automations_advance"))


def _of(counted: Counter[str], looked_up: int = 0) -> tuple[int, int, int]:
    reads = sum(counted[name] for name in ("GetItem", "Query", "BatchGetItem")) - looked_up
    return counted["items written"], reads, counted["messages"]

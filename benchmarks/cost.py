"""What an event costs: the CPU of each part of its way, beside what that part takes alone.

The platform is worked by hand in one process and sampled by its CPU clock, so that other work on the machine hardly
matters; what threads, sockets and processes add is the difference to a whole stack. Samples are told apart by the
innermost frame that belongs to a part.
"""

from __future__ import annotations

import linecache
import multiprocessing
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from types import FrameType
from typing import Any

from benchmarks import acts, bare
from benchmarks.calls import Machine, apart
from benchmarks.load import Load
from benchmarks.report import Report
from benchmarks.traffic import arrived, stack_in
from benchmarks.workload import body_of, build
from infra.harness import processes
from infra.harness.receiver import Receiver

COLUMNS = ("part", "CPU an event", "share", "alone")
BATCH = 100  # events at a time, so that what is kept in the process is found there, as when they come one by one
_SAMPLE_S = 0.0005
# Where a frame lies -> which part it is; the first that fits, from the innermost frame outwards.
_PARTS = (
    ("/infra/local/cloud/sqs/", "local SQS"),
    ("/infra/local/cloud/", "local DynamoDB"),
    ("/botocore/", "botocore"),
    ("/infra/local/gateway.py", "HTTP in"),
    ("/infra/local/mapping.py", "queue consumers"),
    ("/chalice/", "HTTP in"),
    ("/chalicelib/edge/worker.py", "queue consumers"),
    ("/chalicelib/edge/", "HTTP in"),
    ("/chalicelib/adapters/javascript/", "scripts, this side"),
    ("/chalicelib/connectors/", "scripts, this side"),
    ("/chalicelib/adapters/http_client/", "HTTP out"),
    ("/chalicelib/subscriptions/signatures.py", "signature"),
    ("/chalicelib/subscriptions/events.py", "events: read, hashed, parsed"),
    ("/chalicelib/storage/", "rows and messages as JSON"),
    ("/chalicelib/adapters/queue.py", "rows and messages as JSON"),
    ("/chalicelib/adapters/aws.py", "botocore"),
    ("/chalicelib/", "subscriptions: routing, fan-out, deliveries"),
)
_FLOORS = {
    "HTTP in": "HTTP in",
    "rows and messages as JSON": "rows and messages as JSON",
    "SQLite": "database",
    "scripts, in their own process": "scripts",
    "signature": "signature",
    "HTTP out": "HTTP out",
}


def main(report: Report) -> None:
    """Say what each part of an event takes, and what is left when nothing else is done."""
    count = report.sizes.of(3_000, BATCH)
    parts, floors = apart(_sampled, count), apart(bare.floors_us, report.sizes.of(3_000, 100))
    whole_us = _whole_us(report.sizes.of(3_000, 100))
    parts["threads, sockets, polling, two processes beside each other"] = whole_us - sum(parts.values())
    for part, used_us in sorted(parts.items(), key=lambda one: -one[1]):
        floor = floors.get(_FLOORS.get(part, ""))
        report.row(
            COLUMNS, part, f"{used_us:.0f} us", f"{used_us / whole_us:.0%}", "" if floor is None else f"{floor:.0f} us"
        )
    least = sum(floors.values())
    report.row(COLUMNS, "all", f"{whole_us:.0f} us", f"{whole_us / least:.1f} times the floor", f"{least:.0f} us")
    report.must(min(floors.values()) > 0, "a part took no time alone")


def _whole_us(count: int) -> float:
    """Give the CPU of a whole stack for one event, at a rate it keeps up with."""
    with tempfile.TemporaryDirectory() as folder, stack_in(folder) as stack:
        receiver = Receiver()
        scene = build(stack, receiver)
        Load(scene.hook_url, body_of, 100).run()
        arrived(scene, 100, 60)
        before = stack.cpu_s()
        Load(scene.hook_url, body_of, count, per_second=200, prefix="c").run()
        arrived(scene, 100 + count, 120)
        return (stack.cpu_s() - before) / count * 1e6


def _sampled(count: int) -> dict[str, float]:
    """Work through so many events by hand; give CPU microseconds an event by part."""
    with tempfile.TemporaryDirectory() as folder:
        machine, sink = Machine(folder), Sink()
        _one_by_one()
        acts.scene(machine, sink)
        hook = machine.call("GET", "/v1/service/shop/webhookSetting?userId=bench")["url"].split("1290", 1)[1]
        _pass(machine, hook, "warm", BATCH)
        from chalicelib.adapters import javascript

        zygote = javascript._own().pool._zygote.pid  # type: ignore[attr-defined]
        samples, before, scripts = _Samples(), _own_s(), processes.cpu_s(processes.tree(zygote))
        samples.start()
        for number in range(0, count, BATCH):
            _pass(machine, hook, f"n{number}", BATCH)
        samples.stop()
        used_s, scripts_s = _own_s() - before, processes.cpu_s(processes.tree(zygote)) - scripts
        javascript.shutdown()
    parts = {part: used_s * share / count * 1e6 for part, share in samples.shares().items()}
    return {**parts, "scripts, in their own process": scripts_s / count * 1e6}


def _pass(machine: Machine, hook: str, prefix: str, count: int) -> None:
    for number in range(count):
        machine.call("POST", hook, body_of(number), x_delivery_id=f"{prefix}-{number}")
    machine.drain("subscriptions_fan_out")
    machine.drain("subscriptions_deliver")


class Sink:
    """A receiver in a process of its own, so that it is not sampled; it takes whatever comes."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        context.Process(target=_serve, args=(theirs,), daemon=True).start()
        self._address = f"http://127.0.0.1:{ours.recv()}"

    def url(self, path: str) -> str:
        """Give the address of a path."""
        return self._address + path

    def inbox(self, path: str, secret: str | None = None) -> None:
        """Keep nothing."""


def _serve(pipe: Any) -> None:
    receiver = Receiver()
    pipe.send(receiver.port)
    receiver.join()


class _Inline:
    """Stands in for the threads of attempts: one after the other, where samples see them."""

    def submit(self, work: Callable[..., Any], *given: Any) -> Future[Any]:
        done: Future[Any] = Future()
        done.set_result(work(*given))
        return done


def _one_by_one() -> None:
    from chalicelib.subscriptions import endpoints

    endpoints.pool = _Inline  # type: ignore[assignment, misc]


class _Samples:
    """Looks where the process is whenever it has used so much CPU time."""

    def __init__(self) -> None:
        self._counted: Counter[str] = Counter()

    def start(self) -> None:
        """Begin."""
        signal.signal(signal.SIGPROF, self._take)
        signal.setitimer(signal.ITIMER_PROF, _SAMPLE_S, _SAMPLE_S)

    def stop(self) -> None:
        """End."""
        signal.setitimer(signal.ITIMER_PROF, 0)

    def shares(self) -> dict[str, float]:
        """Give each part's share of what belongs to the platform."""
        del self._counted["not the platform"]
        return {part: taken / self._counted.total() for part, taken in self._counted.items()}

    def _take(self, _number: int, frame: FrameType | None) -> None:
        self._counted[_part_of(frame)] += 1


def _part_of(frame: FrameType | None) -> str:
    while frame is not None:
        file = frame.f_code.co_filename
        for place, part in _PARTS:
            if place in file:
                is_sql = part.startswith("local") and ".execute(" in linecache.getline(file, frame.f_lineno)
                return "SQLite" if is_sql else part
        frame = frame.f_back
    return "not the platform"


def _own_s() -> float:
    """CPU seconds of this thread; the receiver's is another."""
    return time.thread_time()

"""A whole stack under the workload: start-up, events per second, what kills cost."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.load import Load
from benchmarks.report import Report, milliseconds
from benchmarks.workload import FREE, KEY, Scene, body_of, build
from infra.harness import processes
from infra.harness.receiver import Inbox, Receiver
from infra.harness.stack import Stack


def stack_in(folder: str, **more: str) -> Stack:
    """Describe a stack as `make run` starts it, with a key and short retries."""
    settings = {"MILLRACE_DEV_KEYS": f"{KEY}=bench", "MILLRACE_RETRY_SCHEDULE_S": "0,1,2,5,10", **FREE, **more}
    return Stack(Path(folder), **settings)


def until(is_so: Callable[[], bool], timeout_s: float, pause_s: float = 0.01) -> bool:
    """Wait until something holds; False when the time is over first."""
    ends = time.monotonic() + timeout_s
    while not is_so():
        if time.monotonic() > ends:
            return False
        time.sleep(pause_s)
    return True


def arrived(scene: Scene, count: int, timeout_s: float) -> bool:
    """Wait until every inbox holds so many messages."""
    return until(lambda: all(len(inbox.ids) >= count for inbox in scene.inboxes), timeout_s)


def twice(inbox: Inbox) -> int:
    """Count messages that came again."""
    return sum(times - 1 for times in inbox.ids.values())


def memory_of(stack: Stack) -> str:
    """Say what API, workers and scripts hold, in MB."""
    api, workers, *others = stack.processes()
    parts = [processes.memory_bytes(ids) / 1e6 for ids in ([api], [workers], others)]
    return f"{sum(parts):.0f} MB (API {parts[0]:.0f}, workers {parts[1]:.0f}, scripts {parts[2]:.0f})"


def start_up(report: Report) -> None:
    """Start a fresh stack and one with data; say what it uses when nothing happens."""
    with tempfile.TemporaryDirectory() as folder:
        stack = stack_in(folder)
        fresh = [stack.start()]
        stack.stop()
        fresh.append(stack.start())
        try:
            report.figure("start-up in an empty folder, in a used one", f"{fresh[0]:.2f} s, {fresh[1]:.2f} s", "3")
            time.sleep(report.sizes.of(5, 0))
            report.figure("memory, idle", memory_of(stack))
            before, started = stack.cpu_s(), time.monotonic()
            time.sleep(report.sizes.of(60, 1))
            idle = (stack.cpu_s() - before) / (time.monotonic() - started) * 100
            report.figure("idle", f"{idle:.1f} % of one core")
        finally:
            report.figure("stop", f"{stack.stop():.1f} s")


def throughput(report: Report) -> None:
    """Events as fast as 1, 8 and 32 connections bring them, then at a steady 100 a second."""
    with tempfile.TemporaryDirectory() as folder, stack_in(folder) as stack:
        receiver = Receiver()
        scene = build(stack, receiver)
        inbox, sent = scene.inboxes[0], report.sizes.of(400, 50)
        Load(scene.hook_url, body_of, sent).run()
        report.must(arrived(scene, sent, 60), "not every event was delivered")
        for connections in (1, 8, 32):
            count = report.sizes.of(1000 if connections == 1 else 4000, 50)
            before_cpu, started = stack.cpu_s(), time.monotonic()
            load = Load(scene.hook_url, body_of, count, connections=connections, prefix=f"c{connections}")
            accept_s = load.run()
            sent += len(load.accepted)
            report.must(arrived(scene, sent, 120), f"{sent - len(inbox.ids)} events were not delivered")
            total_s, cpu_s = time.monotonic() - started, stack.cpu_s() - before_cpu
            report.row(
                ("connections", "accepted", "delivered and recorded", "CPU per 1,000 events", "accept"),
                str(connections),
                f"{len(load.accepted) / accept_s:.0f} a second",
                f"{count / total_s:.0f} a second",
                f"{cpu_s / count * 1000:.2f} s",
                milliseconds([accepted.took_s for accepted in load.accepted.values()]),
            )
            report.must(not load.refused, f"{load.refused} events were refused")
        report.must(twice(inbox) == 0, f"{twice(inbox)} messages came twice")
        report.figure("memory after that", memory_of(stack))
        _steady(report, stack, receiver)


def _steady(report: Report, stack: Stack, receiver: Receiver) -> None:
    scene = build(stack, receiver, name="steady")
    receiver.inbox("/steady/0").first_at.clear()
    load = Load(scene.hook_url, body_of, report.sizes.of(1500, 100), per_second=100)
    load.run()
    report.must(arrived(scene, len(load.accepted), 30), "not every event was delivered")
    accepted = sorted(one.sent_at + one.took_s for one in load.accepted.values())
    delivered = sorted(scene.inboxes[0].first_at.values())
    waits = [max(0.0, there - here) for here, there in zip(accepted, delivered, strict=False)]
    report.figure("accept, at 100 a second", milliseconds([one.took_s for one in load.accepted.values()]))
    report.figure("accept to delivery, n-th in to n-th out, at 100 a second", milliseconds(waits))


def kills(report: Report) -> None:
    """SIGKILLs of the whole stack under load: twenty under 2,000 accepted events."""
    times, apart = report.sizes.of(20, 2), 95
    with tempfile.TemporaryDirectory() as folder, stack_in(folder) as stack:
        receiver = Receiver()
        scene = build(stack, receiver)
        load = Load(scene.hook_url, body_of, (times + 1) * apart + 5, per_second=60, retry=True)
        sender = threading.Thread(target=load.run)
        sender.start()
        restarts = []
        for number in range(times):
            until(lambda number=number: len(load.accepted) >= (number + 1) * apart, 60, 0.005)  # type: ignore[misc]
            stack.kill()
            restarts.append(stack.start())
        sender.join()
        arrived(scene, len(load.accepted), 120)
        inbox, accepted = scene.inboxes[0], len(load.accepted)
        lost, again = accepted - len(inbox.ids), twice(inbox)
        report.figure("accepted events, SIGKILLs of everything", f"{accepted}, {times}")
        report.figure("lost, under two message ids", f"{max(0, lost)}, {max(0, -lost)}", "0, 0")
        report.figure("came twice", f"{again} ({again / accepted * 100:.1f} %)", "under 5 %")
        report.figure("back, at worst", f"{max(restarts):.1f} s", "20 s")
        report.must(lost == 0, f"lost {max(0, lost)}, under two ids {max(0, -lost)}")
        report.must(again < accepted * 0.05, f"{again} of {accepted} messages came twice")
        report.must(inbox.forged == 0, f"{inbox.forged} signatures were wrong")


def sustained(report: Report) -> None:
    """Events at a steady rate for minutes: errors, the time to accept, memory and backlog over time."""
    per_second = report.sizes.of(320, 60)
    count = int(per_second * (3 if report.sizes.is_quick else report.sizes.minutes * 60))
    with tempfile.TemporaryDirectory() as folder, stack_in(folder) as stack:
        receiver = Receiver()
        scene = build(stack, receiver)
        inbox, warm = scene.inboxes[0], report.sizes.of(1000, 50)
        Load(scene.hook_url, body_of, warm, prefix="warm").run()
        arrived(scene, warm, 60)
        start, cpu = memory_of(stack), stack.cpu_s()
        load = Load(scene.hook_url, body_of, count, connections=16, per_second=per_second)
        watch = _Watch(stack, load, inbox, warm)
        accept_s = load.run()
        backlog, ended = len(load.accepted) + warm - len(inbox.ids), time.monotonic()
        watch.stop()
        is_whole = arrived(scene, warm + len(load.accepted), 120)
        accepted, took = len(load.accepted), [one.took_s for one in load.accepted.values()]
        report.figure("accepted", f"{accepted} in {accept_s:.0f} s: {accepted / accept_s:.0f} a second", "300")
        report.figure("errors", str(load.refused), "0")
        report.figure("accept", milliseconds(took), "p99 under 100 ms")
        report.figure("CPU", f"{(stack.cpu_s() - cpu) / accepted * 1000:.2f} s per 1,000 events", "8")
        report.figure("backlog at the end", f"{backlog} events, gone in {time.monotonic() - ended:.1f} s")
        report.figure("largest backlog", f"{watch.most_behind} events")
        report.figure("memory at the start", start)
        report.figure("memory at the end, most", f"{memory_of(stack)}, {watch.most_bytes / 1e6:.0f} MB")
        report.figure("lost, came twice", f"{warm + accepted - len(inbox.ids)}, {twice(inbox)}", "0, 0")
        report.must(load.refused == 0, f"{load.refused} events were refused")
        report.must(is_whole, f"{warm + accepted - len(inbox.ids)} events were not delivered")


class _Watch(threading.Thread):
    """Looks at memory and backlog every few seconds."""

    def __init__(self, stack: Stack, load: Load, inbox: Inbox, before: int) -> None:
        super().__init__(daemon=True)
        self._stack, self._load, self._inbox, self._before = stack, load, inbox, before
        self._is_over = threading.Event()
        self.most_bytes = self.most_behind = 0
        self.start()

    def run(self) -> None:
        """Look until told to stop."""
        while not self._is_over.wait(2):
            self.most_bytes = max(self.most_bytes, self._stack.memory_bytes())
            self.most_behind = max(self.most_behind, self._before + len(self._load.accepted) - len(self._inbox.ids))

    def stop(self) -> None:
        """Look no more."""
        self._is_over.set()
        self.join()

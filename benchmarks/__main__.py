"""`make bench`: print every figure with the machine it was taken on.

python -m benchmarks                  all of it, about three minutes
python -m benchmarks throughput calls named parts only
"""

from __future__ import annotations

import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks import calls, scripts
from benchmarks.load import Load
from benchmarks.workload import KEY, Scene, body_of, build
from infra.harness.receiver import Receiver
from infra.harness.stack import Stack


def main(names: list[str]) -> None:
    """Run the named parts, or all."""
    print(machine())
    print("command: python -m benchmarks " + " ".join(names))
    for name in names or list(PARTS):
        print(f"\n== {name}")
        PARTS[name]()


def machine() -> str:
    """Describe this machine in a line."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), "?")
    return f"machine: {model}, {os.cpu_count()} cores, Python {platform.python_version()}, {platform.platform()}"


def _stack(folder: str) -> Stack:
    return Stack(
        Path(folder), MILLRACE_DEV_KEYS=f"{KEY}=bench", MILLRACE_RETRY_SCHEDULE_S="0,1,2,5,10", MILLRACE_TICK_S="1"
    )


def _percentiles(values: list[float]) -> str:
    ordered = sorted(values)
    if not ordered:
        return "none"
    return f"p50 {ordered[len(ordered) // 2] * 1000:.1f} ms, p99 {ordered[int(len(ordered) * 0.99)] * 1000:.1f} ms"


def _wait(scene: Scene, count: int, timeout_s: float) -> None:
    ends = time.monotonic() + timeout_s
    while any(len(inbox.ids) < count for inbox in scene.inboxes) and time.monotonic() < ends:
        time.sleep(0.01)


def throughput() -> None:
    """Events as fast as eight connections bring them, then at a steady 100 a second."""
    with tempfile.TemporaryDirectory() as folder, _stack(folder) as stack:
        receiver = Receiver()
        scene = build(stack, receiver)
        warm = Load(scene.hook_url, body_of, 200)
        warm.run()
        _wait(scene, 200, 30)
        count, before_cpu, started = 4000, stack.cpu_s(), time.monotonic()
        load = Load(scene.hook_url, body_of, count, prefix="fast")
        accept_s = load.run()
        _wait(scene, 200 + len(load.accepted), 60)
        total_s, cpu_s = time.monotonic() - started, stack.cpu_s() - before_cpu
        print(f"accepted {len(load.accepted)} of {count} events: {len(load.accepted) / accept_s:.0f} a second")
        print(f"delivered {len(scene.inboxes[0].ids) - 200}: {count / total_s:.0f} a second from first in to last out")
        print(f"CPU {cpu_s / count * 1000:.2f} s per 1,000 events (target under 8, at least 200 a second)")
        print(f"accept {_percentiles([accepted.took_s for accepted in load.accepted.values()])}")
        print(f"memory of all processes {stack.memory_bytes() / 1e6:.0f} MB")
        _steady(stack, receiver)


def _steady(stack: Stack, receiver: Receiver) -> None:
    scene = build(stack, receiver, name="steady")
    receiver.inbox("/steady/0").first_at.clear()
    load = Load(scene.hook_url, body_of, 1500, per_second=100)
    load.run()
    _wait(scene, len(load.accepted), 30)
    sent = sorted(accepted.sent_at + accepted.took_s for accepted in load.accepted.values())
    arrived = sorted(scene.inboxes[0].first_at.values())
    waits = [max(0.0, there - here) for here, there in zip(sent, arrived, strict=False)]
    print(f"at 100 a second: accept {_percentiles([accepted.took_s for accepted in load.accepted.values()])}")
    print(f"at 100 a second: accept to delivery {_percentiles(waits)} (n-th in to n-th out)")


def start_up() -> None:
    """Start a fresh stack and one with data."""
    with tempfile.TemporaryDirectory() as folder:
        stack = _stack(folder)
        fresh = stack.start()
        stack.stop()
        again = stack.start()
        print(f"ready in {fresh:.2f} s in an empty folder, {again:.2f} s in a used one (target under 3)")
        print(f"memory idle {stack.memory_bytes() / 1e6:.0f} MB in {len(stack.processes())} processes")
        before, started = stack.cpu_s(), time.monotonic()
        time.sleep(10)
        idle = (stack.cpu_s() - before) / (time.monotonic() - started) * 100
        print(f"idle for 10 s: {idle:.1f} % of one core; stopped in {stack.stop():.1f} s")


def kills() -> None:
    """Twenty SIGKILLs of the whole stack under 2,000 accepted events."""
    import threading

    with tempfile.TemporaryDirectory() as folder, _stack(folder) as stack:
        receiver = Receiver()
        scene = build(stack, receiver)
        load = Load(scene.hook_url, body_of, 2000, per_second=60, retry=True)
        sender = threading.Thread(target=load.run)
        sender.start()
        restarts = []
        for number in range(20):
            while len(load.accepted) < (number + 1) * 95:
                time.sleep(0.005)
            stack.kill()
            restarts.append(stack.start())
        sender.join()
        _wait(scene, len(load.accepted), 120)
        inbox = scene.inboxes[0]
        twice = sum(times - 1 for times in inbox.ids.values())
        lost = len(load.accepted) - len(inbox.ids)
        print(f"accepted {len(load.accepted)}, lost {max(0, lost)}, under two message ids {max(0, -lost)}")
        share = twice / len(load.accepted) * 100
        print(f"duplicates {twice} ({share:.1f} %, target under 5), forged {inbox.forged}")
        print(f"back in {max(restarts):.2f} s at worst")


PARTS: dict[str, Callable[[], None]] = {
    "start_up": start_up,
    "scripts": scripts.main,
    "calls": calls.main,
    "throughput": throughput,
    "kills": kills,
}

if __name__ == "__main__":
    main(sys.argv[1:])

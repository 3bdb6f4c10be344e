"""`python -m benchmarks.peers`: Millrace and its peers, one after the other in one run, the same work.

python -m benchmarks.peers                       all that can be had on this machine
python -m benchmarks.peers millrace celery       named ones
python -m benchmarks.peers --events 2000 --connections 1,8,32 --kills 5
"""

from __future__ import annotations

import argparse
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.__main__ import machine
from benchmarks.load import Load
from benchmarks.peers.base import SECRET, Missing, Peer
from benchmarks.peers.in_python import CeleryRedis, Dbos
from benchmarks.peers.millrace import Millrace
from benchmarks.peers.n8n import N8n
from benchmarks.workload import body_of
from infra.harness import processes
from infra.harness.receiver import Inbox, Receiver

PEERS: dict[str, type[Peer]] = {peer.name: peer for peer in (Millrace, CeleryRedis, Dbos, N8n)}


@dataclass
class Figure:
    """One run: events delivered a second, CPU seconds per 1,000, memory, what went missing."""

    connections: int
    per_second: float
    cpu_s: float
    memory_mb: float
    lost: int


def main() -> None:
    """Run the comparison and print it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers")
    parser.add_argument("names", nargs="*", default=list(PEERS), metavar="name")
    parser.add_argument("--events", type=int, default=2000)
    parser.add_argument("--connections", default="1,8,32")
    parser.add_argument("--kills", type=int, default=5)
    given = parser.parse_args()
    print(machine())
    figures = {}
    for name in given.names:
        print(f"\n== {name}: {PEERS[name].what}", flush=True)
        try:
            with tempfile.TemporaryDirectory() as folder:
                counts = [int(text) for text in given.connections.split(",")]
                figures[name] = _measure(PEERS[name], Path(folder), given.events, counts, given.kills)
        except Missing as missing:
            print(f"left out: {missing}")
    _compare(figures)


def _measure(kind: type[Peer], folder: Path, events: int, connections: list[int], kills: int) -> list[Figure]:
    receiver = Receiver()
    inbox = receiver.inbox("/orders", SECRET)
    peer = kind(folder, receiver.url("/orders"))
    started = time.monotonic()
    peer.start()
    print(f"ready after {time.monotonic() - started:.1f} s, first start with what it installs")
    inbox.secret = peer.secret
    try:
        _run(peer, inbox, 200, 8, "warm")
        figures = [_run(peer, inbox, _fitting(events, count), count, f"c{count}") for count in connections]
        for figure in figures:
            print(
                f"{figure.connections:2d} in flight: {figure.per_second:6.1f} a second, CPU {figure.cpu_s:6.2f} s per "
                f"1,000, memory {figure.memory_mb:.0f} MB, lost {figure.lost}",
                flush=True,
            )
        if kills:
            _kill(peer, inbox, kills)
    finally:
        peer.stop()
    return figures


def _fitting(events: int, connections: int) -> int:
    """One connection is slow everywhere; a quarter of the events says as much."""
    return events // 4 if connections == 1 else events


def _run(peer: Peer, inbox: Inbox, count: int, connections: int, prefix: str) -> Figure:
    before_ids, before_cpu, started = len(inbox.ids), processes.cpu_s(peer.processes()), time.monotonic()
    load = Load(peer.url, body_of, count, connections=connections, prefix=prefix, yes=peer.yes)
    load.run()
    arrived = _await(inbox, before_ids + len(load.accepted), 180)
    took_s = arrived - started
    cpu_s = processes.cpu_s(peer.processes()) - before_cpu
    lost = before_ids + len(load.accepted) - len(inbox.ids)
    delivered = len(inbox.ids) - before_ids
    memory = processes.memory_bytes(peer.processes()) / 1e6
    return Figure(connections, delivered / took_s, cpu_s / max(1, delivered) * 1000, memory, max(0, lost))


def _await(inbox: Inbox, count: int, patience_s: float) -> float:
    """Wait for a number of messages, while some still come; answer when the last one came."""
    last, seen = time.monotonic(), len(inbox.ids)
    while len(inbox.ids) < count and time.monotonic() - last < patience_s:
        if len(inbox.ids) != seen:
            last, seen = time.monotonic(), len(inbox.ids)
        time.sleep(0.005)
    return time.monotonic() if len(inbox.ids) >= count else last


def _kill(peer: Peer, inbox: Inbox, kills: int) -> None:
    """SIGKILL everything under load, a few times; count what was accepted and never came, and what came twice."""
    before, twice_before = len(inbox.ids), _twice(inbox)
    load = Load(peer.url, body_of, 100 * kills, per_second=20, retry=True, prefix="k", yes=peer.yes)
    sender = threading.Thread(target=load.run)
    sender.start()
    for number in range(kills):
        while len(load.accepted) < 100 * number + 50 and sender.is_alive():
            time.sleep(0.01)
        peer.kill()
        peer.start()
        load.url = peer.url
    sender.join()
    _await(inbox, before + len(load.accepted), 60)
    lost = max(0, before + len(load.accepted) - len(inbox.ids))
    twice = _twice(inbox) - twice_before
    print(f"{kills} SIGKILLs under {len(load.accepted)} accepted events: lost {lost}, twice {twice}")


def _twice(inbox: Inbox) -> int:
    return sum(times - 1 for times in inbox.ids.values())


def _compare(figures: dict[str, list[Figure]]) -> None:
    own = {figure.connections: figure for figure in figures.pop("millrace", [])}
    for name, theirs in figures.items():
        for figure in theirs:
            mine = own.get(figure.connections)
            if mine and figure.per_second:
                print(
                    f"Millrace to {name}, {figure.connections:2d} in flight: "
                    f"{mine.per_second / figure.per_second:.1f} times the events a second, "
                    f"{figure.cpu_s / mine.cpu_s:.1f} times less CPU"
                )


if __name__ == "__main__":
    main()

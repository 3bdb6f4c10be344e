"""Millrace and its peers, one after the other in one run: the same events, kept, transformed, signed, sent on."""

from __future__ import annotations

import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.load import Load
from benchmarks.peers.base import SECRET, Missing, Peer
from benchmarks.peers.in_python import CeleryRedis, Dbos
from benchmarks.peers.millrace import Millrace
from benchmarks.peers.n8n import N8n
from benchmarks.report import Report
from benchmarks.traffic import twice, until
from benchmarks.workload import body_of
from infra.harness import processes
from infra.harness.receiver import Inbox, Receiver

PEERS: dict[str, type[Peer]] = {peer.name: peer for peer in (Millrace, CeleryRedis, Dbos, N8n)}


CONNECTIONS, EVENTS, KILLS = (1, 8, 32), 2000, 5


@dataclass
class Figure:
    """One run: events delivered a second, CPU seconds per 1,000, memory, what went missing."""

    connections: int
    per_second: float
    cpu_s: float
    memory_mb: float
    lost: int


@dataclass
class Figures:
    """All of one product: how long its first start took, its runs, and what its kills cost."""

    ready_s: float
    runs: list[Figure] = field(default_factory=list)
    kills: int = 0
    accepted: int = 0
    lost: int = 0
    twice: int = 0


def main(report: Report) -> None:
    """Run all that can be had on this machine."""
    compare(report, list(PEERS))


def compare(report: Report, names: list[str]) -> None:
    """Run the named ones, then say how they compare."""
    figures = {}
    for name in names:
        report.note(f"{name}: {PEERS[name].what}")
        try:
            with tempfile.TemporaryDirectory() as folder:
                figures[name] = _measure(report, PEERS[name], Path(folder))
        except (Missing, RuntimeError, OSError) as error:  # the others are worth having without it
            report.note(f"{name} was left out: {error}")
            report.must(name != "millrace", "Millrace did not run")
    for columns, rows in (_compared(figures), _killed(figures)):
        for row in rows:
            report.row(columns, *row)
    ours = figures.get("millrace")
    if ours:
        report.must(not ours.lost and not any(run.lost for run in ours.runs), "Millrace lost events")


def _measure(report: Report, kind: type[Peer], folder: Path) -> Figures:
    receiver = Receiver()
    inbox = receiver.inbox("/orders", SECRET)
    peer = kind(folder, receiver.url("/orders"))
    started = time.monotonic()
    try:
        peer.start()
        figures = Figures(time.monotonic() - started)
        inbox.secret = peer.secret
        _run(peer, inbox, report.sizes.of(200, 20), 8, "warm")
        for connections in CONNECTIONS:
            count = report.sizes.of(EVENTS, 100) // (4 if connections == 1 else 1)
            run = _run(peer, inbox, count, connections, f"c{connections}")
            figures.runs.append(run)
            print(f"{kind.name}: {run}", flush=True)
        _kill(peer, inbox, report.sizes.of(KILLS, 1), figures)
    finally:
        peer.stop()
    return figures


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


def _kill(peer: Peer, inbox: Inbox, kills: int, figures: Figures) -> None:
    """SIGKILL everything under load, a few times; count what was accepted and never came, and what came twice."""
    before, twice_before = len(inbox.ids), twice(inbox)
    load = Load(peer.url, body_of, 100 * kills, per_second=20, retry=True, prefix="k", yes=peer.yes)
    sender = threading.Thread(target=load.run)
    sender.start()
    for number in range(kills):
        until(lambda number=number: len(load.accepted) >= 100 * number + 50 or not sender.is_alive(), 300)  # type: ignore[misc]
        peer.kill()
        peer.start()
        load.url = peer.url
    sender.join()
    _await(inbox, before + len(load.accepted), 60)
    figures.kills, figures.accepted = kills, len(load.accepted)
    figures.lost = max(0, before + len(load.accepted) - len(inbox.ids))
    figures.twice = twice(inbox) - twice_before


def _compared(figures: dict[str, Figures]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Make the table of runs; ratios are Millrace's rate to theirs, and their CPU to Millrace's."""
    columns = ("in flight", "product", "delivered", "CPU per 1,000", "memory", "lost", "Millrace's rate, their CPU")
    ours = {run.connections: run for run in figures["millrace"].runs} if "millrace" in figures else {}
    rows = []
    for connections in CONNECTIONS:
        for name, found in figures.items():
            run = next(run for run in found.runs if run.connections == connections)
            mine, ratio = ours.get(connections), ""
            if mine and mine is not run and run.per_second:
                ratio = f"{mine.per_second / run.per_second:.1f} x, {run.cpu_s / mine.cpu_s:.1f} x"
            memory = f"{run.memory_mb:.0f} MB"
            rate, cpu = f"{run.per_second:.0f} a second", f"{run.cpu_s:.2f} s"
            rows.append((str(connections), name, rate, cpu, memory, str(run.lost), ratio))
    return columns, rows


def _killed(figures: dict[str, Figures]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    columns = ("product", "ready after", "SIGKILLs", "accepted meanwhile", "lost", "came twice")
    return columns, [
        (name, f"{one.ready_s:.1f} s", str(one.kills), str(one.accepted), str(one.lost), str(one.twice))
        for name, one in figures.items()
    ]

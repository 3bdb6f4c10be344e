"""`python -m tests.chaos.soak --minutes 60`: bounded load on all surfaces in calm weather, and whether anything grows.

Once a minute (at least twelve times) it samples the memory of every process, rows and bytes of every table, the file,
the depth and age of every queue, what was accepted and done, and how long the answers took. The verdict at the end is
the exit code; the samples are written as CSV.
"""

from __future__ import annotations

import argparse
import csv
import os
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from infra.harness import processes
from infra.harness.stack import Stack
from tests.chaos import invariants, verdict
from tests.chaos.platform import KEY
from tests.chaos.running import Load, Pressure, calm_loads
from tests.chaos.sinks import Sinks
from tests.chaos.store import Store
from tests.chaos.surfaces.base import Surface

SAMPLES_MIN, INTERVAL_S = 12, 60.0
SETTLE_S, INSTALLED_S = 120.0, 120.0


@dataclass(frozen=True)
class Sample:
    """What one look saw. Ages and latencies in milliseconds; `waiting` counts messages that are due and not taken;
    `machine` is its load average, whoever causes it.
    """

    at_s: float
    api_mb: float
    workers_mb: float
    others_mb: float
    file_mb: float
    rows: int
    items_mb: float
    waiting: int
    oldest_ms: int
    accepted: int
    owed: int
    p50_ms: float
    p99_ms: float
    machine: float


class Soak:
    """One soak of a stack on a folder of its own."""

    def __init__(self, folder: Path, minutes: float) -> None:
        self.folder, self.for_s = folder, minutes * 60
        self.interval_s = min(INTERVAL_S, self.for_s / SAMPLES_MIN)
        self.stack = Stack(
            folder / "stack",
            MILLRACE_DEV_KEYS=f"default=default,{KEY}={KEY}",
            MILLRACE_LOG_LEVEL="ERROR",
            MILLRACE_CHAT_PER_MINUTE="1000000",
            MILLRACE_CHAT_FILES_MB="10000",
        )
        self.store = Store(self.stack.folder / "data" / "millrace.db")
        self.samples: list[Sample] = []
        self.tables: list[dict[str, tuple[int, int]]] = []
        self.faults: list[str] = []

    def run(self) -> list[str]:
        """Soak; give every reason why it did not go well."""
        self.stack.start(timeout_s=90)
        self._await_rest()
        try:
            return self._soaked(calm_loads(self.stack.url, Sinks()))
        finally:
            self.stack.stop()

    def _await_rest(self) -> None:
        """Wait until the stack has installed the connectors it comes with: they are no work that was accepted."""
        before, ends = -1, time.monotonic() + INSTALLED_S
        while (rows := self.store.sizes()["catalogue"][0]) != before and time.monotonic() < ends:
            before = rows
            time.sleep(5)

    def _soaked(self, loads: Sequence[Load]) -> list[str]:
        surfaces = [load.surface for load in loads]
        for surface in surfaces:
            surface.prepare()
        pressure = Pressure(loads)
        pressure.begin()
        started = time.monotonic()
        print(_heading(), flush=True)
        for number in range(1, round(self.for_s / self.interval_s) + 1):
            time.sleep(max(0.0, started + number * self.interval_s - time.monotonic()))
            self._sample(time.monotonic() - started, surfaces)
        pressure.end()
        left = self._settle(surfaces)
        found = [*pressure.faults, *(f"{name} still owes {count}" for name, count in left.items() if count)]
        for surface in surfaces:
            found += [f"{surface.name}: {text}" for text in (*surface.audit(self.store), *surface.client.strange)]
        found += invariants.of_all(self.store) + invariants.given_up(self.store)
        return found + verdict.of([asdict(one) for one in self.samples], self.tables)

    def _settle(self, surfaces: Sequence[Surface]) -> dict[str, int]:
        ends = time.monotonic() + SETTLE_S
        while True:
            left = {surface.name: surface.owed() for surface in surfaces}
            is_quiet = not any(left.values()) and not invariants.messages_under_way(self.store)
            if is_quiet or time.monotonic() > ends:
                return left
            time.sleep(1)

    def _sample(self, at_s: float, surfaces: Sequence[Surface]) -> None:
        sizes, now = self.store.sizes(), time.time_ns() // 1_000_000
        waiting = invariants.under_way(self.store, now)
        due = [now - one.visible_at for one in waiting]
        took = sorted(ms for surface in surfaces for ms in surface.client.take_times())
        data = self.stack.folder / "data"
        memory = self._memory()
        sample = Sample(
            at_s=round(at_s, 1),
            **{f"{part}_mb": round(memory[part] / 1e6, 1) for part in memory},
            file_mb=round(sum(file.stat().st_size for file in data.glob("millrace.db*")) / 1e6, 2),
            rows=sum(rows for rows, _ in sizes.values()),
            items_mb=round(sum(size for _, size in sizes.values()) / 1e6, 2),
            waiting=len(waiting),
            oldest_ms=max(due, default=0),
            accepted=sum(surface.accepted() for surface in surfaces),
            owed=sum(surface.owed() for surface in surfaces),
            p50_ms=round(_quantile(took, 0.5), 1),
            p99_ms=round(_quantile(took, 0.99), 1),
            machine=round(os.getloadavg()[0], 1),
        )
        self.samples.append(sample)
        self.tables.append(sizes)
        print(_line(sample), flush=True)

    def _memory(self) -> dict[str, int]:
        """Sum what the process that answers, the one that works, and what they started have allocated."""
        found = {"api": 0, "workers": 0, "others": 0}
        for number, process_id in enumerate(self.stack.processes()):
            try:
                words = Path(f"/proc/{process_id}/cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            part = "api" if number == 0 else "workers" if b"workers" in words else "others"
            found[part] += processes.own_bytes([process_id])
        return found

    def write(self) -> Path:
        """Write the samples and the rows of every table as CSV; say where."""
        file = self.folder / "soak.csv"
        names = sorted({name for sizes in self.tables for name in sizes})
        with file.open("w", newline="") as out:
            writer = csv.writer(out)
            writer.writerow([*(one.name for one in fields(Sample)), *(f"rows_{name}" for name in names)])
            for sample, sizes in zip(self.samples, self.tables, strict=True):
                writer.writerow([*asdict(sample).values(), *(sizes.get(name, (0, 0))[0] for name in names)])
        return file


def _quantile(numbers: Sequence[float], share: float) -> float:
    return numbers[min(len(numbers) - 1, int(len(numbers) * share))] if numbers else 0.0


def _heading() -> str:
    return " ".join(f"{one.name:>10}" for one in fields(Sample))


def _line(sample: Sample) -> str:
    return " ".join(f"{value:>10}" for value in asdict(sample).values())


def main() -> None:
    """Soak for as long as asked; exit 1 when something grew, slowed down or was lost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    minutes = parser.parse_args().minutes
    folder = Path(tempfile.mkdtemp(prefix="millrace-soak-"))
    soak = Soak(folder, minutes)
    faults = soak.run()
    print(f"\nsamples: {soak.write()}")
    print(verdict.MODEL)
    for fault in faults:
        print(f"NOT GOOD: {fault}")
    print("not good" if faults else f"good: {minutes:g} minutes, nothing grew, nothing slowed down, nothing was lost")
    raise SystemExit(1 if faults else 0)


if __name__ == "__main__":
    main()

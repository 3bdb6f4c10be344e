"""What a part of the benchmarks says: figures beside their targets, tables, and outcomes that must hold."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

HEAD = ("what", "figure", "target")


@dataclass(frozen=True)
class Sizes:
    """How much the parts do. `is_quick` checks outcomes in seconds; its times say nothing."""

    is_quick: bool = False
    minutes: float = 10.0
    waiting: int = 100_000
    subscriptions: int = 10_000

    def of(self, full: int, quick: int) -> int:
        """Choose a number by whether this is the quick form."""
        return quick if self.is_quick else full


@dataclass
class Report:
    """One part's report. Everything is printed as it comes; `markdown` gives it for a file."""

    name: str
    sizes: Sizes = field(default_factory=Sizes)
    command: str = ""
    faults: list[str] = field(default_factory=list)
    _lines: list[str] = field(default_factory=list)
    _columns: tuple[str, ...] = ()

    def figure(self, what: str, figure: str, target: str = "") -> None:
        """Add a row of the table of figures."""
        self.row(HEAD, what, figure, target)

    def row(self, columns: Sequence[str], *cells: str) -> None:
        """Add a row to the table with these columns; other columns begin another table."""
        if tuple(columns) != self._columns:
            self._columns = tuple(columns)
            self._lines += ["", _row(columns), _row(["---"] * len(columns))]
        self._lines.append(_row(cells))
        print("  ".join(filter(None, (f"{cells[0]}:", *cells[1:]))), flush=True)

    def note(self, text: str) -> None:
        """Add a line of text."""
        self._columns = ()
        self._lines += ["", text]
        print(text, flush=True)

    def must(self, is_so: bool, otherwise: str) -> None:
        """Demand an outcome; what does not hold fails the command."""
        if not is_so:
            self.faults.append(otherwise)
            print(f"FAILED: {otherwise}", flush=True)

    def markdown(self) -> str:
        """Render the part: command and date, then tables and texts."""
        head = f"`{self.command}`, {time.strftime('%Y-%m-%d', time.gmtime())}, load {os.getloadavg()[1]:.1f}."
        return "\n".join([head, *self._lines, *(f"\nFAILED: {fault}" for fault in self.faults)]) + "\n"


def machine() -> str:
    """Describe this machine in a line."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), "?")
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    system = platform.platform(terse=True)
    return f"{model}, {os.cpu_count()} cores, {memory:.0f} GB, Python {platform.python_version()}, {system}"


def percentile(values: Iterable[float], share: float) -> float:
    """Give the value below which this share lies; not a number when there are none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else float("nan")


def milliseconds(values: Sequence[float]) -> str:
    """Say median and 99th percentile of seconds."""
    return f"p50 {percentile(values, 0.5) * 1000:.1f} ms, p99 {percentile(values, 0.99) * 1000:.1f} ms"


def write(path: Path, reports: Iterable[Report]) -> None:
    """Put reports in a file between their marks, `<!-- part -->` and `<!-- end -->`; the texts around them stay."""
    text = path.read_text() if path.exists() else "# Results\n"
    for report in (Report("machine"), *reports):
        begin, end = f"<!-- {report.name} -->\n", "<!-- end -->"
        before, found, rest = text.partition(begin)
        if not found:
            before, rest = f"{text.rstrip()}\n\n## {report.name}\n\n", f"{end}\n"
        inside = f"{machine()}\n" if report.name == "machine" else report.markdown()
        text = before + begin + inside + end + rest.partition(end)[2]
    path.write_text(text)


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"

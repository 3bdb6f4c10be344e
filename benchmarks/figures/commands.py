"""Figures 2, 5 and 10: tests and the model, run in full, each in a process of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path

from benchmarks.figures.finding import Finding, at_least, at_most, exactly

ROOT = Path(__file__).parents[2]
KILLS, WAITS = "tests/workers/automations/test_kills.py", "tests/workers/automations/test_waits.py"
REMOVED = "tests/unit/durable/test_removed_rules.py"


@dataclass
class Run:
    """What a run of tests came to; `noted` holds what they wrote down, by name."""

    passed: int
    failed: int
    noted: dict[str, list[float]]
    shown: str

    def number(self, name: str) -> float:
        """Give the one value noted under a name; NaN when the test did not come that far."""
        return self.noted.get(name, [float("nan")])[0]


def pytest(*paths: str) -> Run:
    """Run tests in full."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", *paths, "-q", f"--junitxml={report}", "-o", "junit_family=xunit1"]
        environment = os.environ | {"MILLRACE_EVERY_POINT": "1"}
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        if not report.exists():
            raise RuntimeError((done.stdout + done.stderr)[-2000:])
        return read(ET.parse(report).getroot(), done.stdout[-1500:])


def read(report: ET.Element, shown: str) -> Run:
    """Read pytest's report."""
    cases = list(report.iter("testcase"))
    failed = sum(1 for case in cases if case.find("failure") is not None or case.find("error") is not None)
    noted: dict[str, list[float]] = {}
    for one in report.iter("property"):
        noted.setdefault(one.attrib["name"], []).append(float(one.attrib["value"]))
    return Run(len(cases) - failed, failed, noted, shown)


def kills() -> list[Finding]:
    """Figure 2: a worker falls at every point of an execution with steps of every type."""
    run = pytest(KILLS)
    points = run.number("points there are")
    return [
        exactly("points at which a worker fell", run.number("workers that fell, each at a point of its own"), points),
        at_least("points of an execution of 14 steps", points, 110),
        exactly("tests that failed (transitions once, same keys, right end)", _failed(run), 0),
        at_most(
            "effects repeated after one fall",
            run.number("effects repeated after a fall under the same key, at most"),
            2,
        ),
    ]


def model(schedules: int = 1_000_000) -> list[Finding]:
    """Figure 5: random schedules of the real transition code; and each rule removed."""
    each = -(-schedules // 7)
    command = [sys.executable, "-m", "tests.unit.durable.simulate", "--schedules", str(each * 7), "--seed", "7"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    counts = [int(found) for found in re.findall(r": (\d+) schedules", done.stdout)]
    removed = pytest(REMOVED)
    caught = removed.noted.get("caught after schedules", [])
    broken = "none" if done.returncode == 0 else done.stderr[-500:]
    return [
        at_least("random schedules", sum(counts), schedules),
        exactly("violations", broken, "none"),
        exactly("rules whose removal is not caught", _failed(removed), 0),
        at_least("rules removed one by one", len(caught), 24),
        Finding("schedules until the removal of a rule is caught", f"at most {max(caught, default=0):g}", bool(caught)),
    ]


def waits() -> list[Finding]:
    """Figure 10: waits of a second to ninety days on a virtual clock, and an hour without ticks."""
    run = pytest(WAITS)
    return [
        at_least("waits from 1 s to 90 days", run.number("waits"), 10_000),
        exactly("tests that failed (lost, early)", _failed(run), 0),
        at_most("short ones late, p99", run.number("short ones late, p99 in s"), 2, " s"),
        at_most("long ones late, p99", run.number("long ones late, p99 in s"), 60, " s"),
        at_most("caught up after a missed hour", run.number("the last of the missed hour, s after it"), 300, " s"),
    ]


def _failed(run: Run) -> object:
    return f"{run.failed}: {run.shown}" if run.failed or not run.passed else 0

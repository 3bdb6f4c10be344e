"""Trying mutants: a tree of its own for each worker, and a fresh process for each trial.

A trial is a fork of a process that has loaded the libraries, so only the platform's own modules are loaded anew. Which
tests run a line, and how long each takes, is found out once, on the unchanged tree; a mutant is tried with those alone,
and ends with the first that notices it.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import shutil
import signal
import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from tests.attack.mutations.making import Mutant

ROOT = Path(__file__).parents[3]
NICE = 19
_COPIED = ("chalicelib", "infra", "tests", "contract", "docs", "app.py", "pyproject.toml", "README.md", "Makefile")
_LIBRARIES = ("boto3", "chalice", "cryptography.fernet", "jsonschema_rs", "moto.dynamodb.models", "orjson", "pydantic")
_OWN = ("app", "chalicelib", "infra", "tests")
_LEAST_S, _TIMES = 20.0, 4  # a test may take so much longer than usual before it counts as one that never ends
_FAVOURITES = 3
OUT_OF_TIME = "out of time"
_SURVIVES, _NO_TEST = 0, (4, 5)  # exit codes of pytest; by all others something was noticed


def copied(folder: Path) -> Path:
    """Copy the tree."""
    folder.mkdir(parents=True)
    for part in _COPIED:
        source = ROOT / part
        if source.is_dir():
            hidden = shutil.ignore_patterns("__pycache__", "node_modules")
            shutil.copytree(source, folder / part, ignore=hidden)
        elif source.exists():
            shutil.copy2(source, folder / part)
    return folder


def prepare() -> None:
    """Load what every trial needs, once."""
    if os.getpriority(os.PRIO_PROCESS, 0) == 0:  # else whoever called has said how much it is to yield
        os.setpriority(os.PRIO_PROCESS, 0, NICE)
    for name in _LIBRARIES:
        importlib.import_module(name)


@dataclass(frozen=True)
class Watched:
    """What was seen of a test file: module -> line -> tests that run it; test -> how long it took while watched (s)."""

    lines: dict[str, dict[int, list[str]]]
    seconds: dict[str, float]


class Tree:
    """One copy of the tree, in which one trial runs at a time."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.output, self.noticed = folder, folder.with_suffix(".log"), folder.with_suffix(".noticed")
        self._by_module: dict[str, Counter[str]] = defaultdict(Counter)  # module -> test -> mutants it noticed

    def watch(self, modules: list[str], tests: str) -> Watched:
        """Run a test file unchanged, and see which of its tests run which lines of the modules.

        Tests that fail while they are watched, because that takes time, are left out.
        """
        found = self.folder.with_suffix(".lines")
        watched = {str(self.folder / module): module for module in modules}
        code = self._run([tests], 900, _Lines(watched, found), writes=True)
        if code not in (0, 1) or not found.exists():
            raise SystemExit(f"{tests} cannot be run on the unchanged tree:\n{self.output.read_text()[-3000:]}")
        lines: dict[str, dict[int, list[str]]] = defaultdict(lambda: defaultdict(list))
        by_test, seconds = json.loads(found.read_text())
        for test, ran in by_test.items():
            for module, line in ran:
                lines[module][line].append(test)
        return Watched({module: dict(by_line) for module, by_line in lines.items()}, seconds)

    def caught_by(self, mutant: Mutant, seconds: Mapping[str, float]) -> str | None:
        """Name the test that fails while the tree holds the mutant, or OUT_OF_TIME; None when none notices.

        `seconds` are the tests to be tried and how long each takes.
        """
        place = self.folder / mutant.module
        original, times = place.read_text(), place.stat()
        place.write_text(mutant.source)
        self.noticed.unlink(missing_ok=True)
        tests = self._in_order(mutant.module, seconds)
        try:
            code = self._run(
                ["-x", *tests], 3 * _LEAST_S + _TIMES * sum(seconds.values()), _First(self.noticed, seconds)
            )
        finally:
            place.write_text(original)
            os.utime(place, ns=(times.st_atime_ns, times.st_mtime_ns))
        if code in _NO_TEST:
            raise SystemExit(f"{mutant.module}:{mutant.line} {mutant.what}: {self.output.read_text()[-3000:]}")
        if code == _SURVIVES:
            return None
        if code in (None, -signal.SIGALRM):
            return OUT_OF_TIME
        name = self.noticed.read_text() if self.noticed.exists() else "loading"
        self._by_module[mutant.module][name] += 1
        return name

    def _in_order(self, module: str, seconds: Mapping[str, float]) -> list[str]:
        """Put first what noticed most of the module's mutants before, then the quickest files."""
        noticed = [test for test, _ in self._by_module[module].most_common() if test in seconds][:_FAVOURITES]
        files: dict[str, float] = defaultdict(float)
        cases: Counter[str] = Counter()
        ranks = {}
        for test, took_s in sorted(seconds.items(), key=lambda one: one[1]):
            name, function = test.partition("::")[0], test.partition("[")[0]
            files[name] += took_s
            cases[function] += 1
            ranks[test] = (name, cases[function], took_s)  # one case of each test function before more of them
        rest = sorted(seconds, key=lambda test: (files[ranks[test][0]], ranks[test]))
        return list(dict.fromkeys([*noticed, *rest]))

    def _run(self, words: list[str], patience_s: float, plugin: Any = None, *, writes: bool = False) -> int | None:
        """Run pytest in a fork; give its exit code, None when the time was over."""
        child = os.fork()
        if child == 0:
            os.setsid()
            code = 3
            try:
                code = self._in_child(words, plugin, writes=writes)
            finally:
                os._exit(code)
        ends = time.monotonic() + patience_s
        while time.monotonic() < ends:
            pid, status = os.waitpid(child, os.WNOHANG)
            if pid:
                _end(child)
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.01)
        _end(child)
        os.waitpid(child, 0)
        return None

    def _in_child(self, words: list[str], plugin: Any, *, writes: bool) -> int:
        output = os.open(self.output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        for descriptor in (1, 2):
            os.dup2(output, descriptor)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        sys.dont_write_bytecode = not writes  # of what is unchanged the first run left bytecode
        os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
        os.chdir(self.folder)
        for name in [one for one in sys.modules if one.partition(".")[0] in _OWN]:
            del sys.modules[name]
        sys.path[:] = [str(self.folder), *(one for one in sys.path if one not in ("", str(ROOT)))]
        sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w")
        words = ["-q", "--rootdir", str(self.folder), "-p", "no:randomly", *words]
        code = int(pytest.main(words, plugins=[] if plugin is None else [plugin]))
        sys.stdout.flush()
        return code


def _end(child: int) -> None:
    """End whatever a trial left running: its processes are a group of their own."""
    try:
        os.killpg(child, signal.SIGKILL)
    except ProcessLookupError:
        return


class _First:
    """Writes down which test fails first, and ends the process when one takes far too long."""

    def __init__(self, noticed: Path, seconds: Mapping[str, float]) -> None:
        self._noticed, self._seconds = noticed, seconds

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Set the alarm: by default it ends the process."""
        signal.setitimer(signal.ITIMER_REAL, _LEAST_S + _TIMES * self._seconds.get(item.nodeid, 0))
        try:
            return (yield)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Remember who failed."""
        if report.failed:
            self._noticed.write_text(report.nodeid)


class _Lines:
    """Notes which lines of some files each test runs, its set-up included, and how long it takes."""

    def __init__(self, watched: dict[str, str], found: Path) -> None:
        self._watched, self._found = watched, found
        self._by_test: dict[str, list[tuple[str, int]]] = {}
        self._seconds: dict[str, float] = {}
        self._seen: set[tuple[str, int]] = set()
        self._failed: set[str] = set()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Watch a test."""
        self._seen, started = set(), time.monotonic()
        threading.settrace(self._call)
        sys.settrace(self._call)
        try:
            return (yield)
        finally:
            sys.settrace(None)
            threading.settrace(None)  # type: ignore[arg-type]
            self._by_test[item.nodeid] = sorted(self._seen)
            self._seconds[item.nodeid] = time.monotonic() - started

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Remember who failed."""
        if report.failed:
            self._failed.add(report.nodeid)

    def pytest_sessionfinish(self) -> None:
        """Write down what was seen."""
        passed = {test: lines for test, lines in self._by_test.items() if test not in self._failed}
        self._found.write_text(json.dumps([passed, {test: self._seconds[test] for test in passed}]))

    def _call(self, frame: FrameType, event: str, _: Any) -> Any:
        module = self._watched.get(frame.f_code.co_filename)
        if module is None:
            return None
        seen = self._seen

        def line(frame: FrameType, event: str, _: Any) -> Any:
            seen.add((module, frame.f_lineno))
            return line

        return line(frame, event, None)

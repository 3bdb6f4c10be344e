"""Trying mutants: a tree of its own for each worker, and a fresh process for each trial.

A trial is a fork of a process that has loaded the libraries, so only the platform's own modules are loaded anew. Which
tests run a line is found out once, on the unchanged tree; a mutant is tried with those alone.
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
from collections import defaultdict
from collections.abc import Iterator
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
_LEAST_S, _TIMES = 30.0, 4
Covers = dict[str, dict[int, list[str]]]  # module -> line -> tests that run it
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
    os.setpriority(os.PRIO_PROCESS, 0, NICE)
    for name in _LIBRARIES:
        importlib.import_module(name)


class Tree:
    """One copy of the tree, in which one trial runs at a time."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.output = folder, folder.with_suffix(".log")

    def covering(self, modules: list[str], tests: str) -> tuple[dict[str, dict[int, list[str]]], float]:
        """Run a test file unchanged; give which tests run which lines of the modules, and how long it took (s).

        Tests that fail while they are watched, because that takes time, are left out.
        """
        found = self.folder.with_suffix(".lines")
        started = time.monotonic()
        watched = {str(self.folder / module): module for module in modules}
        code = self._run([tests], 900, _Lines(watched, found), writes=True)
        if code not in (0, 1) or not found.exists():
            raise SystemExit(f"{tests} cannot be run on the unchanged tree:\n{self.output.read_text()[-3000:]}")
        lines: dict[str, dict[int, list[str]]] = defaultdict(lambda: defaultdict(list))
        for test, ran in json.loads(found.read_text()).items():
            for module, line in ran:
                lines[module][line].append(test)
        return lines, time.monotonic() - started

    def is_caught(self, mutant: Mutant, tests: list[str], usual_s: float) -> bool:
        """Say whether one of the tests fails, or never ends, while the tree holds the mutant."""
        place = self.folder / mutant.module
        original, times = place.read_text(), place.stat()
        place.write_text(mutant.source)
        try:
            code = self._run(["-x", *tests], _LEAST_S + _TIMES * usual_s)
        finally:
            place.write_text(original)
            os.utime(place, ns=(times.st_atime_ns, times.st_mtime_ns))
        if code in _NO_TEST:
            raise SystemExit(f"{mutant.module}:{mutant.line} {mutant.what}: {self.output.read_text()[-3000:]}")
        return code != _SURVIVES

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


class _Lines:
    """Notes which lines of some files each test runs, its set-up included."""

    def __init__(self, watched: dict[str, str], found: Path) -> None:
        self._watched, self._found = watched, found
        self._by_test: dict[str, list[tuple[str, int]]] = {}
        self._seen: set[tuple[str, int]] = set()
        self._failed: set[str] = set()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Watch a test."""
        self._seen = set()
        threading.settrace(self._call)
        sys.settrace(self._call)
        try:
            return (yield)
        finally:
            sys.settrace(None)
            threading.settrace(None)  # type: ignore[arg-type]
            self._by_test[item.nodeid] = sorted(self._seen)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Remember who failed."""
        if report.failed:
            self._failed.add(report.nodeid)

    def pytest_sessionfinish(self) -> None:
        """Write down what was seen."""
        passed = {test: lines for test, lines in self._by_test.items() if test not in self._failed}
        self._found.write_text(json.dumps(passed))

    def _call(self, frame: FrameType, event: str, _: Any) -> Any:
        module = self._watched.get(frame.f_code.co_filename)
        if module is None:
            return None
        seen = self._seen

        def line(frame: FrameType, event: str, _: Any) -> Any:
            seen.add((module, frame.f_lineno))
            return line

        return line(frame, event, None)

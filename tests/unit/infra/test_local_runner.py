"""Scripts in processes of their own on one machine: they know nothing, and are replaced when they die."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from chalicelib.adapters.javascript import Script
from chalicelib.adapters.javascript.remote import RemoteRunner
from chalicelib.core.errors import Unavailable
from infra.local.runner import Processes

ONE = Script("return 1", {})


@pytest.fixture
def processes() -> Iterator[Processes]:
    made = Processes()
    yield made
    made.close()


def test_a_script_runs_in_a_process_that_has_no_settings(processes: Processes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not for scripts")
    assert RemoteRunner(processes).run("w", ONE).value == 1
    (free,) = processes._free
    assert b"not for scripts" not in Path(f"/proc/{free.pid}/environ").read_bytes()


def test_scripts_at_the_same_time_have_processes_of_their_own(processes: Processes) -> None:
    slow = Script("const start = 1; await new Promise((done) => setTimeout(done, 1)); return start", {}, timeout_s=20)
    with ThreadPoolExecutor(2) as threads:
        values = list(threads.map(lambda _: RemoteRunner(processes).run("w", slow).value, range(4)))
    assert values == [1, 1, 1, 1]
    assert 1 <= len(processes._free) <= 2


def test_a_dead_process_is_a_failure_that_passes(processes: Processes) -> None:
    runner = RemoteRunner(processes)
    assert runner.run("w", ONE).value == 1
    os.kill(processes._free[0].pid, signal.SIGKILL)
    processes._free[0].wait()
    with pytest.raises(Unavailable) as caught:
        runner.run("w", ONE)
    assert caught.value.retryable
    assert runner.run("w", ONE).value == 1

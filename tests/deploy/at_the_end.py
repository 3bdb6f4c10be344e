"""Holds the policies of `infra/functions.py` to the AWS calls recorded over a whole run of the suite.

`tests/conftest.py` loads it. A run of some tests only proves nothing about grants nobody needs, so only a whole run is
judged: it lists each call a policy lacks and each grant nothing used, and with MILLRACE_JUDGE_POLICIES=1 (`make
test-policies`) fails on what is lacking. Grants nothing used do not fail it, because parts of the automations and
channels are driven past their handlers, where the recorder cannot name the function.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tests.deploy import recorder

_WHOLE = {"api", "workers", "deploy"}
_seen: dict[str, bool] = {"is_whole": False}


def pytest_configure(config: pytest.Config) -> None:
    """Watch from the start."""
    recorder.install()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take what a process of the run has seen."""
    output = getattr(node, "workeroutput", {})
    recorder.calls.update(tuple(call) for call in output.get("aws_calls", ()))
    _seen["is_whole"] |= output.get("is_whole", False)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand over what this process has seen, or judge what all have."""
    if session.items:
        _seen["is_whole"] = _folders(session.items) >= _WHOLE and not session.config.getoption("keyword")
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["aws_calls"] = [list(call) for call in sorted(recorder.calls)]
        output["is_whole"] = _seen["is_whole"]
    elif _is_strict() and _seen["is_whole"] and session.exitstatus == pytest.ExitCode.OK and recorder.faults():
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say what is wrong."""
    if _seen["is_whole"] and (recorder.faults() or recorder.unused()):
        terminalreporter.section("policies (infra/functions.py)")
        for fault in (*recorder.faults(), *recorder.unused()):
            terminalreporter.write_line(fault)


def _is_strict() -> bool:
    return os.environ.get("MILLRACE_JUDGE_POLICIES") == "1"


def _folders(items: list[pytest.Item]) -> set[str]:
    root = Path(__file__).parents[1]
    return {item.path.relative_to(root).parts[0] for item in items if item.path.is_relative_to(root)}

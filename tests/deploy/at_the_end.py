"""Holds the policies of `infra/functions.py` to the AWS calls recorded while the tests run.

`tests/conftest.py` loads it. A call that a policy lacks fails any run. A grant that nothing used can only be told
after a whole run, in which every test passed and none was left out; it fails that run. With several processes each
hands over what it has seen, and the one that started them judges.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.deploy import recorder

_WHOLE = {"adapters", "api", "architecture", "contract", "deploy", "unit", "workers"}
_seen: dict[str, bool] = {"is_whole": False, "is_judged": False}


def pytest_configure(config: pytest.Config) -> None:
    """Watch from the start."""
    recorder.install()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take what a process of the run has seen."""
    output = getattr(node, "workeroutput", {})
    recorder.calls.update(tuple(call) for call in output.get("aws_calls", ()))
    _seen["is_whole"] |= output.get("is_whole", False)


def pytest_deselected(items: list[pytest.Item]) -> None:
    """Remember that something was left out."""
    _seen["is_partial"] = bool(items)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand over what this process has seen, or judge what all have."""
    if session.items:
        _seen["is_whole"] = _folders(session.items) >= _WHOLE and not _seen.get("is_partial")
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["aws_calls"] = [list(call) for call in sorted(recorder.calls)]
        output["is_whole"] = _seen["is_whole"]
    elif session.exitstatus == pytest.ExitCode.OK:
        _seen["is_judged"] = True
        if _verdict():
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say what is wrong, and what else would be if all were well."""
    lines = _verdict() if _seen["is_judged"] else recorder.faults()
    if lines:
        terminalreporter.section("policies (infra/functions.py)")
        for line in lines:
            terminalreporter.write_line(line)


def _verdict() -> list[str]:
    return [*recorder.faults(), *(recorder.unused() if _seen["is_whole"] else ())]


def _folders(items: list[pytest.Item]) -> set[str]:
    root = Path(__file__).parents[1]
    return {item.path.relative_to(root).parts[0] for item in items if item.path.is_relative_to(root)}

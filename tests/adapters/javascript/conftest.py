"""Both ways to run a script, behind one interface: children of this process, and the runner function.

One of each for the whole folder: starting a zygote costs a tenth of a second.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.adapters.javascript import JavaScript, function
from chalicelib.adapters.javascript.remote import RemoteRunner
from chalicelib.adapters.javascript.sandbox import Runner
from chalicelib.core import figures


class Function:
    """Stands for the deployed function: its handler's work, with what Lambda does to requests and answers."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self.steps = 0

    def __call__(self, parcel: dict[str, str]) -> Any:
        self.steps += 1
        return json.loads(json.dumps(function.answer(self._runner, json.loads(json.dumps(parcel)))))


@pytest.fixture(autouse=True)
def _no_sums(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have no table behind the quota, whatever was imported before."""
    monkeypatch.setattr(figures, "_reader", None)


@pytest.fixture(scope="session")
def children() -> Iterator[Runner]:
    runner = Runner()
    yield runner
    runner.close()


@pytest.fixture(scope="session", params=["in this process", "by the function"])
def sandbox(request: pytest.FixtureRequest, children: Runner) -> JavaScript:
    return children if request.param == "in this process" else RemoteRunner(Function(children))

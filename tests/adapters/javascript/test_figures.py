"""Scripts are counted for the workspace that runs them, whoever they belong to."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chalicelib.adapters.javascript.counted import Counted
from chalicelib.adapters.javascript.model import Host, Outcome, Script
from chalicelib.core import figures
from chalicelib.core.errors import LogicFailed, Unavailable

SCRIPT = Script("return 1", {})


class Fake:
    """Ends as it is told."""

    def __init__(self, end: Outcome | Exception) -> None:
        self.end = end

    def run(self, workspace_id: str, script: Script, host: Host | None = None) -> Outcome:
        if isinstance(self.end, Exception):
            raise self.end
        return self.end


@pytest.fixture(autouse=True)
def kept(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, dict[str, int]]]:
    figures.forget()
    found: dict[str, dict[str, int]] = {}
    monkeypatch.setattr(figures, "_keeper", lambda place, amounts: found.update({place.workspace_id: dict(amounts)}))
    yield found


def test_a_run_counts_with_its_cpu_time(kept: dict[str, dict[str, int]]) -> None:
    Counted(Fake(Outcome(1, [], 0.25, 9.0, 0))).run("w1", SCRIPT)
    assert list(figures.keep()) == []
    assert kept == {"w1": {"JavaScriptRuns": 1, "JavaScriptMs": 250}}


def test_a_run_of_another_workspaces_script_counts_for_who_runs_it(kept: dict[str, dict[str, int]]) -> None:
    Counted(Fake(Outcome(1, [], 1.0, 1.0, 0))).run("w1|owner", SCRIPT)
    assert list(figures.keep()) == []
    assert list(kept) == ["w1"]


def test_a_script_that_throws_counts_with_its_cpu_time(kept: dict[str, dict[str, int]]) -> None:
    failed = LogicFailed("threw")
    failed.cpu_ms = 0.5
    with pytest.raises(LogicFailed):
        Counted(Fake(failed)).run("w1", SCRIPT)
    assert list(figures.keep()) == []
    assert kept["w1"]["JavaScriptMs"] == 500


def test_a_script_that_was_killed_counts_with_the_time_it_took(kept: dict[str, dict[str, int]]) -> None:
    with pytest.raises(LogicFailed):
        Counted(Fake(LogicFailed("threw"))).run("w1", SCRIPT)
    assert list(figures.keep()) == []
    assert (kept["w1"]["JavaScriptRuns"], kept["w1"]["JavaScriptFailures"]) == (1, 1)
    assert kept["w1"].get("JavaScriptMs", 0) >= 0


def test_what_never_began_is_not_counted(kept: dict[str, dict[str, int]]) -> None:
    with pytest.raises(Unavailable):
        Counted(Fake(Unavailable("no function to run it in"))).run("w1", SCRIPT)
    assert list(figures.keep()) == []
    assert kept == {}

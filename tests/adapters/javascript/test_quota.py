"""What scripts may use of a day: looked at now and then, counted at once, each workspace and day for itself."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.adapters.javascript import quota
from chalicelib.adapters.javascript.counted import Counted
from chalicelib.adapters.javascript.model import Host, Outcome, Script
from chalicelib.core import config, figures
from chalicelib.core.errors import LogicFailed, QuotaExceeded, Unavailable
from tests.conftest import Clock

SCRIPT = Script("return 1", {})
DAY_S = 86_400


class Stored:
    """The sums of all processes, in seconds by workspace and day; `looks` counts who asked for them."""

    def __init__(self) -> None:
        self.seconds: Counter[tuple[str, str]] = Counter()
        self.looks: list[str] = []
        self.fault: Exception | None = None

    def read(self, workspace_id: str, day: str) -> dict[str, int]:
        self.looks.append(workspace_id)
        if self.fault is not None:
            raise self.fault
        return {"JavaScriptMs": int(self.seconds[workspace_id, day] * 1_000_000)}


class Fake:
    """A runner whose scripts take so long."""

    def __init__(self, took_s: float = 1.0, error: LogicFailed | None = None) -> None:
        self.took_s, self.error, self.runs = took_s, error, 0

    def run(self, workspace_id: str, script: Script, host: Host | None = None) -> Outcome:
        self.runs += 1
        if self.error is not None:
            raise self.error
        return Outcome(1, [], self.took_s * 1000, 0.0, 0)


@pytest.fixture
def stored(monkeypatch: pytest.MonkeyPatch, still: Clock) -> Stored:
    made = Stored()
    figures.forget()
    monkeypatch.setattr(figures, "_reader", made.read)
    return made


@pytest.fixture
def allow(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Let scripts have so many seconds a day."""

    def change(seconds: float) -> None:
        changed = dataclasses.replace(config.settings(), js_seconds_per_day=seconds)
        monkeypatch.setattr(quota, "settings", lambda: changed)

    return change


def test_what_this_process_runs_counts_at_once(stored: Stored, allow: Callable[[float], None]) -> None:
    allow(3)
    inner = Fake(took_s=1.5)
    for _ in range(2):
        Counted(inner).run("w1", SCRIPT)
    with pytest.raises(QuotaExceeded):
        Counted(inner).run("w1", SCRIPT)
    assert inner.runs == 2
    assert figures.in_day("JavaScriptRuns", "w1", "2026-01-01") == 2
    assert figures.in_day("QuotaExceeded", "w1", "2026-01-01") == 1


def test_scripts_that_fail_use_it_up_too(stored: Stored, allow: Callable[[float], None]) -> None:
    allow(1e-9)
    inner = Fake(error=LogicFailed("threw"))
    with pytest.raises(LogicFailed):
        Counted(inner).run("w1", SCRIPT)
    with pytest.raises(QuotaExceeded):
        Counted(inner).run("w1", SCRIPT)


def test_scripts_of_an_integration_count_for_the_workspace_that_runs_them(
    stored: Stored, allow: Callable[[float], None]
) -> None:
    allow(1)
    Counted(Fake(1)).run("w1|owner", SCRIPT)
    with pytest.raises(QuotaExceeded):
        quota.check("w1")
    quota.check("owner")


def test_what_others_run_is_looked_at_every_ten_seconds_and_no_more(
    stored: Stored, allow: Callable[[float], None], still: Clock
) -> None:
    allow(100)
    for _ in range(50):
        quota.check("w1")
    assert stored.looks == ["w1"]
    stored.seconds["w1", "2026-01-01"] = 100
    still.advance_s(9)
    quota.check("w1")
    still.advance_s(1)
    with pytest.raises(QuotaExceeded):
        quota.check("w1")
    assert stored.looks == ["w1", "w1"]


def test_what_was_counted_here_and_stored_meanwhile_counts_once(
    stored: Stored, allow: Callable[[float], None], still: Clock
) -> None:
    allow(5)
    for _ in range(8):
        Counted(Fake(0.5)).run("w1", SCRIPT)
    figures.forget()  # as if it were written
    stored.seconds["w1", "2026-01-01"] = 4
    still.advance_s(10)
    quota.check("w1")
    assert quota.shown("w1")["usedSeconds"] == 4


def test_another_workspace_is_not_concerned(stored: Stored, allow: Callable[[float], None]) -> None:
    allow(10)
    stored.seconds["w1", "2026-01-01"] = 11
    with pytest.raises(QuotaExceeded):
        quota.check("w1")
    quota.check("w2")


def test_the_next_day_begins_anew_and_the_error_says_when_that_is(
    stored: Stored, allow: Callable[[float], None], still: Clock
) -> None:
    allow(10)
    stored.seconds["w1", "2026-01-01"] = 10
    still.advance_s(11 * 3_600 + 0.5)
    with pytest.raises(QuotaExceeded) as refused:
        quota.check("w1")
    assert (refused.value.retry_after_s, refused.value.pause_s) == (3_600, 3_600)
    assert refused.value.retryable
    still.advance_s(3_599.4)
    with pytest.raises(QuotaExceeded) as refused:
        quota.check("w1")
    assert (refused.value.retry_after_s, refused.value.pause_s) == (1, 1)
    still.advance_s(0.1)
    quota.check("w1")
    assert quota.shown("w1") == {"limitSeconds": 10, "usedSeconds": 0, "resetsAt": "2026-01-03T00:00:00.000Z"}


@pytest.mark.parametrize("fault", [Unavailable("the table did not answer"), RuntimeError("access denied")])
def test_while_the_sums_cannot_be_read_nobody_is_refused_for_it(
    stored: Stored, allow: Callable[[float], None], still: Clock, fault: Exception
) -> None:
    allow(10)
    stored.fault = fault
    quota.check("w1")
    Counted(Fake(10)).run("w1", SCRIPT)
    with pytest.raises(QuotaExceeded):  # but what it knows by itself holds
        quota.check("w1")


def test_without_a_quota_nothing_is_looked_at(stored: Stored, allow: Callable[[float], None]) -> None:
    allow(0)
    stored.seconds["w1", "2026-01-01"] = 10**6
    Counted(Fake(10**6)).run("w1", SCRIPT)
    Counted(Fake(1)).run("w1", SCRIPT)
    assert stored.looks == []
    assert quota.shown("w1")["limitSeconds"] is None


def test_the_log_tells_of_it_once(
    stored: Stored, allow: Callable[[float], None], still: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    allow(10)
    stored.seconds["w1", "2026-01-01"] = 12
    for _ in range(5):
        with pytest.raises(QuotaExceeded):
            quota.check("w1")
        still.advance_s(20)
    lines: list[Any] = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "quota.exceeded" in line]
    assert [(one["level"], one["workspace"], one["usedS"], one["limitS"]) for one in lines] == [
        ("WARNING", "w1", 12, 10.0)
    ]

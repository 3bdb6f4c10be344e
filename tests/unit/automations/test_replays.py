"""Which steps a replay takes over: those that came to an end of their own before the one it begins with."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.automations import replays
from chalicelib.automations.rules.journal import Journal, Record, Status
from chalicelib.core.errors import Conflict

ABANDONED = {"type": "Abandoned"}
BAD = {"type": "LogicFailed"}


def record(address: str, status: Status = Status.OK, error: Any = None) -> Record:
    step = address.rstrip("!").rpartition("/")[2].partition("[")[0]
    return Record(address, step, "code", status, 1, 2, error=error)


def kept(failed: str, *records: Record) -> list[str]:
    found = replays._before_failure(Journal(0, records), {"err": {"step": failed}})
    return [one.address for one in found]


def test_what_was_taken_back_when_another_item_failed_is_done_again() -> None:
    assert kept(
        "bad",
        record("before"),
        record("each", Status.FAILED, BAD),
        record("each[0]/good"),
        record("each[0]/slow", Status.FAILED, ABANDONED),
        record("each[1]/bad", Status.FAILED, BAD),
    ) == ["before", "each[0]/good"]


def test_a_choice_around_the_failed_step_stands_and_a_time_limit_that_failed_with_it_does_not() -> None:
    assert kept(
        "bad",
        record("which"),
        record("which/then/each!", Status.FAILED, BAD),
        record("which/then/each", Status.FAILED, BAD),
        record("which/then/each[0]/bad", Status.FAILED, BAD),
    ) == ["which"]


def test_a_failure_that_was_dealt_with_stands() -> None:
    assert kept("bad", record("first", Status.FAILED, BAD), record("bad", Status.FAILED, BAD)) == ["first"]


def test_of_several_visits_the_last_one_that_failed_is_done_again() -> None:
    visits = record("bad", Status.FAILED, BAD), Record("bad~2", "bad", "code", Status.FAILED, 1, 2, error=BAD)
    assert kept("bad", *visits) == ["bad"]


def test_without_a_failed_step_there_is_nothing_to_begin_with() -> None:
    with pytest.raises(Conflict):
        kept("bad", record("good"), record("bad", Status.WAITING))

"""Rules of automations: schedules, references, comparisons, pauses."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib.automations.rules import checking, conditions, cron, references, retries


def following(text: str, zone: str, start: str, count: int) -> list[str]:
    at_ms, found = int(datetime.fromisoformat(start).timestamp() * 1000), []
    for _ in range(count):
        at_ms = cron.next_ms(text, zone, at_ms)
        found.append(datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%m-%d %H:%M"))
    return found


def test_a_daily_job_runs_once_in_the_night_that_skips_its_hour_and_in_the_one_that_has_it_twice() -> None:
    spring = following("30 2 * * *", "Europe/Berlin", "2026-03-28T00:00:00+00:00", 3)
    assert spring == ["03-28 01:30", "03-29 01:00", "03-30 00:30"]
    autumn = following("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00+00:00", 2)
    assert autumn == ["10-25 00:30", "10-26 01:30"]


def test_a_job_of_every_half_hour_neither_pauses_nor_repeats_when_clocks_are_changed() -> None:
    assert following("*/30 * * * *", "Europe/Berlin", "2026-10-24T23:40:00+00:00", 5) == [
        "10-25 00:00", "10-25 00:30", "10-25 01:00", "10-25 01:30", "10-25 02:00",
    ]  # fmt: skip
    assert following("*/30 * * * *", "Europe/Berlin", "2026-03-29T00:10:00+00:00", 3) == [
        "03-29 00:30", "03-29 01:00", "03-29 01:30",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${a.b}", {"c": [1, None]}),
        ("${a.b.c[0]}", 1),
        ('${a["b"].c.length}', 2),
        ("n=${a.b.c[0]};${a.x};${a.b.c}", "n=1;;[1,null]"),
        ("$${a.b}", "${a.b}"),
        ("${nothing.here}", None),
    ],
)
def test_references_keep_types_alone_and_are_spelled_out_in_texts(text: str, expected: Any) -> None:
    data = {"a": {"b": {"c": [1, None]}}}
    assert references.resolve(text, lambda path: references.look_up(data, path)) == expected


@pytest.mark.parametrize(
    ("left", "operator", "right", "expected"),
    [
        (1, "==", 1.0, True), (1, "==", True, False), ("a", "<", "b", True), (1, "<", "b", False),
        ([1, 2], "contains", 2, True), ("abc", "contains", "b", True), (None, "exists", None, False),
        ([], "empty", None, True), (3, "in", [1, 3], True), ("abc", "endsWith", "c", True),
    ],
)  # fmt: skip
def test_comparisons_never_throw(left: Any, operator: str, right: Any, expected: bool) -> None:
    assert conditions.holds({"left": left, "operator": operator, "right": right}) is expected


def test_pauses_grow_to_their_limit_and_keep_what_the_receiver_asked_for() -> None:
    step = {"retry": {"maxAttempts": 4, "backoff": {"seconds": 2, "factor": 3, "maxSeconds": 10}}}
    passing = {"retryable": True}
    assert [retries.delay_ms(step, attempt, passing) for attempt in (1, 2, 3, 4)] == [2000, 6000, 10000, None]
    assert retries.delay_ms(step, 1, {"retryable": True, "retryAfterSeconds": 30}) == 30_000
    assert retries.delay_ms(step, 1, {"retryable": False}) is None


def test_a_jump_out_of_a_repetition_is_refused() -> None:
    inner = [{"id": "out", "type": "goto", "target": "r"}]
    found = checking.faults_of({"steps": [{"id": "r", "type": "repeat", "count": 1, "steps": inner}]})
    assert [fault.location for fault in found] == ["body.definition.steps.0.steps.0.target"]


def test_a_version_has_at_most_five_hundred_steps_those_inside_others_counted() -> None:
    def repeats(count: int) -> dict[str, object]:
        inner = [{"id": f"s{number}", "type": "wait", "seconds": 1} for number in range(count - 1)]
        return {"steps": [{"id": "r", "type": "repeat", "count": 1, "steps": inner}]}

    assert checking.faults_of(repeats(500)) == []
    assert [fault.kind for fault in checking.faults_of(repeats(501))] == ["too_many"]


def test_an_empty_text_is_none() -> None:
    for step in ({"type": "http", "url": ""}, {"type": "code", "code": ""}, {"type": "waitForEvent", "event": ""}):
        (fault,) = checking.faults_of({"steps": [{"id": "s", **step}]})
        assert fault.kind == "type"


def test_a_step_does_not_know_its_own_output_unless_a_jump_leads_back_to_it() -> None:
    own = {"id": "a", "type": "http", "url": "${steps.a.output}"}
    back = {"id": "b", "type": "goto", "target": "a"}
    assert [fault.kind for fault in checking.faults_of({"steps": [own]})] == ["reference"]
    assert checking.faults_of({"steps": [own, back]}) == []

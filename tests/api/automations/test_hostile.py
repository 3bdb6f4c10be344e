"""Definitions and outputs at their limits: each execution ends, with a reason, and none takes the worker along."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from chalicelib.adapters import http_client
from chalicelib.automations import engine
from tests.automations import begin, look, make, pump, run, step_of
from tests.builders import USER
from tests.client import Client
from tests.fakes.http_client import FakeHttp

OF_USER = f"?userId={USER}"
URL = "https://example.com/big"
SAME = {"id": "same", "type": "ifValue", "value": 1, "equals": 1, "then": []}


def ended(owner: Client, steps: list[Any]) -> dict[str, Any]:
    execution = begin(owner, make(owner, steps))
    pump()
    return look(owner, execution)


def test_a_million_items_without_effects_end_at_the_limit_of_records(owner: Client) -> None:
    inner = {"id": "inner", "type": "repeat", "count": 1000, "steps": [SAME]}
    began = time.monotonic()
    shown = ended(owner, [{"id": "outer", "type": "repeat", "count": 1000, "steps": [inner]}])
    assert (shown["state"], shown["error"]["type"]) == ("failed", "TooManySteps")
    assert time.monotonic() - began < 20


def test_three_thousand_records_of_one_walk_are_kept(owner: Client) -> None:
    steps = [{**SAME, "id": f"s{number}"} for number in range(3)]
    shown = ended(owner, [{"id": "r", "type": "repeat", "count": 1000, "steps": steps}])
    assert (shown["state"], len(shown["steps"])) == ("done", 3001)


def test_ten_outputs_of_thirty_kilobytes_at_once_are_kept(owner: Client, outside: FakeHttp) -> None:
    outside.answer(URL, body=json.dumps("x" * 30_000).encode(), headers={"content-type": "application/json"})
    call = {"id": "c", "type": "http", "url": URL}
    repeat = {"id": "r", "type": "repeat", "count": 20, "parallelism": 10, "steps": [call]}
    shown = ended(owner, [repeat, {"id": "n", "type": "code", "code": "return steps.r.output.length"}])
    assert (shown["state"], shown["output"]) == ("done", 20)
    assert step_of(shown, "r[7]/c")["output"]["body"] == "x" * 30_000


def test_an_output_of_300_kilobytes_is_given_on_and_answered(owner: Client, outside: FakeHttp) -> None:
    outside.answer(URL, body=json.dumps("x" * 300_000).encode(), headers={"content-type": "application/json"})
    steps = [
        {"id": "c", "type": "http", "url": URL},
        {"id": "n", "type": "code", "code": "return steps.c.output.body + '!'"},
        {"id": "end", "type": "return", "value": "${steps.n.output}"},
    ]
    assert run(owner, steps).ok()["output"] == "x" * 300_000 + "!"


def test_console_lines_of_ten_steps_at_once_are_kept(owner: Client) -> None:
    code = {"id": "c", "type": "code", "code": "for (let i = 0; i < 150; i++) console.log('y'.repeat(300)); return 1"}
    shown = ended(owner, [{"id": "r", "type": "repeat", "count": 10, "parallelism": 10, "steps": [code]}])
    assert shown["state"] == "done"
    assert len(step_of(shown, "r[9]/c")["logs"]) == 150


def test_one_failing_item_of_ten_side_by_side_fails_the_repetition_once(owner: Client, outside: FakeHttp) -> None:
    for number in range(10):
        outside.answer(f"{URL}/{number}", status=400 if number == 4 else 200)
    call = {"id": "c", "type": "http", "url": URL + "/${item}"}
    repeat = {"id": "r", "type": "repeat", "count": 10, "parallelism": 10, "steps": [call], "onError": "continue"}
    shown = ended(owner, [repeat, {"id": "end", "type": "return", "value": "${steps.r.error.type}"}])
    assert (shown["state"], shown["output"]) == ("done", "HttpRefused")
    assert len(outside.sent) == 10
    assert step_of(shown, "r[4]/c")["state"] == "failed"


def test_jumps_without_an_end_fail_with_that_reason(owner: Client) -> None:
    loop = [{"id": "a", "type": "code", "code": "return 1"}, {"id": "b", "type": "goto", "target": "a"}]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("chalicelib.automations.rules.machine.machine.MAX_JUMPS", 20)
        shown = ended(owner, loop)
    assert (shown["state"], shown["error"]["type"]) == ("failed", "EndlessLoop")


@pytest.mark.parametrize(
    "changed",
    [
        {"type": "ifValue", "value": 1, "equals": 1, "then": [], "else": []},
        {"type": "case", "branches": [{"condition": "true", "steps": []}]},
        {"type": "repeat", "count": 2, "steps": [{"id": "in", "type": "code", "code": "return 1"}]},
        {"type": "wait", "seconds": 0},
        {"type": "return", "value": 7},
    ],
)
@pytest.mark.parametrize(
    "first",
    [
        {"type": "code", "code": "return 5"},
        {"type": "caseValue", "value": 3, "branches": [{"equals": n, "steps": []} for n in range(5)]},
        {"type": "if", "condition": "true", "then": []},
    ],
)
def test_a_replay_from_the_failed_step_copes_with_steps_that_became_something_else(
    owner: Client, first: dict[str, Any], changed: dict[str, Any]
) -> None:
    bad = {"id": "bad", "type": "code", "code": "throw new Error('no')"}
    made = make(owner, [{**first, "id": "a"}, bad])
    execution = begin(owner, made)
    pump()
    assert look(owner, execution)["state"] == "failed"
    good = {"id": "bad", "type": "code", "code": "return 'good'"}
    body = {"name": "2", "definition": {"steps": [{**changed, "id": "a"}, good]}}
    owner.post(f"/v1/automation/{made[0]}/version{OF_USER}", body).ok()
    again = owner.post(f"/v1/execution/{execution}/replay{OF_USER}", {"from": "failed", "version": "2"})
    assert again.status == 202
    pump()
    shown = look(owner, again.body["executionId"])
    assert (shown["state"], shown["output"]) == ("done", 7 if changed["type"] == "return" else "good")


def test_a_bug_of_ours_ends_the_execution_with_a_reason_and_not_in_a_queue(
    owner: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr(http_client, "send", broken)
    execution = begin(owner, make(owner, [{"id": "c", "type": "http", "url": URL}]))
    for _ in range(engine.POISON_TAKES + 1):
        engine_turn(owner, execution)
    shown = look(owner, execution)
    assert (shown["state"], shown["error"]["type"]) == ("failed", "Poison")


def engine_turn(owner: Client, execution: str) -> None:
    from chalicelib.core import clock

    try:
        engine.advance(owner.key, execution, clock.now_ms() + 20_000)
    except ZeroDivisionError:
        return

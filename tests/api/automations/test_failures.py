"""What becomes of a step that fails: tried again, in time, once at most, or dealt with by the automation."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chalicelib.adapters import http_client
from chalicelib.automations import workers
from tests.automations import begin, look, make, nudge, pump, run, step_of
from tests.builders import make_action, make_service, number
from tests.client import Client
from tests.conftest import Clock
from tests.fakes.http_client import FakeHttp
from tests.queues import deliver, receive

URL = "https://api.example/things"
JSON = {"content-type": "application/json"}


def get(**more: Any) -> dict[str, Any]:
    return {"id": "get", "type": "http", "url": URL, **more}


def throws(name: str, **more: Any) -> dict[str, Any]:
    return {"id": name, "type": "code", "code": f"throw new Error('{name}')", **more}


def end(value: Any) -> dict[str, Any]:
    return {"id": "end", "type": "return", "value": value}


def test_pauses_between_attempts_grow_to_their_limit_and_attempts_end(
    owner: Client, outside: FakeHttp, still: Clock
) -> None:
    outside.answer(URL, 500)
    backoff = {"seconds": 10, "factor": 3, "maxSeconds": 50}
    execution = begin(owner, make(owner, [get(retry={"maxAttempts": 5, "backoff": backoff})]))
    pump()
    for attempts, pause_s in ((1, 10), (2, 30), (3, 50), (4, 50)):
        assert (step_of(look(owner, execution), "get")["attempts"], len(outside.sent)) == (attempts, attempts)
        still.advance_s(pause_s - 1)
        nudge(owner, execution)
        assert len(outside.sent) == attempts
        still.advance_s(1)
        nudge(owner, execution)
    found = look(owner, execution)
    assert (found["state"], found["error"]["type"], step_of(found, "get")["attempts"]) == ("failed", "HttpRefused", 5)


@pytest.mark.parametrize("status", [400, 401, 404, 409, 422])
def test_what_will_not_pass_is_not_tried_again(owner: Client, outside: FakeHttp, status: int) -> None:
    outside.answer(URL, status, b'{"why": "no"}', JSON)
    answer = run(owner, [get(retry={"maxAttempts": 5})])
    assert (answer.status, len(outside.sent)) == (502, 1)
    assert answer.body["details"]["status"] == status


@pytest.mark.parametrize("status", [408, 425, 429, 500, 503])
def test_what_may_pass_is_tried_again(owner: Client, outside: FakeHttp, status: int) -> None:
    outside.answer(URL, status)
    outside.answer(URL, 200, b"1", JSON)
    assert run(owner, [get(retry={"maxAttempts": 2})]).status == 200
    assert len(outside.sent) == 2


def test_without_retry_the_first_failure_counts(owner: Client, outside: FakeHttp) -> None:
    outside.answer(URL, 503)
    assert run(owner, [get()]).body["details"]["step"] == "get"
    assert len(outside.sent) == 1


def test_code_beyond_its_time_ends_as_a_failure_one_can_deal_with(owner: Client) -> None:
    endless = {"id": "endless", "type": "code", "code": "while (true) {}", "timeoutSeconds": 0.2}
    steps = [{**endless, "onError": "continue"}, end("${steps.endless.error}")]
    error = run(owner, steps).ok()["output"]
    assert (error["type"], error["kind"]) == ("LogicFailed", "timeout")


def test_an_http_step_gives_the_target_the_time_it_was_told(owner: Client, outside: FakeHttp) -> None:
    outside.answer(URL, 200)
    run(owner, [get(timeoutSeconds=3)]).ok()
    run(owner, [get(timeoutSeconds="${input.limit}")], {"limit": 4}).ok()
    assert [request.timeout_s for _, request in outside.sent] == [3, 4]


def test_failing_is_what_a_step_does_unless_told_otherwise(owner: Client) -> None:
    for more in ({}, {"onError": "fail"}):
        answer = run(owner, [throws("a", **more), end(1)])
        assert (answer.status, answer.body["details"]["step"]) == (422, "a")


def test_an_error_inside_branches_and_repetitions_is_dealt_with_where_it_is_said(owner: Client) -> None:
    branch = {"id": "branch", "type": "ifValue", "value": 1, "equals": 1, "then": [throws("deep")]}
    assert (
        run(owner, [{**branch, "onError": "continue"}, end("${steps.branch.error.message}")]).ok()["output"] == "deep"
    )
    inner = [throws("inner", onError="continue"), {"id": "v", "type": "code", "code": "return index"}]
    each = {"id": "each", "type": "repeat", "count": 3, "steps": inner}
    assert run(owner, [each, end("${steps.each.output}")]).ok()["output"] == [0, 1, 2]
    jumps = [{**branch, "then": [throws("deep", onError={"goto": "end"}), end("never")]}]
    jumps[0]["then"][1] = {**end("never"), "id": "not_reached"}
    assert run(owner, [*jumps, throws("skipped"), end("reached")]).ok()["output"] == "reached"


def test_a_loop_over_a_failing_step_ends(owner: Client) -> None:
    steps = [{"id": "again", "type": "ifValue", "value": 1, "equals": 2, "then": []}, throws("a")]
    steps[1]["onError"] = {"goto": "again"}
    answer = run(owner, steps)
    assert answer.status == 422
    assert answer.body["details"]["type"] in ("EndlessLoop", "TooManySteps")


def test_a_called_automation_is_called_again_when_its_failure_may_pass(
    owner: Client, outside: FakeHttp, still: Clock
) -> None:
    outside.answer(URL, 503)
    outside.answer(URL, 200, b'"ok"', JSON)
    child, _ = make(owner, [get(), end("${steps.get.output.body}")])
    call = {"id": "call", "type": "automation", "automationId": child, "retry": {"maxAttempts": 2}}
    execution = begin(owner, make(owner, [call, end("${steps.call.output}")]))
    pump()
    still.advance_s(2)
    nudge(owner, execution)
    found = look(owner, execution)
    assert (found["state"], found["output"], step_of(found, "call")["attempts"]) == ("done", "ok", 2)


class Fallen(BaseException):
    """The worker ends here."""


@pytest.mark.parametrize(("once", "state", "calls"), [(True, "failed", 1), (False, "done", 2)])
def test_a_step_that_must_happen_at_most_once_is_not_repeated_when_its_worker_falls(
    owner: Client, outside: FakeHttp, still: Clock, monkeypatch: pytest.MonkeyPatch, once: bool, state: str, calls: int
) -> None:
    outside.answer(URL, 200)

    def falls(workspace: str, request: Any) -> Any:
        outside.send(workspace, request)
        raise Fallen

    execution = begin(owner, make(owner, [get(method="POST", atMostOnce=once)]))
    with monkeypatch.context() as patch:
        patch.setattr(http_client, "send", falls)
        own = [one for one in receive("automations_advance") if execution in one["Body"]]  # others may have come due
        with pytest.raises(Fallen):
            deliver("automations_advance", workers.advance, own)
    still.advance_s(120)
    nudge(owner, execution)
    found = look(owner, execution)
    assert (found["state"], len(outside.sent)) == (state, calls)
    if once:
        assert found["error"]["type"] == "Unknown"
    assert len({request.headers["Idempotency-Key"] for _, request in outside.sent}) == 1


def test_at_most_once_does_not_keep_a_known_failure_from_being_tried_again(owner: Client, outside: FakeHttp) -> None:
    outside.answer(URL, 503)
    outside.answer(URL, 200)
    assert run(owner, [get(atMostOnce=True, retry={"maxAttempts": 3})]).status == 200
    assert len(outside.sent) == 2


def test_an_action_s_failure_is_tried_again_by_what_its_logic_says_of_it(owner: Client) -> None:
    service = make_service(owner, name=f"crm{number()}")
    code = "const e = new Error('later'); e.status = input.data.status; throw e"
    action = make_action(owner, service, code)["name"]
    act = {"id": "act", "type": "action", "service": service, "action": action, "input": {"status": "${input.status}"}}
    made = make(owner, [{**act, "retry": {"maxAttempts": 3, "backoff": {"seconds": 0}}}])
    for status, attempts in ((503, 3), (400, 1)):
        execution = begin(owner, made, {"status": status})
        pump()
        found = look(owner, execution)
        assert (found["state"], step_of(found, "act")["attempts"]) == ("failed", attempts), json.dumps(found)

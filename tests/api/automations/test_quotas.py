"""Executions of a workspace whose scripts have used up their day: put off, shown so, gone on with after midnight."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.adapters import queue
from chalicelib.adapters.http_client import Headers, Request, Response
from chalicelib.automations import lanes, queues, workers
from chalicelib.core import cache
from tests.automations import begin, look, make, nudge, pump, run, step_of, tick
from tests.builders import USER, make_action, make_event, make_service, make_trigger, make_user
from tests.client import Client, quoted, with_query
from tests.conftest import Clock
from tests.fakes.http_client import FakeHttp
from tests.queues import bodies, deliver, receive
from tests.quotas import to_midnight_s, use_up

URL = "https://example.com/"
CODE = {"id": "c", "type": "code", "code": "return input.n + 1", "retry": {"maxAttempts": 2}}
Json = dict[str, Any]


def pass_hours(still: Clock, hours: int) -> None:
    for _ in range(hours):
        still.advance_s(3_600)
        tick()


def test_an_execution_waits_for_midnight_and_uses_no_attempt(owner: Client, stranger: Client, still: Clock) -> None:
    use_up(owner.key)
    execution = begin(owner, make(owner, [CODE]), {"n": 1})
    pump()
    shown = look(owner, execution)
    assert (shown["state"], shown["error"], shown["steps"]) == ("waiting", None, [])
    assert "36000 s" in shown["waitReason"]
    assert shown["wakesAt"] == "2026-01-01T13:00:00.000Z"
    pass_hours(still, 11)  # more takes than a poisoned one may have
    assert look(owner, execution)["state"] == "waiting"
    make_user(stranger)
    assert run(stranger, [CODE], {"n": 5}).ok()["output"] == 6
    pass_hours(still, 1)
    shown = look(owner, execution)
    assert (shown["state"], shown["output"], shown["waitReason"]) == ("done", 2, None)
    assert step_of(shown, "c")["attempts"] == 1


def test_a_caller_that_waits_is_told_before_anything_begins(owner: Client, outside: FakeHttp, still: Clock) -> None:
    use_up(owner.key)
    outside.answer(URL)
    made = make(owner, [{"id": "h", "type": "http", "url": URL}, CODE])
    path = f"/v1/automation/{made[0]}/version/{made[1]}/execute"
    answer = owner.post(path, {"input": {}}, headers={"idempotency-key": "k"})
    assert (answer.status, answer.body["type"], answer.headers["retry-after"]) == (429, "QuotaExceeded", "43200")
    assert owner.get(f"/v1/automation/{made[0]}/execution?userId={USER}").ok() == []
    assert outside.sent == []
    still.advance_s(to_midnight_s())
    repeat = owner.post(path, {"input": {"n": 1}}, headers={"idempotency-key": "k"})  # which was not used up
    assert repeat.ok()["output"] == 2


def test_what_runs_no_script_is_not_concerned(owner: Client, outside: FakeHttp) -> None:
    use_up(owner.key)
    outside.answer(URL, 200, b"1")
    is_met = {"left": "${input.n}", "operator": "==", "right": 1}
    steps: list[Json] = [
        {"id": "i", "type": "if", "condition": is_met, "then": [{"id": "h", "type": "http", "url": URL}]},
        {"id": "end", "type": "return", "value": "${steps.h.output.status}"},
    ]
    assert run(owner, steps, {"n": 1}).ok()["output"] == 200


@pytest.mark.parametrize(
    "step",
    [
        {"id": "i", "type": "if", "condition": "input.n > 1", "then": []},
        {"id": "c", "type": "case", "branches": [{"condition": "input.n > 1", "steps": []}]},
        {"id": "r", "type": "repeat", "count": 1, "steps": [CODE]},
    ],
)
def test_every_way_to_run_a_script_is_refused_to_a_caller_that_waits(owner: Client, step: Json) -> None:
    use_up(owner.key)
    assert run(owner, [step], {"n": 1}).status == 429


def test_one_that_meets_the_end_of_the_day_on_the_way_goes_on_where_it_was(
    owner: Client, outside: FakeHttp, still: Clock
) -> None:
    def others_work(request: Request) -> Response:
        use_up(owner.key)
        return Response(200, Headers([]), b"1", False, 1.0, request.url)

    outside.act(URL, others_work)
    steps = [CODE, {"id": "h", "type": "http", "url": URL}, {**CODE, "id": "after"}]
    answer = run(owner, steps, {"n": 1})
    assert (answer.status, answer.body["type"], answer.headers["retry-after"]) == (429, "ExecutionPutOff", "3600")
    execution = answer.body["details"]["executionId"]
    shown = look(owner, execution)
    assert [(step["id"], step["state"]) for step in shown["steps"]] == [("c", "ok"), ("h", "ok")]
    still.advance_s(to_midnight_s())
    nudge(owner, execution)
    assert look(owner, execution)["output"] == 2
    assert len(outside.sent) == 1


def test_a_step_that_must_not_happen_twice_is_not_in_doubt_for_it(
    owner: Client, outside: FakeHttp, still: Clock
) -> None:
    service = make_service(owner)
    action = make_action(owner, service, f"return (await $.axios.post('{URL}')).status")
    step = {"id": "once", "type": "action", "service": service, "action": action["name"], "atMostOnce": True}
    outside.answer(URL)
    use_up(owner.key)
    execution = begin(owner, make(owner, [step]))
    pump()
    assert (look(owner, execution)["state"], outside.sent) == ("waiting", [])
    still.advance_s(to_midnight_s())
    nudge(owner, execution)
    assert (look(owner, execution)["output"], len(outside.sent)) == (200, 1)


def test_an_event_that_comes_meanwhile_is_heard(owner: Client, still: Clock) -> None:
    which = {
        "id": "which", "type": "ifValue", "value": "${index}", "equals": 0,
        "then": [{"id": "w", "type": "waitForEvent", "event": "go"}, {**CODE, "id": "then"}], "else": [CODE],
    }  # fmt: skip
    use_up(owner.key)
    execution = begin(
        owner, make(owner, [{"id": "r", "type": "repeat", "count": 2, "parallelism": 2, "steps": [which]}])
    )
    pump()
    for _ in range(2):
        owner.post(f"/v1/execution/{execution}/event?userId={USER}", {"name": "go", "payload": 7}).ok()
        nudge(owner, execution)
    shown = look(owner, execution)
    assert (shown["state"], step_of(shown, "r[0]/which/then/w")["state"]) == ("waiting", "ok")
    still.advance_s(to_midnight_s())
    nudge(owner, execution)
    shown = look(owner, execution)
    assert (shown["state"], step_of(shown, "r[0]/which/then/w")["output"]["payload"]) == ("done", 7)


def test_it_can_be_cancelled_meanwhile(owner: Client) -> None:
    use_up(owner.key)
    execution = begin(owner, make(owner, [CODE]), {"n": 1})
    pump()
    owner.post(f"/v1/execution/{execution}/cancel?userId={USER}").ok()
    pump()
    assert look(owner, execution)["state"] == "cancelled"


def test_an_occurrence_starts_its_automation_when_its_trigger_may_run_again(client: Client, still: Clock) -> None:
    make_user(client)
    lanes.forget()
    service = make_service(client)
    make_event(client, service, "return 'order'")
    trigger = make_trigger(client, service, "return {n: notification.body.n}", name="order")
    made = make(
        client, [{**CODE, "code": "return input.n + 1"}], trigger={"service": service, "trigger": trigger["name"]}
    )
    client.post(f"/v1/automation/{made[0]}/enable?userId={USER}", {}).ok()
    address = client.get(with_query(quoted("v1", "service", service, "webhookSetting"), userId=USER)).ok()["url"]
    client.post("/v1/hook/" + address.rpartition("/")[2], {"n": 1}).ok()
    from chalicelib.subscriptions import workers as subscription_workers
    from tests.queues import drain

    drain("subscriptions_fan_out", subscription_workers.fan_out)
    use_up(client.key)
    sent: list[tuple[Json, float]] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(queue, "send", lambda _name, body, delay_s=0: sent.append((body, delay_s)))
        assert deliver(queues.START, workers.start, receive(queues.START)) == 0  # done with: sent anew instead
    ((body, delay_s),) = sent
    assert (body["r"], delay_s) == (1, 3_600)  # which the queue cuts to what it can
    assert bodies(queues.START) == []
    still.advance_s(to_midnight_s())
    cache.forget_all()
    queue.send(queues.START, body)
    pump()
    (done,) = client.get(f"/v1/automation/{made[0]}/execution?userId={USER}").ok()
    assert done["state"] == "done"

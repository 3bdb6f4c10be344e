"""What owners can read of an execution afterwards, what it cost, and how they repair it."""

from __future__ import annotations

import pytest

from chalicelib.automations import starts, transitions, usage
from chalicelib.storage.tables import WORK
from tests.automations import begin, look, make, nudge, pump, run, step_of
from tests.builders import USER, make_action, make_security, make_service, make_token, number
from tests.client import Client
from tests.conftest import Clock
from tests.fakes.http_client import FakeHttp

OF_USER = f"?userId={USER}"
URL = "https://api.example/things"


def test_a_timeline_shows_inputs_outputs_logs_and_times_with_secrets_masked(owner: Client, outside: FakeHttp) -> None:
    outside.answer(URL, 200, b'{"password": "hunter2"}', {"content-type": "application/json"})
    service = make_service(owner, name=f"crm{number()}")
    make_token(owner, make_security(owner, service), key="very-secret-key")
    action = make_action(owner, service, "console.log('with', service.token.key); return {k: service.token.key}")[
        "name"
    ]
    steps = [
        {"id": "act", "type": "action", "service": service, "action": action, "input": {"a": 1}},
        {"id": "use", "type": "http", "url": URL, "headers": {"Authorization": "Bearer ${steps.act.output.k}"}},
        {"id": "log", "type": "code", "code": "console.warn('note', 1); return 5"},
    ]
    execution = begin(owner, make(owner, steps))
    pump()
    found = look(owner, execution)
    assert found["state"] == "done"
    assert outside.sent[0][1].headers["Authorization"] == "Bearer very-secret-key"
    assert "very-secret-key" not in str(found) and "hunter2" not in str(found)
    rows = str([row for table in (WORK,) for row in _rows(table.name)])
    assert "very-secret-key" not in rows
    act, log = step_of(found, "act"), step_of(found, "log")
    assert act["input"]["input"] == {"a": 1} and act["output"] == {"k": "***"}
    assert log["logs"][0]["level"] == "warn"
    assert {"startedAt", "endedAt", "durationMs", "attempts"} <= log.keys()


def _rows(name: str) -> list[object]:
    from moto.core import DEFAULT_ACCOUNT_ID
    from moto.dynamodb.models import dynamodb_backends

    table = dynamodb_backends[DEFAULT_ACCOUNT_ID]["eu-central-1"].tables[name]
    return [item.to_json() for partition in table.items.values() for item in partition.values()]


def test_a_failed_execution_is_repaired_and_goes_on_from_its_failed_step(owner: Client, outside: FakeHttp) -> None:
    outside.answer(URL, 200, b"1", {"content-type": "application/json"})
    first = {"id": "get", "type": "http", "url": URL}
    inner = {"id": "fix", "type": "code", "code": "throw new Error('wrong')"}
    wrapped = {"id": "each", "type": "repeat", "count": 1, "steps": [first, inner]}
    automation, _ = make(owner, [wrapped])
    failed = begin(owner, (automation, "live"))
    pump()
    assert look(owner, failed)["error"]["step"] == "fix"
    fixed = {**wrapped, "steps": [first, {**inner, "code": "return steps.get.output.body + 1"}]}
    version = owner.post(f"/v1/automation/{automation}/version{OF_USER}", {"definition": {"steps": [fixed]}}).ok()["id"]
    body = {"from": "failed", "version": version}
    again = owner.post(f"/v1/execution/{failed}/replay{OF_USER}", body)
    assert again.status == 202
    pump()
    found = look(owner, again.body["executionId"])
    assert (found["state"], found["output"], found["replayOf"]) == ("done", [2], failed)
    assert len(outside.sent) == 1
    whole = owner.post(f"/v1/execution/{failed}/replay{OF_USER}", {}).body["executionId"]
    pump()
    assert (look(owner, whole)["state"], len(outside.sent)) == ("failed", 2)


def test_three_effectful_steps_cost_four_writes_and_one_message(owner: Client, outside: FakeHttp) -> None:
    outside.answer(URL, 200)
    steps = [{"id": f"s{index}", "type": "http", "url": URL} for index in range(3)]
    automation, version = make(owner, steps)
    owner.post(f"/v1/automation/{automation}/version/{version}/execute", {}).ok()
    (found,) = owner.get(f"/v1/automation/{automation}/execution{OF_USER}").ok()
    assert (found["usage"]["writes"], found["usage"]["messages"], found["usage"]["reads"]) == (4, 1, 0)
    assert found["usage"]["calls"] == 3
    assert found["usage"]["microDollars"] > 0


def test_usage_is_summed_by_day_and_automation(owner: Client, outside: FakeHttp) -> None:
    outside.answer(URL, 200)
    made = make(owner, [{"id": "s", "type": "http", "url": URL}, {"id": "c", "type": "code", "code": "return 1"}])
    for _ in range(3):
        begin(owner, made)
    pump()
    usage.flush()
    found = owner.get("/v1/usage").ok()
    assert (found["total"]["executions"], found["total"]["done"], found["total"]["calls"]) == (3, 3, 3)
    assert found["byAutomation"][0]["automationId"] == made[0]
    assert owner.get("/v1/usage?from=2026-01-02&to=2026-01-01").status == 400


def test_long_histories_go_on_as_pages_and_big_values_lie_elsewhere(
    owner: Client, still: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transitions, "PAGE_ENTRIES", 5)
    inner = [
        {"id": "w", "type": "wait", "seconds": 1},
        {"id": "c", "type": "code", "code": "return index == 3 ? 'x'.repeat(50000) : index"},
    ]
    answer = run(owner, [{"id": "each", "type": "repeat", "count": 12, "steps": inner}])
    output = answer.ok()["output"]
    assert [len(str(value)) for value in output] == [1, 1, 1, 50000, 1, 1, 1, 1, 1, 1, 2, 2]
    found = look(owner, answer.headers["x-execution-id"])
    assert len([step for step in found["steps"] if step["id"] == "c"]) == 12


def test_more_than_its_share_is_refused_with_a_time_to_come_again(
    owner: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MILLRACE_EXECUTIONS_PER_S", "1")
    made = make(owner, [{"id": "end", "type": "return", "value": 1}])
    path = f"/v1/automation/{made[0]}/version/live/execute"
    statuses = [owner.post(path, {}).status for _ in range(3)]
    assert statuses == [200, 200, 429]
    assert owner.post(path, {}).headers["retry-after"] == "1"


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/v1/automation/{0}/version/{1}/execute?async=yes", "async"),
        ("/v1/automation/{0}/execution?limit=\u0661", "limit"),
        ("/v1/automation/{0}/execution?from=\u0661", "from"),
        ("/v1/usage?automationId=", "automationId"),
        ("/v1/usage?automationId=a%0Fb", "automationId"),
    ],
)
def test_queries_that_say_nothing_are_refused_by_name(owner: Client, path: str, name: str) -> None:
    made = make(owner, [{"id": "end", "type": "return", "value": 1}])
    verb, query = ("POST", {}) if "async" in path else ("GET", {"userId": USER})
    answer = owner.send(verb, path.format(*made), {} if verb == "POST" else None, query=query)
    assert (answer.status, answer.body["details"]["faults"][0]["location"]) == (400, f"query.{name}")


def test_times_are_read_in_either_case(owner: Client) -> None:
    automation, _ = make(owner, [{"id": "end", "type": "return", "value": 1}])
    path = f"/v1/automation/{automation}/execution?from=2020-01-01t00:00:00z"
    assert owner.get(path, query={"userId": USER}).ok() == []


def test_between_a_time_and_an_earlier_one_lies_nothing(owner: Client) -> None:
    automation, _ = make(owner, [{"id": "end", "type": "return", "value": 1}])
    path = f"/v1/automation/{automation}/execution?from=1768&to=641"
    assert owner.get(path, query={"userId": USER}).ok() == []


def test_a_secret_is_sealed_and_masked_wherever_steps_take_it(owner: Client, outside: FakeHttp, still: Clock) -> None:
    outside.answer(URL, 200, b'"got very-secret-key"', {"content-type": "application/json"})
    service = make_service(owner, name=f"crm{number()}")
    make_token(owner, make_security(owner, service), key="very-secret-key")
    action = make_action(owner, service, "return {a: service.token.key}")["name"]
    child, _ = make(owner, [{"id": "end", "type": "return", "value": "${input.given}"}])
    steps = [
        {"id": "act", "type": "action", "service": service, "action": action},
        {"id": "w", "type": "wait", "seconds": 1},
        {"id": "use", "type": "http", "url": URL, "body": "${steps.act.output.a}"},
        {"id": "log", "type": "code", "code": "console.log(steps.act.output.a); return [steps.act.output.a]"},
        {"id": "call", "type": "automation", "automationId": child, "input": {"given": "${steps.log.output}"}},
        {"id": "bad", "type": "code", "code": "throw new Error(steps.call.output[0])", "onError": "continue"},
        {"id": "end", "type": "return", "value": ["${steps.call.output}", "${steps.use.output.body}"]},
    ]
    automation, version = make(owner, steps)
    execution = begin(owner, (automation, version))
    pump()
    still.advance_s(1)
    nudge(owner, execution)
    assert outside.sent[0][1].body == b"very-secret-key"
    short = [steps[0], {"id": "end", "type": "return", "value": "${steps.act.output}"}]
    assert run(owner, short).ok()["output"] == {"a": "very-secret-key"}  # who asks for it gets it
    again = owner.post(f"/v1/execution/{execution}/replay{OF_USER}", {"from": "call"}).body["executionId"]
    pump()
    found = [look(owner, execution), look(owner, again)]
    found.append(look(owner, step_of(found[0], "call")["executionId"]))
    assert [one["state"] for one in found] == ["done"] * 3
    assert [one["output"] for one in found] == [[["***"], "got ***"], [["***"], "got ***"], ["***"]]
    assert step_of(found[0], "act")["output"] == {"a": "***"}
    assert "very-secret-key" not in str(found)
    assert "very-secret-key" not in str([owner.get(f"/v1/automation/{automation}/execution{OF_USER}").ok()])
    assert "very-secret-key" not in str(_rows(WORK.name))


def test_an_execution_asked_for_under_a_key_is_listed_by_its_time_and_begun_anew_after_a_day(
    owner: Client, still: Clock
) -> None:
    made = make(owner, [{"id": "end", "type": "return", "value": "${input.n}"}])
    path = f"/v1/automation/{made[0]}/version/{made[1]}/execute"
    headers = {"idempotency-key": "k", "prefer": "respond-async"}
    first = owner.post(path, {"input": {"n": 1}}, headers=headers).body["executionId"]
    still.advance_s(60)
    assert owner.post(path, {"input": {"n": 1}}, headers=headers).body["executionId"] == first
    since = f"/v1/automation/{made[0]}/execution{OF_USER}&from=2026-01-01T00:00:00Z"
    assert [one["id"] for one in owner.get(since).ok()] == [first]
    still.advance_s(25 * 3_600)
    second = owner.post(path, {"input": {"n": 2}}, headers=headers).body["executionId"]
    pump()
    assert second != first
    assert look(owner, second)["output"] == 2


def test_a_request_whose_process_fell_before_its_answer_was_kept_meets_its_execution_again(owner: Client) -> None:
    made = make(owner, [{"id": "end", "type": "return", "value": 1}])
    ids = {starts.fresh(owner.key, made[0], "k"), starts.fresh(owner.key, made[0], "k")}
    assert len(ids) == 1
    assert starts.fresh(owner.key, made[0], "other") not in ids


def test_a_step_under_way_when_its_execution_was_cancelled_is_shown_so(owner: Client) -> None:
    execution = begin(owner, make(owner, [{"id": "w", "type": "wait", "seconds": 100}]))
    pump()
    assert step_of(look(owner, execution), "w")["state"] == "waiting"
    owner.post(f"/v1/execution/{execution}/cancel{OF_USER}").ok()
    pump()
    assert step_of(look(owner, execution), "w")["state"] == "cancelled"

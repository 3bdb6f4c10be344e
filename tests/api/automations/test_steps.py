"""What the steps of an automation do, one type after the other."""

from __future__ import annotations

import json
from typing import Any

from tests.automations import begin, look, make, nudge, pump, run, step_of
from tests.builders import execute, make_action, make_condition, make_security, make_service, make_token, number
from tests.client import Client
from tests.conftest import Clock
from tests.fakes.http_client import FakeHttp

URL = "https://api.example/things"
JSON = {"content-type": "application/json"}


def test_code_sees_input_variables_and_earlier_steps_and_answers(owner: Client) -> None:
    steps = [
        {"id": "double", "type": "code", "code": "return {n: input.n * 2, at: Date.now()}"},
        {
            "id": "end",
            "type": "return",
            "value": {"sum": "${steps.double.output.n}", "text": "n=${input.n} ${variables.v}"},
        },
    ]
    answer = run(owner, steps, {"n": 4}, variables={"v": "x"})
    assert answer.ok() == {"input": {"n": 4}, "output": {"sum": 8, "text": "n=4 x"}}


def test_a_reference_object_keeps_the_type_of_what_it_names(owner: Client) -> None:
    value = {"@type": "reference", "path": ["input", "list", 1]}
    answer = run(
        owner,
        [{"id": "end", "type": "return", "value": {"one": value, "none": "${input.nothing}"}}],
        {"list": [1, [2]]},
    )
    assert answer.ok()["output"] == {"one": [2], "none": None}


def test_http_sends_json_under_an_idempotency_key_and_gives_status_headers_and_body(
    owner: Client, outside: FakeHttp
) -> None:
    outside.answer(URL + "?q=1", 201, b'{"id": 7}', JSON)
    steps = [
        {"id": "post", "type": "http", "method": "POST", "url": URL, "query": {"q": 1}, "body": {"n": "${input.n}"}}
    ]
    output = run(owner, steps, {"n": 1}).ok()["output"]
    assert (output["status"], output["body"]) == (201, {"id": 7})
    request = outside.sent[0][1]
    assert json.loads(request.body or b"") == {"n": 1}
    assert len(request.headers["Idempotency-Key"]) == 26


def test_an_action_runs_with_the_users_token_and_its_input_is_checked(owner: Client) -> None:
    service = make_service(owner, name=f"crm{number()}")
    make_token(owner, make_security(owner, service))
    code = "return {who: input.data.who, key: execution.key.length}"
    schema = {"variables": [{"title": "who", "type": "string", "x-required": True}]}
    action = make_action(owner, service, code, schema=schema)["name"]
    steps = [{"id": "act", "type": "action", "service": service, "action": action, "input": {"who": "${input.who}"}}]
    assert run(owner, steps, {"who": "ann"}).ok()["output"] == {"who": "ann", "key": 26}
    refused = run(owner, steps, {"who": 7})
    assert refused.status == 400
    assert "who" in refused.body["error"]


def test_repeat_gives_one_result_for_each_item_in_order_also_side_by_side(owner: Client, outside: FakeHttp) -> None:
    for item in range(5):
        outside.answer(f"{URL}/{item}", 200, str(item * 10).encode(), JSON)
    inner = [
        {"id": "get", "type": "http", "url": URL + "/${n}"},
        {"id": "value", "type": "code", "code": "return steps.get.output.body + index"},
    ]
    for width in (1, 3):
        steps = [
            {"id": "each", "type": "repeat", "over": "${input.list}", "as": "n", "parallelism": width, "steps": inner}
        ]
        assert run(owner, steps, {"list": [0, 1, 2, 3, 4]}).ok()["output"] == [0, 11, 22, 33, 44]


def test_nested_repeats_count_and_a_failed_item_can_be_collected(owner: Client) -> None:
    code = "if (item == 1) throw new Error('no'); return item"
    inner = [{"id": "one", "type": "code", "code": code}]
    steps = [
        {
            "id": "outer",
            "type": "repeat",
            "count": 2,
            "steps": [{"id": "inner", "type": "repeat", "count": 2, "itemErrors": "collect", "steps": inner}],
        }
    ]
    output = run(owner, steps).ok()["output"]
    assert [part[0] for part in output] == [0, 0]
    assert output[1][1]["error"]["message"] == "no"


def test_conditions_choose_a_branch_in_javascript_by_comparison_and_by_value(owner: Client) -> None:
    def say(text: str, name: str) -> list[Any]:
        return [{"id": name, "type": "return", "value": text}]

    deep = {
        "all": [
            {"left": "${input.n}", "operator": ">", "right": 2},
            {"not": {"left": "${input.n}", "operator": "in", "right": [9]}},
        ]
    }
    steps = [
        {"id": "a", "type": "if", "condition": "input.n > 100", "then": say("big", "r1")},
        {"id": "b", "type": "ifValue", "value": "${input.n}", "equals": 1, "then": say("one", "r2")},
        {"id": "c", "type": "caseValue", "value": "${input.n}", "branches": [{"equals": 2, "steps": say("two", "r3")}]},
        {
            "id": "d",
            "type": "case",
            "branches": [{"condition": deep, "steps": say("more", "r4")}],
            "default": say("none", "r5"),
        },
    ]
    made = make(owner, steps)
    path = f"/v1/automation/{made[0]}/version/live/execute"
    found = [owner.post(path, {"input": {"n": n}}).ok()["output"] for n in (200, 1, 2, 3, 9, 0)]
    assert found == ["big", "one", "two", "more", "none", "none"]


def test_a_failed_attempt_is_tried_again_after_its_pause_under_the_same_key(
    owner: Client, outside: FakeHttp, still: Clock
) -> None:
    outside.answer(URL, 503, b"", {"retry-after": "7"})
    outside.answer(URL, 200, b"1", JSON)
    steps = [{"id": "get", "type": "http", "url": URL, "retry": {"maxAttempts": 3, "backoff": {"seconds": 2}}}]
    execution = begin(owner, make(owner, steps))
    pump()
    found = look(owner, execution)
    assert (found["state"], step_of(found, "get")["state"]) == ("waiting", "retry")
    still.advance_s(8)
    nudge(owner, execution)
    found = look(owner, execution)
    assert (found["state"], step_of(found, "get")["attempts"]) == ("done", 2)
    assert len({request.headers["Idempotency-Key"] for _, request in outside.sent}) == 1


def test_an_error_for_good_ends_the_execution_with_line_and_column(owner: Client) -> None:
    answer = run(owner, [{"id": "bad", "type": "code", "code": "const a = 1;\nthrow new TypeError('broken');"}])
    assert answer.status == 422
    assert answer.body["error"].endswith("broken")
    details = answer.body["details"]
    assert (details["step"], details["line"]) == ("bad", 2)
    assert look(owner, details["executionId"])["state"] == "failed"


def test_on_error_continues_or_goes_elsewhere(owner: Client) -> None:
    steps = [
        {"id": "one", "type": "code", "code": "throw new Error('1')", "onError": "continue"},
        {"id": "two", "type": "code", "code": "throw new Error('2')", "onError": {"goto": "end"}},
        {"id": "skipped", "type": "return", "value": "never"},
        {"id": "end", "type": "return", "value": ["${steps.one.error.message}", "${steps.two.error.message}"]},
    ]
    assert run(owner, steps).ok()["output"] == ["1", "2"]


def test_goto_repeats_until_a_condition_holds_and_an_endless_loop_is_ended(owner: Client) -> None:
    count = {"id": "count", "type": "code", "code": "return ((steps.count && steps.count.output) || 0) + 1"}
    again = {
        "id": "check",
        "type": "if",
        "condition": {"left": "${steps.count.output}", "operator": "<", "right": 3},
        "then": [{"id": "back", "type": "goto", "target": "count"}],
    }
    assert (
        run(owner, [count, again, {"id": "end", "type": "return", "value": "${steps.count.output}"}]).ok()["output"]
        == 3
    )
    endless = run(
        owner,
        [
            {"id": "here", "type": "ifValue", "value": 1, "equals": 2, "then": []},
            {"id": "go", "type": "goto", "target": "here"},
        ],
    )
    assert (endless.status, endless.body["details"]["type"]) == (422, "EndlessLoop")


def test_inputs_that_were_not_given_have_their_defaults_as_in_a_single_execute(owner: Client) -> None:
    service = make_service(owner, name=f"crm{number()}")
    schema = {
        "variables": [
            {"title": "who", "type": "string", "x-required": True},
            {"title": "greeting", "type": "string", "default": "Hello ${input.data.who}", "x-required": True},
        ]
    }
    action = make_action(owner, service, "return input.data", schema=schema)["name"]
    condition = make_condition(owner, service, "return input.data.greeting === 'Hello Ann'", schema=schema)
    given = {"service": service, "input": {"who": "Ann"}}
    steps = [
        {"id": "act", "type": "action", "action": action, **given},
        {
            **{"id": "is", "type": "condition", "condition": condition, **given},
            "then": [{"id": "end", "type": "return", "value": "${steps.act.output}"}],
        },
    ]
    assert run(owner, steps).ok()["output"] == {"who": "Ann", "greeting": "Hello Ann"}
    assert execute(owner, service, action, {"who": "Ann"}).ok()["output"] == {"who": "Ann", "greeting": "Hello Ann"}


def test_an_item_with_more_to_do_than_its_neighbour_does_it_once(owner: Client, outside: FakeHttp) -> None:
    more = {"id": "more", "type": "http", "method": "POST", "url": URL}
    inner = [
        {"id": "script", "type": "code", "code": "return item"},
        {"id": "which", "type": "ifValue", "value": "${item}", "equals": 1, "then": [more]},
    ]
    outside.answer(URL, 200)
    run(owner, [{"id": "each", "type": "repeat", "over": [0, 1, 2], "parallelism": 2, "steps": inner}]).ok()
    assert len(outside.sent) == 1

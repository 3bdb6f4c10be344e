"""What can be seen to fail before it runs is refused at save, with its place; and nothing that could run."""

from __future__ import annotations

from typing import Any

import pytest

from tests.automations import make, run
from tests.builders import USER, make_action, make_service, make_trigger, number
from tests.client import Client

OF_USER = f"?userId={USER}"
IMPORT = f"/v1/automation/import{OF_USER}"
URL = "https://example.com/x"


def places(client: Client, *steps: Any, **definition: Any) -> dict[str, str]:
    """Give message by place, without the part that is the same for all."""
    body = {"name": f"a{number()}", "definition": {"steps": list(steps), **definition}}
    answer = client.post(IMPORT, body)
    if answer.status == 200:
        return {}
    assert answer.status == 400, answer
    found = {fault["location"]: fault["message"] for fault in answer.body["details"]["faults"]}
    return {place.removeprefix("body.definition.").removeprefix("steps.0."): text for place, text in found.items()}


@pytest.mark.parametrize(
    ("step", "place"),
    [
        ({"type": "code", "code": "x" * 65_537}, "code"),
        ({"type": "code", "code": "return '\x00'"}, "code"),
        ({"type": "http", "url": URL, "method": "A B"}, "method"),
        ({"type": "http", "url": URL, "method": "CONNECT"}, "method"),
        ({"type": "http", "url": URL, "headers": {"Host": "x"}}, "headers.Host"),
        ({"type": "http", "url": URL, "headers": {"a b": "${input.x}"}}, "headers"),
        ({"type": "http", "url": URL, "headers": {"X": "a\r\nb: c"}}, "headers.X"),
        ({"type": "http", "url": "not a url"}, "url"),
        ({"type": "http", "url": "ftp://${input.host}/"}, "url"),
        ({"type": "http", "url": "http://169.254.169.254/"}, "url"),
        ({"type": "repeat", "over": "abc", "steps": []}, "over"),
        ({"type": "repeat", "over": "x${input.list}", "steps": []}, "over"),
        ({"type": "repeat", "over": [0] * 1_001, "steps": []}, "over"),
        ({"type": "repeat", "count": 1, "as": "input", "steps": []}, "as"),
        ({"type": "repeat", "count": 1, "as": "console", "steps": []}, "as"),
        ({"type": "wait", "seconds": "${"}, "seconds"),
        ({"type": "wait", "seconds": "$${input.x}"}, "seconds"),
        ({"type": "wait", "seconds": "${input.x}0"}, "seconds"),
        ({"type": "wait", "until": "0001-01-01T00:00:00+23:00"}, "until"),
        ({"type": "waitForEvent", "event": "x" * 201}, "event"),
        ({"type": "waitForEvent", "event": "x\n"}, "event"),
        ({"type": "waitForEvent", "event": "e", "match": {"a..b": 1}}, "match.a..b"),
        ({"type": "waitForEvent", "event": "e", "match": {'a["\\x"]': 1}}, 'match.a["\\x"]'),
        ({"type": "automation", "automationId": "${input.x}", "input": [1]}, "input"),
        ({"type": "automation", "automationId": "${input.x}", "input": "x${input.y}"}, "input"),
        ({"type": "return", "value": '${steps["\\ud800"].output}'}, "value"),
    ],
)
def test_a_step_that_can_only_fail(owner: Client, step: dict[str, Any], place: str) -> None:
    assert list(places(owner, {"id": "s", **step})) == [place]


@pytest.mark.parametrize(
    "step",
    [
        {"type": "code", "code": "return 1 // }"},
        {"type": "code", "code": "const input = 2; return await (async () => input)()"},
        {"type": "http", "url": "${input.url}", "method": "${input.method}", "headers": {"X": "${input.x}", "Y": 5}},
        {"type": "http", "url": "http${input.s}://example.com/"},
        {"type": "http", "url": URL, "headers": {"@type": "reference", "path": ["input", "headers"]}},
        {"type": "repeat", "over": {"a": 1}, "as": "line", "steps": []},
        {"type": "repeat", "over": [], "as": "item", "steps": []},
        {"type": "wait", "until": "${input.day}T00:00:00Z"},
        {"type": "waitForEvent", "event": "order/${input.id}", "match": {'lines[0]["odd name"].id': "${input.id}"}},
        {"type": "automation", "automationId": "${input.x}", "input": None},
        {"type": "if", "condition": "// why\n input.x > 1 // because", "then": []},
    ],
)
def test_a_step_that_may_run_is_taken(owner: Client, step: dict[str, Any]) -> None:
    assert places(owner, {"id": "s", **step}) == {}


def test_javascript_that_cannot_be_read_is_refused_with_line_and_column(owner: Client) -> None:
    case = {
        "id": "c",
        "type": "case",
        "branches": [{"condition": "true", "steps": []}, {"condition": "a b", "steps": []}],
    }
    found = places(
        owner,
        {"id": "a", "type": "code", "code": "const x = 1;\nreturn x +;"},
        {"id": "b", "type": "if", "condition": "\n  input.x >", "then": [{"id": "d", "type": "code", "code": "}"}]},
        case,
    )
    assert list(found) == [
        "code",
        "steps.1.condition",
        "steps.1.then.0.code",
        "steps.2.branches.1.condition",
    ]
    assert "(line 2, column 11)" in found["code"]
    assert "(line 1, column 3)" in found["steps.2.branches.1.condition"]


def test_nothing_of_a_script_is_run_when_it_is_saved(owner: Client) -> None:
    assert places(owner, {"id": "a", "type": "code", "code": "for (;;);"}) == {}
    assert places(owner, {"id": "a", "type": "code", "code": "throw new SyntaxError('no')"}) == {}


def test_what_branches_compare_with_is_checked_under_the_branch_s_own_place(owner: Client) -> None:
    reference = {"@type": "reference", "path": ["steps", "nope"]}
    value = {"id": "v", "type": "caseValue", "value": 1, "branches": [
        {"equals": 1, "steps": []}, {"equals": "${steps.nope.output}", "steps": []}, {"equals": "${a b}", "steps": []},
    ]}  # fmt: skip
    assert list(places(owner, value)) == ["branches.1.equals", "branches.2.equals"]
    case = {"id": "c", "type": "case", "branches": [
        {"condition": {"left": 1, "operator": "empty"}, "steps": []},
        {"condition": {"any": [{"left": reference, "operator": "exists"}]}, "steps": []},
    ]}  # fmt: skip
    assert list(places(owner, case)) == ["branches.1.condition.any.0.left.path"]


def test_a_step_inside_another_cannot_know_what_that_comes_to(owner: Client) -> None:
    inner = {"id": "r", "type": "return", "value": "${steps.each.output}"}
    assert places(owner, {"id": "each", "type": "repeat", "count": 1, "steps": [inner]}) == {
        "steps.0.value": "step each has not run by then"
    }


def test_inputs_that_are_written_out_are_checked_against_the_action_s(owner: Client) -> None:
    service = make_service(owner, name=f"crm{number()}")
    variables = [
        {"title": "to", "type": "string", "x-required": True},
        {"title": "times", "type": "integer", "x-required": True},
        {"title": "text", "type": "string", "default": "for ${input.data.to.name}", "x-required": True},
    ]
    action = make_action(owner, service, schema={"variables": variables})["name"]
    step = {"id": "s", "type": "action", "service": service, "action": action}
    assert list(places(owner, step)) == ["input.to", "input.times"]
    assert list(places(owner, {**step, "input": {"to": 5, "times": "${input.x}"}})) == ["input.to"]
    assert list(places(owner, {**step, "input": 5})) == ["input"]
    assert places(owner, {**step, "input": {"to": "${input.to}", "times": 1}}) == {}
    assert places(owner, {**step, "input": "${input}"}) == {}
    trigger = make_trigger(owner, service, schema={"variables": variables[:1]})["name"]
    fed = {"service": service, "trigger": trigger}
    assert list(places(owner, trigger={**fed, "variables": {"to": 1}})) == ["trigger.variables.to"]
    assert places(owner, trigger={**fed, "variables": {"to": "Ann"}}) == {}


@pytest.mark.parametrize("cron", ["R R * * *", "r(0-9) * * * *", "0 H * * *"])
def test_a_clock_that_comes_by_chance_is_refused(owner: Client, cron: str) -> None:
    assert list(places(owner, trigger={"cron": cron})) == ["trigger.cron"]
    assert places(owner, trigger={"cron": "0 9 * MAR,apr THU,Fri"}) == {}


def test_live_is_no_name_and_an_import_that_asks_for_it_leaves_nothing_behind(owner: Client) -> None:
    automation, _ = make(owner, [])
    path = f"/v1/automation/{automation}/version"
    draft = owner.post(f"{path}{OF_USER}", {"definition": {"steps": []}}).ok()["id"]
    assert owner.put(f"{path}/{draft}{OF_USER}", {"name": "live"}).status == 400
    name = f"a{number()}"
    answer = owner.post(IMPORT, {"name": name, "version": "live", "definition": {"steps": []}})
    assert (answer.status, answer.body["details"]["faults"][0]["location"]) == (400, "body.version")
    assert owner.get(f"/v1/automation/{name}{OF_USER}").status == 404


def test_a_caller_too_deep_in_a_chain_is_refused_as_its_own_fault(owner: Client) -> None:
    automation, version = make(owner, [])
    path = f"/v1/automation/{automation}/version/{version}/execute"
    for query in ("", "?async=true"):
        answer = owner.post(path + query, {"input": {}}, headers={"x-millrace-hop": "11"})
        assert (answer.status, answer.body["type"]) == (422, "LoopRefused")
    assert run(owner, []).status == 200

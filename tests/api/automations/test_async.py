"""Any execute, without waiting for it: 202 with the id of an execution that is read like any other."""

from __future__ import annotations

from typing import Any

import pytest

from tests.automations import look, pump, step_of
from tests.builders import USER, make_action, make_security, make_service, make_token, number
from tests.client import Client

OF_USER = f"?userId={USER}"
LOGIC = "return {sum: input.data.a + 1, q: input.query.q, has: service.token.key.length}"


@pytest.fixture
def service(owner: Client) -> str:
    made = str(make_service(owner, name=f"crm{number()}"))
    make_token(owner, make_security(owner, made), key="very-secret-key")
    return made


def started(answer: Any) -> str:
    assert (answer.status, answer.body["state"]) == (202, "queued"), answer
    return str(answer.body["executionId"])


def test_an_action_by_path_is_run_later_with_its_query_and_its_token(owner: Client, service: str) -> None:
    action = make_action(owner, service, LOGIC)["name"]
    path = f"/v1/service/{service}/action/{action}/execute{OF_USER}&q=7"
    for asked in ({"query": {"async": "true"}}, {"headers": {"prefer": "respond-async"}}):
        execution = started(owner.post(path, {"a": 1}, **asked))
        assert look(owner, execution)["state"] == "queued"
        pump()
        found = look(owner, execution)
        assert (found["state"], found["automationId"], found["input"]) == ("done", None, {"a": 1})
        assert found["output"] == {"sum": 2, "q": "7", "has": 15}
        assert step_of(found, "action")["input"]["action"] == action
        assert "very-secret-key" not in str(found)


def test_an_action_by_body_runs_in_the_version_it_names(owner: Client, service: str) -> None:
    action = make_action(owner, service, "return 'old'")["id"]
    owner.put(
        f"/v1/service/{service}/action/{action}{OF_USER}&version=minor", {"logic": {"execute": "return 'new'"}}
    ).ok()
    body = {"@type": "action", "service": service, "serviceVersion": "1.0.0", "action": action}
    for version, output in (("1.0.0", "old"), (None, "new")):
        answer = owner.post(f"/v1/execute{OF_USER}&async=true", {**body, "actionVersion": version})
        execution = started(answer)
        pump()
        assert look(owner, execution)["output"] == output


def test_the_choices_of_a_datatype_are_listed_later(owner: Client, service: str) -> None:
    logic = {"values": "return [{label: 'A', value: input.data.x}]"}
    owner.post(f"/v1/service/{service}/datatype{OF_USER}", {"name": "letter", "logic": logic}).ok()
    path = f"/v1/service/{service}/datatype/letter/execute{OF_USER}"
    execution = started(owner.post(path, {"input": {"x": 5}}, headers={"prefer": "respond-async"}))
    pump()
    assert look(owner, execution)["output"] == {"values": [{"label": "A", "value": 5}]}


def test_what_can_be_refused_is_refused_at_once(owner: Client, service: str) -> None:
    schema = {"variables": [{"title": "a", "schema": {"type": "number"}, "x-required": True}]}
    action = make_action(owner, service, LOGIC, schema=schema)["name"]
    path = f"/v1/service/{service}/action/{action}/execute"
    assert owner.post(f"{path}{OF_USER}&async=true", {"a": "x"}).status == 400
    assert owner.post(f"{path}?userId=nobody&async=true", {"a": 1}).status == 404
    refused = owner.post(f"{path}{OF_USER}&async=maybe", {"a": 1})
    assert (refused.status, refused.body["details"]["faults"][0]["location"]) == (400, "query.async")
    owner.patch(f"/v1/service/{service}{OF_USER}", {"enabled": False}).ok()
    assert owner.post(f"{path}{OF_USER}&async=true", {"a": 1}).status == 403


def test_it_is_repeated_under_its_key_cancelled_and_replayed_like_any_other(owner: Client, service: str) -> None:
    action = make_action(owner, service, LOGIC)["name"]
    path = f"/v1/service/{service}/action/{action}/execute{OF_USER}&async=true"
    first, second = (started(owner.post(path, {"a": 1}, headers={"idempotency-key": "k"})) for _ in range(2))
    assert first == second
    owner.post(f"/v1/execution/{first}/cancel{OF_USER}").ok()
    pump()
    assert look(owner, first)["state"] == "cancelled"
    assert owner.post(f"/v1/execution/{first}/replay{OF_USER}", {"version": "1"}).status == 400
    again = started(owner.post(f"/v1/execution/{first}/replay{OF_USER}", {}))
    pump()
    found = look(owner, again)
    assert (found["state"], found["replayOf"]) == ("done", first)

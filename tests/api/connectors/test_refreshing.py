"""Dependent forms: what an action asks for once some of it is filled in."""

from __future__ import annotations

from typing import Any

import pytest

from tests.builders import execute, make_action, make_datatype, make_security, make_service, make_user
from tests.client import Answer, Client

PROJECT = {"title": "project", "type": "string", "x-required": True, "x-onChange": {"refreshVariables": True}}
ISSUE_TYPE = {"title": "issueType", "type": "string", "x-dataType": "issueType"}
NEEDS_PROJECT = {"valuesLogicInput": [{"title": "project", "type": "string", "x-required": True}]}
LIST_TYPES = "return { values: [{ label: input.data.project + ' bug', value: 'bug' }] }"
CHOICES = [{"label": "M bug", "value": "bug"}]


@pytest.fixture
def service(client: Client) -> str:
    make_user(client)
    return make_service(client)


def refresh(client: Client, service: str, step: list[Any], target: str = "project", action: str = "create") -> Answer:
    path = f"/v1/service/{service}/action/{action}/refreshVariables"
    return client.post(path, {"step": step, "targetField": target}, query={"userId": "user@example.com"})


def test_choices_are_listed_once_what_they_depend_on_is_filled_in(client: Client, service: str) -> None:
    make_datatype(client, service, LIST_TYPES, name="issueType", schema=NEEDS_PROJECT)
    make_action(client, service, name="create", schema={"variables": [PROJECT, ISSUE_TYPE]})
    assert refresh(client, service, []).ok() == {"input": {}, "output": [PROJECT, ISSUE_TYPE]}
    filled = refresh(client, service, [{"title": "project", "value": "M"}]).ok()
    assert filled == {"input": {"project": "M"}, "output": [PROJECT, {**ISSUE_TYPE, "x-choices": CHOICES}]}


@pytest.mark.parametrize(
    "step",
    [
        [{"title": "project", "value": "M"}],
        [{"name": "project", "value": "M"}],
        [{"input": {"project": "M"}}],
        [{"title": "project", "value": "old"}, {"input": {"project": "M"}}],
        [{"title": "project", "value": "M"}, {"title": "issueType"}],
    ],
)
def test_steps_are_merged_in_order(client: Client, service: str, step: list[Any]) -> None:
    make_action(client, service, name="create", schema={"variables": [PROJECT, {"title": "issueType"}]})
    assert refresh(client, service, step).ok()["input"] == {"project": "M"}


@pytest.mark.parametrize("word", ["x-dataType", "x-datatype", "X-DataType"])
@pytest.mark.parametrize("is_older", [False, True], ids=["newer", "older"])
def test_both_dialects_and_any_case_name_a_datatype(client: Client, service: str, word: str, is_older: bool) -> None:
    make_datatype(client, service, LIST_TYPES, name="issueType", schema=NEEDS_PROJECT)
    field: Any = {"title": "issueType", word: "issueType"}
    if is_older:
        field = {"name": "issueType", "required": False, "schema": {"type": "string", word: "issueType"}}
    make_action(client, service, name="create", schema={"variables": [PROJECT, field]})
    shown = refresh(client, service, [{"input": {"project": "M"}}]).ok()["output"]
    assert shown == [PROJECT, {**field, "x-choices": CHOICES}]


def test_a_datatype_is_meant_by_name_id_or_version(client: Client, service: str) -> None:
    datatype = make_datatype(client, service, "return ['old']", name="kind")
    path = f"/v1/service/{service}/datatype/{datatype}"
    newer = client.put(f"{path}?version=2.0.0", {"logic": {"values": "return ['new']"}}).ok()
    fields = [
        {"title": "a", "x-dataType": "kind"},
        {"title": "b", "x-dataType": "kind", "x-dataTypeVersion": "1.0.0"},
        {"title": "c", "x-dataType": newer["version_id"]},
        {"title": "d", "x-dataType": datatype},
    ]
    make_action(client, service, name="create", schema={"variables": fields})
    shown = refresh(client, service, [], "a").ok()["output"]
    assert [entry["x-choices"] for entry in shown] == [["new"], ["old"], ["new"], ["new"]]


def test_references_in_what_is_declared_read_what_was_filled_in(client: Client, service: str) -> None:
    fields = [PROJECT, {"title": "summary", "type": "string", "default": "About ${input.data.project}"}]
    make_action(client, service, name="create", schema={"variables": fields})
    shown = refresh(client, service, [{"input": {"project": "M"}}]).ok()["output"]
    assert shown[1]["default"] == "About M"


def test_a_default_fills_in_what_was_not_sent(client: Client, service: str) -> None:
    fields = [PROJECT, {"title": "summary", "type": "string", "default": "About ${input.data.project}"}]
    fields += [{"title": "labels", "type": "array", "default": ["x"]}, {"title": "note", "default": "${input.data.no}"}]
    make_action(client, service, name="create", schema={"variables": fields})
    wanted = {"project": "M", "summary": "About M", "labels": ["x"]}
    assert execute(client, service, "create", {"project": "M"}).ok() == {"input": wanted, "output": wanted}
    assert execute(client, service, "create", {"project": "M", "summary": "own"}).ok()["output"]["summary"] == "own"


def test_a_hook_of_the_action_decides(client: Client, service: str) -> None:
    code = "return [...variables, { title: 'extra', default: input.data.project + targetField }]"
    logic = {"execute": "return 1", "refreshVariables": code}
    make_action(client, service, name="create", schema={"variables": [PROJECT]}, logic=logic)
    answer = refresh(client, service, [{"input": {"project": "M"}}]).ok()
    assert answer == {"input": {"project": "M"}, "output": [PROJECT, {"title": "extra", "default": "Mproject"}]}


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"step": [], "targetField": "none"}, "body.targetField"),
        ({"step": []}, "body.targetField"),
        ({"targetField": "project"}, "body.step"),
        ({"step": [1], "targetField": "project"}, "body.step.0"),
        ({"step": [{"value": 1}], "targetField": "project"}, "body.step.0"),
    ],
)
def test_what_is_wrong_is_named(client: Client, service: str, body: Any, where: str) -> None:
    make_action(client, service, name="create", schema={"variables": [PROJECT]})
    path = f"/v1/service/{service}/action/create/refreshVariables?userId=user@example.com"
    answer = client.post(path, body)
    assert (answer.status, answer.body["details"]["faults"][0]["location"]) == (400, where)


def test_a_datatype_that_is_absent_or_only_a_schema(client: Client, service: str) -> None:
    make_datatype(client, service, None, name="shape", schema={"data": {"type": "string"}})
    field = {"title": "a", "x-dataType": "shape"}
    make_action(client, service, name="create", schema={"variables": [field]})
    assert refresh(client, service, [], "a").ok()["output"] == [field]
    make_action(client, service, name="other", schema={"variables": [{"title": "a", "x-dataType": "gone"}]})
    answer = refresh(client, service, [], "a", "other")
    assert (answer.status, "gone" in answer.body["error"]) == (409, True)


def test_listing_runs_with_the_users_token(client: Client, service: str) -> None:
    make_security(client, service)
    make_datatype(client, service, LIST_TYPES, name="issueType", schema=NEEDS_PROJECT)
    make_action(client, service, name="create", schema={"variables": [PROJECT, ISSUE_TYPE]})
    assert refresh(client, service, []).status == 200
    assert refresh(client, service, [{"input": {"project": "M"}}]).status == 400
    path = f"/v1/service/{service}/action/create/refreshVariables"
    assert client.post(path, {"step": [], "targetField": "project"}).status == 400


@pytest.mark.parametrize(
    ("entry", "where"),
    [
        ({"x-dataType": ""}, "x-datatype"),
        ({"x-dataTypeVersion": 1}, "x-datatypeversion"),
        ({"x-label": 1}, "x-label"),
        ({"x-onChange": True}, "x-onChange"),
        ({"x-onChange": {"refreshVariables": "yes"}}, "x-onChange"),
    ],
)
def test_extensions_that_cannot_be_meant_are_refused(client: Client, service: str, entry: Any, where: str) -> None:
    body = {"name": "a", "schema": {"variables": [{"title": "f", **entry}]}}
    answer = client.post(f"/v1/service/{service}/action", body)
    assert answer.status == 400
    assert answer.body["details"]["faults"][0]["location"] == f"body.schema.variables.0.{where}"

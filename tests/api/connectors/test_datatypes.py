"""Datatypes: their two-part schema, and the logic that lists valid values."""

from __future__ import annotations

from typing import Any

import pytest

from tests.builders import make_datatype, make_security, make_service, make_token, make_user, make_version
from tests.client import Answer, Client

ISSUES = {
    "data": {"type": "string"},
    "valuesLogicInput": [{"title": "project", "type": "string", "x-required": True}],
}


@pytest.fixture
def service(client: Client) -> str:
    make_user(client)
    return make_service(client)


def run(client: Client, service: str, datatype: str, body: Any = None, **query: str) -> Answer:
    path = f"/v1/service/{service}/datatype/{datatype}/execute"
    return client.post(path, body, query={"userId": "user@example.com", **query})


def test_a_datatype_is_made_read_listed_changed_and_deleted(client: Client, service: str) -> None:
    path = f"/v1/service/{service}/datatype"
    made = client.post(f"{path}?userId=dev", {"name": "TestDataType"}).ok()
    assert list(made) == ["id"]
    shown = client.get(f"{path}/TestDataType").ok()
    assert (shown["id"], shown["datatype_id"], shown["service_id"]) == (made["id"], made["id"], service)
    assert (shown["published"], shown["schema"], shown["logic"]) == (True, {}, {})
    assert shown["created_by"] == shown["updated_by"] == "dev"
    assert client.get(path).ok() == [shown]
    changed = client.put(f"{path}/{made['id']}?version=minor", {"schema": ISSUES}).ok()
    assert (changed["version"], changed["schema"]) == ("1.1.0", ISSUES)
    assert client.get(f"{path}/{changed['version_id']}").ok() == changed
    assert client.put(f"{path}/{made['id']}", {"name": "x"}).status == 400
    assert client.delete(f"{path}/TestDataType").ok() == {}
    assert client.delete(f"{path}/TestDataType").status == 404


def test_a_chosen_id_is_taken_once(client: Client, service: str) -> None:
    chosen = "05c75ebb-affe-49d8-acd6-b9c05a864dfc"
    assert make_datatype(client, service, id=chosen) == chosen
    assert client.post(f"/v1/service/{service}/datatype", {"name": "two", "id": chosen}).status == 409


@pytest.mark.parametrize(
    ("schema", "where"),
    [
        ({"data": {"type": "nonsense"}}, "body.schema.data"),
        ({"data": 7}, "body.schema.data"),
        ({"valuesLogicInput": "x"}, "body.schema.valuesLogicInput"),
        ({"valuesLogicInput": [{"type": "string"}]}, "body.schema.valuesLogicInput.0"),
        ({"valuesLogicInput": [{"title": "a", "x-dataType": 1}]}, "body.schema.valuesLogicInput.0.x-datatype"),
    ],
)
def test_a_schema_that_cannot_be_used_is_refused(client: Client, service: str, schema: Any, where: str) -> None:
    answer = client.post(f"/v1/service/{service}/datatype", {"name": "d", "schema": schema})
    assert answer.status == 400
    assert answer.body["details"]["faults"][0]["location"] == where


def test_values_are_listed_for_an_input(client: Client, service: str) -> None:
    values = "return { values: [{ label: 'Bug in ' + input.data.project, value: 'bug' }] }"
    make_datatype(client, service, values, name="issueType", schema=ISSUES)
    answer = run(client, service, "issueType", {"input": {"project": "M"}}).ok()
    assert answer == {"input": {"project": "M"}, "output": {"values": [{"label": "Bug in M", "value": "bug"}]}}


@pytest.mark.parametrize("body", [{}, {"input": {}}, {"input": {"project": 7}}, {"input": [1]}, [1]])
def test_input_is_checked_before_the_logic_runs(client: Client, service: str, body: Any) -> None:
    make_datatype(client, service, "throw new Error('ran')", name="issueType", schema=ISSUES)
    answer = run(client, service, "issueType", body)
    assert answer.status == 400
    assert answer.body["details"]["faults"][0]["location"].startswith("body.input")


@pytest.mark.parametrize(
    ("code", "output"),
    [
        ("return ['a']", {"values": ["a"]}),
        ("return null", {"values": []}),
        ("return { more: true }", {"more": True}),
    ],
)
def test_a_list_stands_for_its_values(client: Client, service: str, code: str, output: Any) -> None:
    datatype = make_datatype(client, service, code)
    assert run(client, service, datatype).ok()["output"] == output


def test_without_logic_the_enumerated_values_are_listed(client: Client, service: str) -> None:
    make_datatype(client, service, None, name="size", schema={"data": {"enum": ["s", 2]}})
    values = [{"label": "s", "value": "s"}, {"label": "2", "value": 2}]
    assert run(client, service, "size").ok()["output"] == {"values": values}
    make_datatype(client, service, None, name="plain", schema={"data": {"type": "object"}})
    assert run(client, service, "plain").status == 404


def test_the_logic_sees_the_token_that_is_asked_for(client: Client, service: str) -> None:
    security = make_security(client, service)
    datatype = make_datatype(client, service, "return [service.token_name]")
    assert run(client, service, datatype).status == 400
    one = make_token(client, security, name="one")["id"]
    make_token(client, security, name="two")
    assert run(client, service, datatype, userCredentialId=one).ok()["output"] == {"values": ["one"]}
    assert run(client, service, datatype).ok()["output"] == {"values": ["two"]}


def test_a_published_version_keeps_the_values_it_was_published_with(client: Client, service: str) -> None:
    datatype = make_datatype(client, service, "return [1]")
    version = make_version(client, service, name="2.0.0", published=True)
    client.put(f"/v1/service/{service}", {"defaultVersionId": version}).ok()
    client.put(f"/v1/service/{service}/datatype/{datatype}?version=major", {"logic": {"values": "return [2]"}}).ok()
    assert run(client, service, datatype).ok()["output"] == {"values": [1]}

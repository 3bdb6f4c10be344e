"""Bots: definitions merged, secrets kept, lists paged, given away, deleted."""

from __future__ import annotations

from typing import Any

import pytest

from tests.client import Client

STATE = {"type": "user", "schema": {"type": "object", "properties": {"n": {"type": "number"}}}}


def recurring(cron: str) -> dict[str, Any]:
    return {"schedule": {"cron": cron}, "type": "tick", "payload": {}}


def make(client: Client, **body: Any) -> dict[str, Any]:
    return client.post("/v1/admin/bots", body).ok()["bot"]


def test_a_new_bot_shows_all_that_the_contract_promises(client: Client) -> None:
    bot = make(client, name="Ada", states={"count": STATE}, tags={"users": ["plan"]}, dev=True)
    assert (bot["name"], bot["dev"], bot["states"], bot["integrations"]) == ("Ada", True, {"count": STATE}, {})
    assert bot["tags"] == {"users": ["plan"], "conversations": [], "messages": []}
    assert bot["user"] == {"tags": {"plan": {}}}
    assert len(bot["signingSecret"]) > 30
    assert client.get(f"/v1/admin/bots/{bot['id']}").ok()["bot"] == bot


def test_a_bot_without_a_name_gets_one(client: Client) -> None:
    assert make(client)["name"].startswith("bot-")


def test_an_update_merges_maps_and_null_removes_a_key(client: Client) -> None:
    bot = make(client, states={"one": STATE, "two": STATE}, user={"tags": {"plan": {"title": "Plan"}}})
    path = f"/v1/admin/bots/{bot['id']}"
    changed = client.put(path, {"states": {"one": None, "three": STATE}, "user": {"tags": {"age": {}}}}).ok()["bot"]
    assert set(changed["states"]) == {"two", "three"}
    assert changed["user"]["tags"] == {"plan": {"title": "Plan"}, "age": {}}
    lists = client.put(path, {"tags": {"users": ["plan"]}}).ok()["bot"]
    assert lists["user"]["tags"] == {"plan": {"title": "Plan"}}
    assert lists["name"] == bot["name"]


def test_a_field_of_null_in_a_definition_is_left_out_and_a_null_in_a_schema_stays(client: Client) -> None:
    schema = {"type": "object", "properties": {"n": {"default": None}}}
    bot = make(
        client, states={"count": {"type": "bot", "schema": schema, "expiry": None}}, configuration={"data": {"a": None}}
    )
    assert bot["states"] == {"count": {"type": "bot", "schema": schema}}
    assert bot["configuration"]["data"] == {"a": None}


@pytest.mark.parametrize(
    ("change", "kind", "field"),
    [
        ({"type": "message_created"}, "InvalidIdentifier", "type"),
        ({"type": "grüß"}, "InvalidIdentifier", "type"),
        ({"payload": {"n": "x"}}, "InvalidDataFormat", "payload"),
        ({"payload": {"n": 1, "more": "x" * 131_072}}, "PayloadTooLarge", "payload"),
    ],
)
def test_a_recurring_event_is_held_to_what_the_bot_declares(
    client: Client, change: dict[str, Any], kind: str, field: str
) -> None:
    events = {"tick": {"schema": {"type": "object", "properties": {"n": {"type": "number"}}}}}
    body = {"events": events, "recurringEvents": {"daily": {**recurring("0 6 * * *"), **change}}}
    answer = client.post("/v1/admin/bots", body)
    assert (answer.body["type"], field in answer.body["message"]) == (kind, True)


def test_the_configuration_is_held_to_its_schema_and_stays_when_not_sent(client: Client) -> None:
    schema = {"type": "object", "properties": {"greeting": {"type": "string"}}, "required": ["greeting"]}
    bot = make(client, configuration={"schema": schema, "data": {"greeting": "hi"}})
    path = f"/v1/admin/bots/{bot['id']}"
    wrong = client.put(path, {"configuration": {"data": {"greeting": 1}}})
    assert (wrong.status, wrong.body["type"]) == (400, "InvalidDataFormat")
    assert client.put(path, {"name": "B"}).ok()["bot"]["configuration"] == {
        "schema": schema,
        "data": {"greeting": "hi"},
    }


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"states": {"Bad": STATE}}, "InvalidIdentifier"),
        ({"states": {"ok": {"type": "user", "schema": {"type": "nonsense"}}}}, "InvalidJsonSchema"),
        ({"states": {"ok": {"type": "galaxy", "schema": {}}}}, "InvalidPayload"),
        ({"url": "https://example.com"}, "InvalidPayload"),
        ({"dev": True, "url": "https://169.254.169.254/"}, "InvalidPayload"),
        ({"recurringEvents": {"tick": recurring("* * * * * *")}}, "InvalidPayload"),
        ({"recurringEvents": {"tick": recurring("0 0 31 2 *")}}, "InvalidPayload"),
        ({"configuration": {"data": {"a": "x" * 11_000}}}, "PayloadTooLarge"),
        ({"name": ""}, "InvalidPayload"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_definition_is_named(client: Client, body: dict[str, Any], kind: str) -> None:
    answer = client.post("/v1/admin/bots", body)
    assert answer.body["type"] == kind
    assert set(answer.body) == {"id", "code", "type", "message", "description", "status"}
    assert answer.body["code"] == answer.body["status"] == answer.status
    assert client.get("/v1/admin/bots").ok()["bots"] == []


def test_code_says_whether_it_runs_here(client: Client) -> None:
    stored = make(client, code="module.exports = {}")
    assert "does not run here" in stored["codeNote"]
    running = make(client, code="function handler(request) { return {} }")
    assert "codeNote" not in running
    assert running["deployedAt"]


def test_bots_are_listed_newest_first_page_by_page_while_others_come(client: Client) -> None:
    made = [make(client, name=f"n{number}")["id"] for number in range(25)]
    first = client.get("/v1/admin/bots").ok()
    make(client, name="late")
    second = client.get("/v1/admin/bots", query={"nextToken": first["meta"]["nextToken"]}).ok()
    assert [bot["id"] for bot in first["bots"] + second["bots"]] == made[::-1]
    assert second["meta"] == {}
    forged = client.get("/v1/admin/bots", query={"nextToken": "AAAA"})
    assert (forged.status, forged.body["type"]) == (400, "InvalidQuery")


def test_a_deleted_bot_is_gone_at_once(client: Client) -> None:
    bot = make(client)
    assert client.delete(f"/v1/admin/bots/{bot['id']}").ok() == {}
    again = client.delete(f"/v1/admin/bots/{bot['id']}")
    assert (again.status, again.body["type"]) == (404, "ResourceNotFound")
    assert client.get("/v1/admin/bots").ok()["bots"] == []


def test_a_stranger_finds_no_bot(client: Client, stranger: Client) -> None:
    bot = make(client)
    for method, path, body in (
        ("GET", "", None),
        ("PUT", "", {"name": "x"}),
        ("DELETE", "", None),
        ("GET", "/logs", None),
    ):
        answer = stranger.send(method, f"/v1/admin/bots/{bot['id']}{path}", body)
        assert (answer.status, answer.body["type"]) == (404, "ResourceNotFound")
    sneaky = stranger.get(f"/v1/admin/bots/{bot['id']}", headers={"x-workspace-id": client.key})
    assert (sneaky.status, sneaky.body["type"]) == (403, "Forbidden")


def test_a_bot_moves_to_another_workspace_of_its_owner(client: Client, stranger: Client) -> None:
    bot, key = make(client, name="mover"), None
    key = client.post(f"/v1/admin/bots/{bot['id']}/keys").ok()["token"]
    target = client.post("/v1/admin/workspaces", {"name": "Second"}).ok()["id"]
    nowhere = client.post(f"/v1/admin/bots/{bot['id']}/transfer", {"targetWorkspaceId": stranger.key})
    assert nowhere.body["type"] == "ReferenceNotFound"
    assert client.post(f"/v1/admin/bots/{bot['id']}/transfer", {"targetWorkspaceId": target}).ok() == {}
    assert client.get("/v1/admin/bots").ok()["bots"] == []
    there = {"headers": {"x-workspace-id": target}}
    assert [one["name"] for one in client.get("/v1/admin/bots", **there).ok()["bots"]] == ["mover"]
    assert client.get(f"/v1/admin/bots/{bot['id']}").ok()["bot"]["signingSecret"] == bot["signingSecret"]
    assert client.post("/v1/chat/actions", {"type": "a:b", "input": {}}, key=key).status == 401


def test_the_web_chat_is_that_of_an_installed_integration(client: Client) -> None:
    bot = make(client)
    path = f"/v1/admin/bots/{bot['id']}/webchat"
    assert client.get(path, query={"type": "sharableUrl"}).status == 404
    assert client.get(path, query={"type": "other"}).body["type"] == "InvalidQuery"
    code = "function handler(request) { return {} }"
    made = client.post("/v1/admin/integrations", {"name": "webchat", "version": "0.1.0", "code": code}).ok()
    client.put(f"/v1/admin/bots/{bot['id']}", {"integrations": {made["integration"]["id"]: {"enabled": True}}}).ok()
    url = client.get(path, query={"type": "sharableUrl"}).ok()["code"]
    assert "/v1/chat/webhooks/" in url
    for kind in ("preconfigured", "configurable", "fullscreen"):
        assert url in client.get(path, query={"type": kind}).ok()["code"]

"""Who may act where: workspaces, keys of bots and integrations, short-lived tokens, context headers."""

from __future__ import annotations

from typing import Any

from chalicelib.chat import workers
from chalicelib.chat.models.integrations import Integration
from chalicelib.storage.tables import CHAT
from tests.client import Client
from tests.conftest import Clock
from tests.queues import drain

CODE = "function handler(request) { return { output: { said: request.type || request.operation } } }"
ANY = {"schema": {"type": "object"}}


def make_bot(client: Client, **more: Any) -> str:
    return str(client.post("/v1/admin/bots", {}, **more).ok()["bot"]["id"])


def make_integration(client: Client, name: str = "echo", **more: Any) -> str:
    body = {"name": name, "version": "0.1.0", "code": CODE, "actions": {"say": {"input": ANY, "output": ANY}}, **more}
    return str(client.post("/v1/admin/integrations", body).ok()["integration"]["id"])


def install(client: Client, bot: str, integration: str) -> None:
    client.put(f"/v1/admin/bots/{bot}", {"integrations": {integration: {"enabled": True}}}).ok()


def say(client: Client, **more: Any) -> Any:
    return client.post("/v1/chat/actions", {"type": "echo:say", "input": {}}, **more)


def test_a_workspace_made_here_is_seen_and_acted_in_by_its_maker_alone(client: Client, stranger: Client) -> None:
    made = client.post("/v1/admin/workspaces", {"name": "Second"}).ok()
    assert (made["name"], made["botCount"], made["accountType"], made["blocked"]) == ("Second", 0, "free", False)
    listed = client.get("/v1/admin/workspaces").ok()["workspaces"]
    assert {one["id"] for one in listed} == {made["id"], client.key}
    there = {"headers": {"X-Workspace-Id": made["id"]}}
    make_bot(client, **there)
    assert client.get(f"/v1/admin/workspaces/{made['id']}").ok()["botCount"] == 1
    assert client.get("/v1/admin/bots").ok()["bots"] == []
    assert stranger.get(f"/v1/admin/workspaces/{made['id']}").body["type"] == "ResourceNotFound"
    assert stranger.get("/v1/admin/bots", **there).body["type"] == "Forbidden"
    assert stranger.get(f"/v1/admin/workspaces/{stranger.key}", **there).body["type"] == "Forbidden"


def test_a_bot_elsewhere_is_found_by_its_id_alone_but_not_in_a_workspace_it_is_not_in(client: Client) -> None:
    made = client.post("/v1/admin/workspaces", {"name": "Second"}).ok()["id"]
    there = make_bot(client, headers={"X-Workspace-Id": made})
    here = make_bot(client)
    path = f"/v1/admin/bots/{there}"
    assert client.get(path).ok()["bot"]["id"] == there
    assert client.get(path, headers={"X-Workspace-Id": client.key}).body["type"] == "ResourceNotFound"
    assert client.get(f"/v1/admin/bots/{here}", headers={"X-Workspace-Id": made}).body["type"] == "ResourceNotFound"


def test_a_workspace_is_renamed_and_deleted_and_a_keys_own_stays(client: Client) -> None:
    made = client.post("/v1/admin/workspaces", {"name": "Second"}).ok()
    changed = client.put(f"/v1/admin/workspaces/{made['id']}", {"name": "Third", "spendingLimit": 50}).ok()
    assert (changed["name"], changed["spendingLimit"]) == ("Third", 50)
    assert client.put(f"/v1/admin/workspaces/{made['id']}", {"spendingLimit": 4}).body["type"] == "InvalidPayload"
    assert client.delete(f"/v1/admin/workspaces/{made['id']}").ok() == {}
    assert client.get(f"/v1/admin/workspaces/{made['id']}").status == 404
    assert client.get("/v1/admin/bots", headers={"x-workspace-id": made["id"]}).body["type"] == "Forbidden"
    assert client.delete(f"/v1/admin/workspaces/{client.key}").body["type"] == "Forbidden"
    assert client.put(f"/v1/admin/workspaces/{client.key}", {"name": "Mine"}).ok()["name"] == "Mine"


def test_a_bots_key_acts_as_that_bot_at_run_time_and_nowhere_else(client: Client) -> None:
    bot, other, integration = make_bot(client), make_bot(client), make_integration(client)
    install(client, bot, integration)
    key = client.post(f"/v1/admin/bots/{bot}/keys").ok()["token"]
    assert say(client, key=key).ok()["output"] == {"said": "say"}
    assert say(client, key=key, headers={"x-bot-id": other}).body["type"] == "Forbidden"
    assert say(client, key=key, headers={"x-integration-id": integration}).body["type"] == "Forbidden"
    assert client.get("/v1/admin/bots", key=key).body["type"] == "Forbidden"
    assert client.get("/v1/group", key=key).status == 403
    assert client.get("/v1/subscribers", key=key).status == 403
    listed = client.get("/v1/admin/keys").ok()
    assert [one["subject"] for one in listed] == [f"bot:{bot}"]
    client.delete(f"/v1/admin/bots/{bot}").ok()
    assert say(client, key=key).body["type"] == "Unauthorized"


def test_an_integration_acts_only_where_it_is_installed(client: Client) -> None:
    bot, other, integration = make_bot(client), make_bot(client), make_integration(client)
    install(client, bot, integration)
    key = client.post(f"/v1/admin/integrations/{integration}/keys").ok()["token"]
    assert say(client, key=key, headers={"x-bot-id": bot}).status == 200
    assert say(client, key=key, headers={"x-bot-id": other}).body["type"] == "Forbidden"
    assert say(client, key=key).body["type"] == "InvalidPayload"
    another = {"x-bot-id": bot, "x-integration-id": make_integration(client, "another")}
    assert say(client, key=key, headers=another).body["type"] == "Forbidden"
    assert say(client, key=key, headers={**another, "x-integration-id": integration}).status == 200
    both = {"x-bot-id": other, "x-integration-id": integration}
    assert say(client, headers=both).body["type"] == "Forbidden"


def test_a_public_integration_acts_in_another_workspaces_bot_once_installed(client: Client, stranger: Client) -> None:
    integration, bot = make_integration(client, public=True), make_bot(stranger)
    key = client.post(f"/v1/admin/integrations/{integration}/keys").ok()["token"]
    assert say(client, key=key, headers={"x-bot-id": bot}).body["type"] == "ResourceNotFound"
    install(stranger, bot, integration)
    assert say(client, key=key, headers={"x-bot-id": bot}).status == 200
    assert say(client, headers={"x-bot-id": bot}).body["type"] == "ResourceNotFound"


def test_a_bots_owner_acts_as_an_integration_of_another_workspace(client: Client, stranger: Client) -> None:
    integration, bot = make_integration(client, public=True), make_bot(stranger)
    named = {"x-bot-id": bot, "x-integration-id": integration}
    assert stranger.get("/v1/chat/users", headers=named).body["type"] == "Forbidden"
    install(stranger, bot, integration)
    assert stranger.get("/v1/chat/users", headers=named).status == 200


def test_an_integration_whose_row_is_gone_acts_no_more(client: Client, workspace: str) -> None:
    bot, integration = make_bot(client), make_integration(client)
    install(client, bot, integration)
    CHAT.delete(Integration.key(workspace, id=integration))
    named = {"x-bot-id": bot, "x-integration-id": integration}
    assert client.get("/v1/chat/users", headers=named).body["type"] == "Forbidden"


def test_a_key_is_traded_for_a_token_of_an_hour(client: Client, still: Clock) -> None:
    made = client.post("/v1/admin/keys", {"name": "k", "scopes": ["read"]}).ok()
    body = {"clientKey": made["id"], "clientSecret": made["key"]}
    traded = client.post("/v1/authenticate", body, key=None).ok()
    assert traded["expiresIn"] == still.at_ms + 3_600_000
    bearer = {"key": None, "headers": {"Authorization": f"Bearer {traded['token']}"}}
    assert client.get("/v1/admin/bots", **bearer).status == 200
    assert client.post("/v1/admin/bots", {}, **bearer).body["type"] == "Forbidden"
    wrong = {**bearer, "headers": {"Authorization": f"Bearer {traded['token'][:-2]}xx"}}
    assert client.get("/v1/admin/bots", **wrong).body["type"] == "Unauthorized"
    still.advance_s(3_601)
    assert client.get("/v1/admin/bots", **bearer).body["type"] == "Unauthorized"


def test_a_token_ends_with_its_key(client: Client) -> None:
    made = client.post("/v1/admin/keys", {"name": "k", "scopes": ["read"]}).ok()
    traded = client.post("/v1/authenticate", {"clientKey": made["id"], "clientSecret": made["key"]}, key=None).ok()
    client.delete(f"/v1/admin/keys/{made['id']}").ok()
    bearer = {"key": None, "headers": {"Authorization": f"Bearer {traded['token']}"}}
    assert client.get("/v1/admin/bots", **bearer).status == 401


def test_a_wrong_secret_or_another_keys_is_refused(client: Client) -> None:
    made = client.post("/v1/admin/keys", {"name": "k", "scopes": ["read"]}).ok()
    for body in ({"clientKey": made["id"], "clientSecret": "x"}, {"clientKey": "other", "clientSecret": made["key"]}):
        answer = client.post("/v1/authenticate", body, key=None)
        assert (answer.status, answer.body["type"]) == (401, "Unauthorized")
    assert client.post("/v1/authenticate", {}, key=None).body["type"] == "InvalidPayload"


def test_a_blocked_bot_does_nothing(client: Client) -> None:
    bot = make_bot(client)
    client.put(f"/v1/admin/bots/{bot}", {"blocked": True}).ok()
    assert say(client, headers={"x-bot-id": bot}).body["type"] == "Forbidden"


def test_other_verbs_media_and_broken_bodies_speak_this_surface(client: Client) -> None:
    wrong_verb = client.patch("/v1/admin/bots", {})
    assert (wrong_verb.status, wrong_verb.body["type"]) == (405, "MethodNotFound")
    assert wrong_verb.headers["allow"] == "GET, POST"
    media = client.post("/v1/admin/bots", raw=b"<a/>", headers={"content-type": "text/xml"})
    assert (media.status, media.body["type"]) == (415, "UnsupportedMediaType")
    assert client.post("/v1/admin/bots", raw=b"{").body["type"] == "InvalidPayload"
    large = client.post("/v1/admin/bots", raw=b'{"code":"' + b"x" * 5_300_000 + b'"}')
    assert (large.status, large.body["type"]) == (413, "PayloadTooLarge")


def test_only_who_holds_every_scope_makes_keys_of_bots(client: Client) -> None:
    bot = make_bot(client)
    for scopes in (["write", "read", "run"], ["admin"]):
        weak = client.post("/v1/admin/keys", {"name": "k", "scopes": scopes}).ok()["key"]
        assert client.post(f"/v1/admin/bots/{bot}/keys", key=weak).body["type"] == "Forbidden"


def test_who_knows_the_ids_of_a_bot_and_its_integration_still_may_not_act_there(
    client: Client, stranger: Client
) -> None:
    bot, integration = make_bot(client), make_integration(client)
    install(client, bot, integration)
    named = {"x-bot-id": bot, "x-integration-id": integration}
    assert client.get("/v1/chat/users", headers=named).status == 200
    assert stranger.get("/v1/chat/users", headers=named).body["type"] == "ResourceNotFound"


def test_an_integration_that_was_unregistered_acts_no_more(client: Client) -> None:
    bot, integration = make_bot(client), make_integration(client)
    install(client, bot, integration)
    drain("chat_setup", workers.chat_setup)
    named = {"x-bot-id": bot, "x-integration-id": integration}
    assert client.get("/v1/chat/users", headers=named).status == 200
    client.put(f"/v1/admin/bots/{bot}", {"integrations": {integration: {"enabled": False}}}).ok()
    drain("chat_setup", workers.chat_setup)
    assert client.get("/v1/chat/users", headers=named).body["type"] == "Forbidden"

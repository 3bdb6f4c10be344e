"""Installing: register and unregister are sent to the integration, and how that went is shown."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest

from chalicelib.adapters.http_client import Headers, Request, Response
from chalicelib.chat import installing, workers
from chalicelib.chat.models import installations
from chalicelib.chat.models.installations import Installation
from chalicelib.core.errors import UpstreamTimeout
from chalicelib.durable import due
from chalicelib.storage.tables import CHAT
from tests.client import Client
from tests.conftest import Clock
from tests.fakes.http_client import FakeHttp
from tests.queues import bodies, deliver, drain, receive
from tests.workers.chat.post import tick

URL = "https://integration.example.com/"
SCHEMA = {"type": "object", "properties": {"token": {"type": "string"}}, "required": ["token"]}
Json = dict[str, Any]


class World:
    """A dev bot, and a dev integration that wants a token."""

    def __init__(self, client: Client, http: FakeHttp) -> None:
        self.client, self.http = client, http
        self.bot = client.post("/v1/admin/bots", {"dev": True}).ok()["bot"]["id"]
        self.made = self.integration("chat", configuration={"schema": SCHEMA})

    def integration(self, name: str, version: str = "0.1.0", **more: Any) -> Json:
        body = {"name": name, "version": version, "dev": True, "url": URL, **more}
        return self.client.post("/v1/admin/integrations", body).ok()["integration"]

    def put(self, integrations: Json) -> Any:
        return self.client.put(f"/v1/admin/bots/{self.bot}", {"integrations": integrations})

    def installed(self) -> Json:
        return self.client.get(f"/v1/admin/bots/{self.bot}").ok()["bot"]["integrations"]

    def operations(self) -> list[str]:
        return [request.headers["x-bp-operation"] for _, request in self.http.sent]


@pytest.fixture
def world(client: Client, http: FakeHttp, no_delays: None) -> World:
    return World(client, http)


def work() -> None:
    drain("chat_setup", workers.chat_setup)


def test_register_carries_every_header_and_a_signature(world: World) -> None:
    made, configuration = world.made, {"token": "t-1"}
    answer = world.put({made["id"]: {"enabled": True, "configuration": configuration}}).ok()["bot"]["integrations"]
    assert (answer[made["id"]]["status"], answer[made["id"]]["statusReason"]) == ("registration_pending", None)
    world.http.answer(URL)
    work()
    ((_, request),) = world.http.sent
    assert (request.method, request.url) == ("POST", URL)
    headers = dict(request.headers)
    assert headers["x-bot-id"] == headers["x-bot-user-id"] == world.bot
    assert (headers["x-integration-id"], headers["x-bp-operation"]) == (made["id"], "register")
    assert json.loads(base64.b64decode(headers["x-bp-configuration"])) == configuration
    url = json.loads(request.body or b"")["webhookUrl"]
    assert url.endswith(headers["x-webhook-id"])
    expected = hmac.new(made["signingSecret"].encode(), request.body or b"", hashlib.sha256).hexdigest()
    assert headers["x-bp-signature"] == expected
    shown = world.installed()[made["id"]]
    assert (shown["status"], shown["webhookUrl"], shown["configuration"]) == ("registered", url, configuration)


def test_a_refusal_is_shown_with_its_reason_and_in_the_log(world: World) -> None:
    world.http.answer(URL, 400, b'{"code":400,"type":"Runtime","message":"bad token"}')
    world.put({world.made["id"]: {"configuration": {"token": "t"}}}).ok()
    work()
    shown = world.installed()[world.made["id"]]
    assert (shown["status"], shown["statusReason"]) == ("registration_failed", "bad token")
    (line,) = world.client.get(f"/v1/admin/bots/{world.bot}/logs").ok()["logs"]
    assert (line["level"], "bad token" in line["message"]) == ("error", True)


def test_silence_is_a_failure_too_and_another_update_tries_again(world: World) -> None:
    world.http.act(URL, UpstreamTimeout("it did not answer in time"))
    world.http.answer(URL)
    wish = {world.made["id"]: {"configuration": {"token": "t"}}}
    world.put(wish).ok()
    work()
    assert world.installed()[world.made["id"]]["status"] == "registration_failed"
    world.put(wish).ok()
    work()
    assert world.installed()[world.made["id"]]["status"] == "registered"


def test_what_is_registered_and_unchanged_is_not_registered_again(world: World) -> None:
    world.http.answer(URL)
    wish = {world.made["id"]: {"enabled": True, "configuration": {"token": "t"}}}
    world.put(wish).ok()
    work()
    world.put(wish).ok()
    work()
    assert world.operations() == ["register"]
    world.put({world.made["id"]: {"configuration": {"token": "other"}}}).ok()
    work()
    assert world.operations() == ["register", "register"]


def test_switching_off_unregisters_and_null_removes(world: World) -> None:
    world.http.answer(URL)
    identifier = world.made["id"]
    world.put({identifier: {"configuration": {"token": "t"}}}).ok()
    work()
    world.put({identifier: {"enabled": False}}).ok()
    work()
    assert (world.installed()[identifier]["status"], world.installed()[identifier]["enabled"]) == (
        "unregistered",
        False,
    )
    assert world.put({identifier: {"enabled": True}}).ok()["bot"]["integrations"][identifier]["enabled"] is True
    work()
    assert world.put({identifier: None}).ok()["bot"]["integrations"] == {}
    work()
    assert world.operations() == ["register", "unregister", "register", "unregister"]
    assert world.installed() == {}
    assert world.client.delete(f"/v1/admin/integrations/{identifier}").ok() == {}


def test_what_is_switched_off_takes_a_configuration_and_stays_off(world: World) -> None:
    world.http.answer(URL)
    identifier = world.made["id"]
    world.put({identifier: {"configuration": {"token": "one"}}}).ok()
    work()
    for wish, token in (
        ({"enabled": False, "configuration": {"token": "two"}}, "two"),
        ({"configuration": {"token": "three"}}, "three"),
        ({"enabled": None}, "three"),
        ({}, "three"),
    ):
        world.put({identifier: wish}).ok()
        work()
        shown = world.installed()[identifier]
        assert (shown["enabled"], shown["status"]) == (False, "unregistered")
        assert shown["configuration"] == {"token": token}
    assert world.operations() == ["register", "unregister"]
    assert world.put({identifier: {"enabled": False, "configuration": {}}}).body["type"] == "InvalidDataFormat"
    world.put({identifier: {"enabled": True}}).ok()
    work()
    assert world.installed()[identifier]["status"] == "registered"
    assert world.operations() == ["register", "unregister", "register"]


def test_what_is_put_in_switched_off_is_not_registered(world: World) -> None:
    identifier = world.made["id"]
    world.put({identifier: {"enabled": False, "configuration": {"token": "t"}}}).ok()
    work()
    shown = world.installed()[identifier]
    assert (shown["enabled"], shown["status"], world.operations()) == (False, "unregistered", [])


def test_what_is_installed_again_while_it_is_being_removed_stays(world: World) -> None:
    identifier, wish = world.made["id"], {"configuration": {"token": "t"}}

    def change_of_mind(request: Request) -> Response:
        if request.headers["x-bp-operation"] == "unregister":
            world.put({identifier: wish}).ok()
        return Response(200, Headers(()), b"", False, 1.0, URL)

    world.http.act(URL, change_of_mind)
    world.put({identifier: wish}).ok()
    work()
    world.put({identifier: None}).ok()
    work()
    shown = world.installed()[identifier]
    assert (shown["enabled"], shown["status"]) == (True, "registered")
    assert world.operations() == ["register", "unregister", "register"]
    refused = world.client.delete(f"/v1/admin/integrations/{identifier}")
    assert refused.body["type"] == "RelationConflict"


def test_an_order_that_was_never_sent_is_carried_out_all_the_same(
    world: World, still: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.http.answer(URL)
    identifier = world.made["id"]
    with monkeypatch.context() as fallen:
        fallen.setattr(installing.Orders, "send", lambda _self: None)
        world.put({identifier: {"configuration": {"token": "t"}}}).ok()
    assert bodies("chat_setup") == []
    tick()
    assert bodies("chat_deliver") == []
    still.advance_s(installations.AGAIN_MS / 1000 + 180)
    tick()
    drain("chat_deliver", workers.chat_deliver)
    assert world.installed()[identifier]["status"] == "registered"
    row = CHAT.get(Installation.key(world.client.key, bot_id=world.bot, id=identifier))
    assert row is not None and not set(due.ATTRIBUTES) & set(row), "what is carried out is brought no more"
    assert world.operations() == ["register"]


def test_an_unregister_that_fails_stays_in_sight_until_it_is_removed_again(world: World) -> None:
    world.http.answer(URL)
    world.http.answer(URL, 500, b"{}")
    identifier = world.made["id"]
    world.put({identifier: {"configuration": {"token": "t"}}}).ok()
    work()
    world.put({identifier: None}).ok()
    work()
    assert world.installed()[identifier]["status"] == "unregistration_failed"
    world.put({identifier: None}).ok()
    assert world.installed() == {}


def test_only_the_last_order_counts_when_messages_come_late(world: World) -> None:
    world.http.answer(URL)
    identifier = world.made["id"]
    world.put({identifier: {"configuration": {"token": "one"}}}).ok()
    first = receive("chat_setup")
    world.put({identifier: {"configuration": {"token": "two"}}}).ok()
    second = receive("chat_setup")
    assert deliver("chat_setup", workers.chat_setup, second + first) == 0
    ((_, request),) = world.http.sent
    assert json.loads(base64.b64decode(request.headers["x-bp-configuration"])) == {"token": "two"}


def test_what_cannot_be_installed_is_named(world: World) -> None:
    identifier = world.made["id"]
    assert world.put({"nobody": {}}).body["type"] == "ReferenceNotFound"
    assert world.put({identifier: {"configuration": {}}}).body["type"] == "InvalidDataFormat"
    big = {"token": "x" * 10_001}
    assert world.put({identifier: {"configuration": big}}).body["type"] == "PayloadTooLarge"
    plain = world.client.post("/v1/admin/bots", {}).ok()["bot"]["id"]
    body = {"integrations": {identifier: {"configuration": {"token": "t"}}}}
    assert world.client.put(f"/v1/admin/bots/{plain}", body).body["type"] == "RelationConflict"
    assert bodies("chat_setup") == []


def test_two_versions_change_places_in_one_update(world: World) -> None:
    world.http.answer(URL)
    next_one = world.integration("chat", "0.2.0")["id"]
    world.put({world.made["id"]: {"configuration": {"token": "t"}}}).ok()
    work()
    assert world.put({next_one: {}}).body["type"] == "RelationConflict"
    world.put({world.made["id"]: None, next_one: {}}).ok()
    work()
    assert {key: one["version"] for key, one in world.installed().items()} == {next_one: "0.2.0"}


def test_a_deleted_bot_unregisters_what_it_had(world: World) -> None:
    world.http.answer(URL)
    world.put({world.made["id"]: {"configuration": {"token": "t"}}}).ok()
    work()
    hook = world.installed()[world.made["id"]]["webhookUrl"].partition("1290")[2]
    world.client.delete(f"/v1/admin/bots/{world.bot}").ok()
    assert world.client.post(hook, {}, key=None).body["type"] == "ResourceNotFound"
    work()
    assert world.operations() == ["register", "unregister"]
    assert world.client.delete(f"/v1/admin/integrations/{world.made['id']}").ok() == {}


def test_a_deleted_workspace_takes_its_bots_along(world: World) -> None:
    client = world.client
    made = client.post("/v1/admin/workspaces", {"name": "Second"}).ok()["id"]
    there = {"headers": {"x-workspace-id": made}}
    bot = client.post("/v1/admin/bots", {}, **there).ok()["bot"]["id"]
    key = client.post(f"/v1/admin/bots/{bot}/keys", **there).ok()["token"]
    client.post("/v1/admin/integrations", {"name": "own", "version": "0.1.0"}, **there).ok()
    client.delete(f"/v1/admin/workspaces/{made}").ok()
    work()
    from chalicelib.chat.models import bots, integrations

    assert (bots.bot_ids(made), integrations.integration_ids(made)) == ([], [])
    assert client.post("/v1/chat/actions", {"type": "a:b", "input": {}}, key=key).status == 401

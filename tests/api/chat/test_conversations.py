"""Conversations: channels, participants, lists."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

from chalicelib.adapters.http_client import Headers, Request, Response
from tests.api.chat.world import URL, World, spelled
from tests.fakes.http_client import FakeHttp


def test_a_conversation_is_made_read_changed_and_deleted(world: World) -> None:
    made = world.conversation(id="C1")
    assert (made["channel"], made["integration"], made["tags"]) == ("room", "chat", {"chat:id": "C1"})
    path = f"/conversations/{made['id']}"
    assert world.as_bot("GET", path).ok()["conversation"] == made
    changed = world.as_bot("PUT", path, {"tags": {"topic": "money"}}).ok()["conversation"]
    assert changed["tags"] == {"chat:id": "C1", "topic": "money"}
    assert world.as_bot("PUT", path, {}).ok()["conversation"] == changed
    assert world.as_bot("DELETE", path).ok()["conversation"]["id"] == made["id"]
    assert world.as_bot("GET", path).status == 404


def test_what_is_missing_is_named(world: World) -> None:
    unknown = world.as_integration("POST", "/conversations", {"channel": "nowhere", "tags": {}})
    assert (unknown.body["type"], "nowhere" in str(unknown.body) or "channel" in unknown.body["message"]) == (
        "ReferenceNotFound",
        True,
    )
    bare = world.as_bot("POST", "/conversations", {"channel": "room", "tags": {}})
    assert (bare.body["type"], "integrationName" in bare.body["message"]) == ("InvalidPayload", True)
    body = {"channel": "room", "tags": {}, "integrationName": "chat"}
    tagless = world.as_bot("POST", "/conversations", body)
    assert (tagless.body["type"], "chat:id" in tagless.body["message"]) == ("InvalidPayload", True)


def test_get_or_create_counts_the_channel_in(world: World) -> None:
    def ask(channel: str) -> str:
        body = {"channel": channel, "tags": {"chat:id": "C1"}}
        answer = world.as_integration("POST", "/conversations/get-or-create", body)
        return str(answer.ok()["conversation"]["id"])

    assert ask("room") == ask("room") != ask("other")


def test_fifty_at_once_get_one_conversation(world: World, atomic: None) -> None:
    body = {"channel": "room", "tags": {"chat:id": "C1"}}

    def ask(_: int) -> str:
        return str(world.as_integration("POST", "/conversations/get-or-create", body).ok()["conversation"]["id"])

    with ThreadPoolExecutor(16) as pool:
        assert len(set(pool.map(ask, range(50)))) == 1


def test_lists_by_tags_and_by_all_participants(world: World) -> None:
    ann, bob = world.user(id="ann")["id"], world.user(id="bob")["id"]
    both, alone = world.conversation(id="C1")["id"], world.conversation(id="C2")["id"]
    world.as_bot("PUT", f"/conversations/{both}", {"participantIds": [ann, bob, world.bot]}).ok()
    world.as_bot("PUT", f"/conversations/{alone}", {"participantIds": [ann]}).ok()
    assert world.ids("conversations") == [alone, both]
    assert world.ids("conversations", f"participantIds={ann}") == [alone, both]
    assert world.ids("conversations", f"participantIds={ann}&participantIds={bob}") == [both]
    assert world.ids("conversations", "tags.chat%3Aid=C2") == [alone]
    assert world.ids("users", f"conversationId={both}") == [bob, ann]
    world.as_bot("PUT", f"/conversations/{both}", {"participantIds": [bob]}).ok()
    assert world.ids("conversations", f"participantIds={ann}") == [alone]
    assert world.ids("users", f"conversationId={both}") == [bob]
    assert world.ids("users", "conversationId=nobody") == []
    assert world.ids("conversations", f"participantIds={ann}&participantIds={world.bot}") == [alone]
    assert world.ids("conversations", f"participantIds={world.bot}") == [alone, both]
    wrong = world.as_bot("PUT", f"/conversations/{both}", {"participantIds": ["nobody"]})
    assert wrong.body["type"] == "ReferenceNotFound"


def test_an_integration_makes_the_conversation_that_a_bot_asks_for(world: World, http: FakeHttp) -> None:
    def handle(request: Request) -> Response:
        asked = json.loads(request.body or b"")
        made = world.as_integration("POST", "/conversations", asked).body["conversation"]
        return Response(200, Headers(()), json.dumps({"conversation": {"id": made["id"]}}).encode(), False, 1.0, URL)

    http.act(URL, handle)
    body = {"channel": "room", "tags": spelled({"id": "C5"}), "integrationName": "chat"}
    made = world.as_bot("POST", "/conversations", body)
    assert (made.status, made.body["conversation"]["tags"]) == (201, {"chat:id": "C5"})


def test_an_integration_sees_its_own_conversations_alone(world: World) -> None:
    other = world.install("mail")
    mine = world.conversation(id="C1")["id"]
    assert world.as_integration("GET", f"/conversations/{mine}", by=other).body["type"] == "ResourceNotFound"
    assert world.as_integration("GET", "/conversations", by=other).ok()["conversations"] == []

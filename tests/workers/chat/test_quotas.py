"""Bots and integrations that are code, when their workspace's scripts have used up their day: told later, in order."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.chat.models import installations
from chalicelib.core import cache
from chalicelib.storage.tables import CHAT
from tests.api.chat.world import OPEN
from tests.client import Client
from tests.quotas import to_midnight_s, use_up
from tests.workers.chat.post import Post

ECHO = """
function handler(request) {
  if (request.operation !== 'event_received' || !request.event.payload.message) return {};
  return {messages: [{type: 'text', payload: {text: 'you said ' + request.event.payload.message.payload.text}}]};
}
"""
DEAF = "function handler(request) { return {} }"
Json = dict[str, Any]


class Room:
    """A bot that is code, in a conversation that an integration, code too, brings in."""

    def __init__(self, client: Client, post: Post) -> None:
        self.client, self.post = client, post
        self.bot = client.post("/v1/admin/bots", {"dev": True, "code": ECHO, "events": {"tick": OPEN}}).ok()["bot"][
            "id"
        ]
        channel = {"messages": {"text": OPEN}, "tags": {"messages": [], "conversations": []}}
        body = {"name": "chat", "version": "0.1.0", "dev": True, "code": DEAF, "channels": {"room": channel}}
        self.made = client.post("/v1/admin/integrations", body).ok()["integration"]["id"]
        self.integrations({self.made: {}})

    def integrations(self, wish: Json) -> None:
        self.client.put(f"/v1/admin/bots/{self.bot}", {"integrations": wish}).ok()

    def status(self) -> str:
        found = self.client.get(f"/v1/admin/bots/{self.bot}").ok()["bot"]["integrations"]
        return str(found[self.made]["status"])

    def send(self, method: str, path: str, body: Any = None, *, by_bot: bool = False) -> Json:
        headers = {"x-bot-id": self.bot} | ({} if by_bot else {"x-integration-id": self.made})
        answer = self.client.send(method, f"/v1/chat{path}", body, headers=headers)
        assert answer.status < 300, answer
        return dict(answer.body)

    def talk(self) -> str:
        self.ann = self.send("POST", "/users", {"tags": {}})["user"]["id"]
        found = self.send("POST", "/conversations", {"channel": "room", "tags": {}})
        return str(found["conversation"]["id"])

    def hear(self, room: str, text: str) -> None:
        message = {"userId": self.ann, "conversationId": room, "type": "text", "payload": {"text": text}, "tags": {}}
        self.send("POST", "/messages", message)

    def texts(self, room: str) -> list[str]:
        found = self.send("GET", f"/messages?conversationId={room}", by_bot=True)["messages"]
        return [one["payload"]["text"] for one in reversed(found)]

    def logged(self) -> str:
        return str(self.client.get(f"/v1/admin/bots/{self.bot}/logs", query=self._span()).body)

    def _span(self) -> dict[str, str]:
        return {"timeStart": "2025-12-31T00:00:00.000Z", "timeEnd": "2026-01-03T00:00:00.000Z"}


@pytest.fixture
def room(client: Client, post: Post) -> Room:
    return Room(client, post)


def midnight(room: Room) -> None:
    room.post.pass_time(to_midnight_s() + 1)
    cache.forget_all()
    room.post.pass_time(900)


def test_a_conversation_goes_on_after_midnight_in_order(room: Room) -> None:
    room.post.work("chat_setup")
    where = room.talk()
    use_up(room.client.key)
    for text in ("one", "two"):
        room.hear(where, text)
        room.post.still.advance_s(1)
    room.post.work()
    assert room.texts(where) == ["one", "two"]
    assert "36000 s" in room.logged()
    lane = next(row for row in CHAT.query_all(f"{room.client.key}#L#{room.bot}#{where}") if row["sk"] == "in")
    assert (lane.get("n", 0), lane["due"] - room.post.still.at_ms) == (0, 3_600_000)
    midnight(room)
    assert room.texts(where) == ["one", "you said one", "two", "you said two"]
    assert room.post.dead == []


def test_an_event_of_no_conversation_uses_no_try(room: Room) -> None:
    room.post.work("chat_setup")
    use_up(room.client.key)
    event = room.send("POST", "/events", {"type": "tick", "payload": {}}, by_bot=True)["event"]["id"]
    room.post.work()
    row = next(row for row in CHAT.query_all(f"{room.client.key}#E#{room.bot}") if row["sk"] == event)
    assert (row["st"], row["n"]) == ("pending", 0)
    midnight(room)
    row = next(row for row in CHAT.query_all(f"{room.client.key}#E#{room.bot}") if row["sk"] == event)
    assert row["st"] == "processed"


def test_an_integration_is_registered_after_midnight_by_one_message(room: Room) -> None:
    use_up(room.client.key)
    room.post.work("chat_setup")
    assert (room.status(), room.post.waiting) == (installations.REGISTRATION_PENDING, [])
    assert "chat waits: the scripts of this workspace" in room.logged()
    room.post.pass_time(6 * 3_600)
    assert (room.status(), len(room.post.waiting)) == (installations.REGISTRATION_PENDING, 0)
    midnight(room)
    assert room.status() == installations.REGISTERED

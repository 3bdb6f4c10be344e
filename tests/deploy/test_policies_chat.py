"""The policies under chat: what is due, what is given up and what is erased, from cold, with all that they may hold."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from chalicelib.adapters import blobs, http_client, queue
from chalicelib.adapters.http_client import Headers, Request, Response
from chalicelib.chat import burying
from chalicelib.chat.models import files, installations, messages
from chalicelib.chat.models.events import FAILED, Event
from chalicelib.chat.models.installations import Installation
from chalicelib.core.errors import NotFound
from chalicelib.storage.tables import CHAT
from tests.api.chat.world import BOT_URL, URL, World
from tests.client import Client
from tests.conftest import Clock
from tests.deploy.driving import HANDLERS, cold, pump, tick
from tests.fakes.http_client import FakeHttp
from tests.queues import bodies, drain

SETUP, DELIVER = "chat_setup", "chat_deliver"


class Room(World):
    """A conversation with a bot that notes what it is told."""

    def __init__(self, client: Client, http: FakeHttp, still: Clock) -> None:
        self.told: list[str] = []
        http.act(URL, lambda request: Response(200, Headers(()), b"{}", False, 1.0, request.url))
        http.act(BOT_URL, self.answer)
        super().__init__(client)
        pump(still)
        self.ann, self.room = self.user(id="ann")["id"], self.conversation(id="C1")["id"]

    def answer(self, request: Request) -> Response:
        self.told.append(json.loads(request.body or b"")["event"]["payload"]["message"]["payload"]["text"])
        return Response(200, Headers(()), b"", False, 1.0, request.url)


@pytest.fixture
def room(client: Client, still: Clock, no_delays: None, monkeypatch: pytest.MonkeyPatch) -> Room:
    http = FakeHttp()
    monkeypatch.setattr(http_client, "send", http.send)
    return Room(client, http, still)


def die(still: Clock, *letters: dict[str, Any]) -> None:
    """Let messages be received too often."""
    for letter in letters:
        queue.send("dead_letters", letter)
    pump(still, 1)


def test_what_is_due_is_handed_over_with_what_its_policies_grant(room: Room, still: Clock) -> None:
    room.hear(room.ann, room.room, "later", schedule={"delay": 3_600_000})
    pump(still)
    still.advance_s(2_900)
    assert room.told == []
    tick("chat_tick")
    still.advance_s(700)
    pump(still)
    assert room.told == ["later"]


def test_a_lane_that_stays_stuck_is_given_up_with_what_the_policies_grant(room: Room, still: Clock) -> None:
    later = room.hear(room.ann, room.room, "later", schedule={"delay": 600_000})["id"]
    bodies(DELIVER)
    still.advance_s(500)
    room.hear(room.ann, room.room, "now")
    pump(still, 1, step_s=1)
    assert room.told == ["now"]
    home = room.client.key
    letter = messages.entry_message(*messages.entry_key(home, room.bot, room.room, later))
    still.advance_s(200)
    for _ in range(burying.STUMBLES):
        queue.send("dead_letters", letter)
        still.advance_s(1_000)
        cold()
        drain("dead_letters", HANDLERS["bury"])
        assert bodies(DELIVER) == [letter]  # it is to be tried again
    assert f"{later} was given up" in json.dumps(room.client.get(f"/v1/admin/bots/{room.bot}/logs").ok())
    pump(still)
    assert room.told == ["now"]


def test_an_event_and_an_order_that_died_end_with_what_the_policies_grant(room: Room, still: Clock) -> None:
    event = room.as_bot("POST", "/events", {"type": "tick", "payload": {}}).body["event"]["id"]
    die(still, *bodies(DELIVER))
    home = room.client.key
    row = CHAT.get(Event.key(home, bot_id=room.bot, id=event))
    assert row is not None and row["st"] == FAILED
    second = room.install("second")
    die(still, *bodies(SETUP))
    found = Installation.get(home, bot_id=room.bot, id=second)
    assert found is not None and found.status == installations.REGISTRATION_FAILED


def test_an_erasure_that_died_goes_on_with_what_the_policies_grant(room: Room, still: Clock) -> None:
    body = {"botId": room.bot, "contents": base64.b64encode(b"bytes").decode(), "name": "a", "accessType": "private"}
    room.client.post("/v1/storage/files", body).ok()
    (stored,), _ = files.page(room.client.key, room.bot, None, 10)
    room.hear(room.ann, room.room, "a")
    pump(still)
    room.client.delete(f"/v1/admin/bots/{room.bot}").ok()
    die(still, *bodies(SETUP))
    pump(still)
    assert files.page(room.client.key, room.bot, None, 10) == ([], None)
    with pytest.raises(NotFound):
        blobs.blobs().get(stored.room, stored.sha256)

"""Nothing accepted waits for luck: each of these once left a lane, an event or an erasure standing still."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chalicelib.adapters.http_client import Headers, Request, Response
from chalicelib.chat import burying, delivering, queues
from chalicelib.chat.models import bots, installations, lanes
from chalicelib.chat.models.events import Event
from chalicelib.chat.models.installations import Installation
from chalicelib.core.errors import UpstreamFailed
from chalicelib.durable.leases import Lease, NotTaken
from chalicelib.edge.worker import Message
from chalicelib.storage.tables import CHAT
from tests.api.chat.world import BOT_URL, URL, World
from tests.client import Client
from tests.fakes.http_client import FakeHttp
from tests.workers.chat.post import Post, Sent

Json = dict[str, Any]
HOUR_S = 3_600


class Room(World):
    """A conversation, what its bot was told in it, and how the bot answers."""

    def __init__(self, client: Client, http: FakeHttp, post: Post) -> None:
        super().__init__(client)
        self.post, self.still, self.status = post, post.still, 200
        self.told: list[str] = []
        http.act(BOT_URL, self.answer)
        http.act(URL, lambda request: Response(200, Headers(()), b"{}", False, 1.0, request.url))
        post.work("chat_setup")
        self.ann, self.room = self.user(id="ann")["id"], self.conversation(id="C1")["id"]

    def answer(self, request: Request) -> Response:
        if self.status == 0:
            raise UpstreamFailed("nobody is there", retryable=True)
        if self.status < 300:
            self.told.append(self.text(json.loads(request.body or b"")["event"]))
        return Response(self.status, Headers(()), b"", False, 1.0, request.url)

    @staticmethod
    def text(event: Json) -> str:
        payload = event["payload"]
        return str(payload["message"]["payload"]["text"] if "message" in payload else event["type"])

    def fall(self, sent: Sent, receives: int = 1) -> None:
        """Have a message handled by a worker that falls while it asks the bot."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("chalicelib.chat.outgoing.tell_bot_of_message", _fall)
            letter = Message("1", sent.body, receives, "1", "chat_deliver")
            with pytest.raises(SystemExit):
                delivering.handle(letter, self.still.at_ms + 60_000)

    def lane(self) -> Json:
        return CHAT.get(lanes.lane_key(self.home(), self.bot, self.room, "in")) or {}

    def home(self) -> str:
        place = bots.place_of(self.bot)
        assert place is not None
        return place[1]

    def log(self) -> str:
        return json.dumps(self.client.get(f"/v1/admin/bots/{self.bot}/logs").ok())


def _fall(*_: Any) -> None:
    raise SystemExit


@pytest.fixture
def room(client: Client, http: FakeHttp, post: Post) -> Room:
    return Room(client, http, post)


def test_a_holder_that_falls_after_its_message_was_taken_away_by_a_copy_is_followed_up(room: Room) -> None:
    room.hear(room.ann, room.room, "a")
    (sent,) = room.post.take()
    room.fall(sent)
    room.post.give(sent)  # a copy: it finds the lane held, and with it the message leaves the queue
    assert room.post.waiting == []
    room.post.pass_time(600)
    assert room.told == ["a"]


def test_a_holder_that_falls_at_what_came_after_its_own_is_followed_up_by_its_message(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell = delivering.outgoing.tell_bot_of_message

    def tell_one(*given: Any) -> Any:
        if room.told:
            raise SystemExit
        outcome = tell(*given)
        room.hear(room.ann, room.room, "b")
        room.post.work()  # it finds the lane held, rings and leaves
        return outcome

    room.hear(room.ann, room.room, "a")
    (sent,) = room.post.take()
    monkeypatch.setattr("chalicelib.chat.outgoing.tell_bot_of_message", tell_one)
    with pytest.raises(SystemExit):
        delivering.handle(Message("1", sent.body, 1, "1", "chat_deliver"), room.still.at_ms + 60_000)
    assert (room.told, room.post.waiting) == (["a"], [])
    monkeypatch.setattr("chalicelib.chat.outgoing.tell_bot_of_message", tell)
    sent.receives = 1
    room.post.give(sent)
    room.post.pass_time(70)  # at the end of the lease, long before the index is looked at for what was missed
    assert room.told == ["a", "b"]


def test_a_lane_that_was_rung_and_emptied_is_not_due_any_more(room: Room) -> None:
    room.hear(room.ann, room.room, "a")
    (sent,) = room.post.take()
    room.fall(sent)
    room.post.give(sent)
    assert room.lane()["dueB"]
    room.post.pass_time(600)
    assert not {"due", "dueB", "dueK", "calls"} & set(room.lane())


def test_a_ring_does_not_wake_a_lane_that_rests(room: Room) -> None:
    room.status = 0
    room.hear(room.ann, room.room, "a")
    room.post.work()
    due = room.lane()["due"]
    room.hear(room.ann, room.room, "b")
    room.post.work()
    assert room.lane()["due"] == due
    room.status = 200
    room.post.pass_time(HOUR_S)
    assert room.told == ["a", "b"]


def test_many_scheduled_messages_do_not_hide_the_one_that_is_due(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[int] = []
    look_again = lanes.look_again

    def counted(*parts: Any) -> Any:
        looks.append(1)
        if len(looks) > 20:
            raise SystemExit  # it runs in circles
        return look_again(*parts)

    monkeypatch.setattr(lanes, "look_again", counted)
    for number in range(60):
        room.hear(room.ann, room.room, f"later {number}", schedule={"delay": 7_200_000})
    room.hear(room.ann, room.room, "now")
    room.post.work()
    assert (room.told, len(looks)) == (["now"], 0)
    room.post.pass_time(2 * HOUR_S + 900)
    assert room.told == ["now", *(f"later {number}" for number in range(60))]


def test_what_was_scheduled_and_is_refused_is_given_up_like_everything_else(room: Room) -> None:
    later = room.hear(room.ann, room.room, "later", schedule={"delay": 600_000})["id"]
    room.post.pass_time(500)
    room.hear(room.ann, room.room, "now")
    room.post.work()
    room.status = 500
    room.post.pass_time(900)
    assert f"{later} was given up" in room.log()
    room.status = 200
    room.hear(room.ann, room.room, "after")
    room.post.pass_time(60)
    assert room.told == ["now", "after"]


def test_what_was_scheduled_waits_for_a_bot_that_is_away(room: Room) -> None:
    room.hear(room.ann, room.room, "later", schedule={"delay": 300_000})
    room.post.pass_time(290)
    room.hear(room.ann, room.room, "now")
    room.post.work()
    room.status = 0
    room.post.pass_time(120)
    tries = room.lane()["n"]
    assert tries >= 3
    room.status = 200
    room.post.pass_time(HOUR_S)
    assert room.told == ["now", "later"]


def test_a_lane_that_rests_lists_a_called_entry_once(room: Room) -> None:
    room.status = 0
    room.hear(room.ann, room.room, "later", schedule={"delay": 1_000_000})
    room.post.pass_time(900)
    room.hear(room.ann, room.room, "now")
    room.post.pass_time(3 * HOUR_S)
    calls = room.lane()["calls"]
    assert (len(calls), len(set(calls))) == (2, 2)
    room.status = 200
    room.post.pass_time(6 * HOUR_S)
    assert sorted(room.told) == ["later", "now"]


def test_a_bot_that_moves_while_its_message_is_handled_still_gets_it(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    room.hear(room.ann, room.room, "a")
    where = bots.place_of
    moved: list[bool] = []

    def just_before(bot_id: str) -> tuple[str, str] | None:
        place = where(bot_id)
        if not moved:
            moved.append(True)
            assert place is not None
            found = bots.Bot.get(place[0], id=bot_id)
            assert found is not None
            found.move("elsewhere")
        return place

    monkeypatch.setattr(bots, "place_of", just_before)
    room.post.work()
    room.post.pass_time(60)
    assert room.told == ["a"]


def test_an_event_of_a_conversation_that_is_deleted_ends_as_failed(room: Room) -> None:
    body = {"type": "tick", "payload": {"conversationId": room.room}, "schedule": {"delay": 7_200_000}}
    made = room.as_bot("POST", "/events", body).body["event"]["id"]
    room.as_bot("DELETE", f"/conversations/{room.room}").ok()
    room.post.pass_time(5)
    room.post.work("chat_setup")
    row = CHAT.get(Event.key(room.home(), bot_id=room.bot, id=made))
    assert row is not None and row["st"] == "failed"


def test_a_deleted_bot_asks_one_integration_with_each_message(room: Room, http: FakeHttp) -> None:
    for name in ("second", "third"):
        room.install(name)
    room.post.work("chat_setup")
    http.sent.clear()
    room.client.delete(f"/v1/admin/bots/{room.bot}").ok()
    room.post.pass_time(3)
    (sent,) = room.post.take("chat_setup")
    room.post.give(sent)
    assert len(http.sent) == 1
    room.post.work("chat_setup")
    assert len(http.sent) == 3


def dead(room: Room, body: Json) -> None:
    """Let a message be received too often."""
    burying.bury(body, "poison")


def test_a_lane_whose_message_died_is_tried_again_and_then_goes_on_without_its_first(room: Room) -> None:
    first = room.hear(room.ann, room.room, "a")["id"]
    room.hear(room.ann, room.room, "b")
    (sent, other) = room.post.take()
    for _ in range(burying.STUMBLES):
        dead(room, sent.body)
        dead(room, other.body)  # those that died together count once
        assert {one.at_ms - room.still.at_ms for one in room.post.take(queues.DELIVER)} <= {0}
        room.post.waiting.clear()
        room.still.advance_s(1_000)
    assert f"{first} was given up" in room.log()
    dead(room, other.body)
    room.post.pass_time(1_000)
    assert room.told == ["b"]


def test_a_lane_whose_message_died_in_an_outage_loses_nothing(room: Room) -> None:
    for text in "abc":
        room.hear(room.ann, room.room, text)
    for sent in room.post.take():
        dead(room, sent.body)
    room.post.pass_time(1_000)
    assert room.told == ["a", "b", "c"]
    assert "dead" not in room.lane()


def test_an_event_whose_message_died_ends_as_failed(room: Room) -> None:
    made = room.as_bot("POST", "/events", {"type": "tick", "payload": {}}).body["event"]["id"]
    (sent,) = room.post.take()
    dead(room, sent.body)
    row = CHAT.get(Event.key(room.home(), bot_id=room.bot, id=made))
    assert row is not None and row["st"] == "failed"
    assert f"{made} was given up" in room.log()


def test_an_installation_whose_message_died_says_that_it_failed(room: Room) -> None:
    integration = room.install("second")
    (sent,) = room.post.take("chat_setup")
    dead(room, sent.body)
    found = Installation.get(room.home(), bot_id=room.bot, id=integration)
    assert found is not None
    assert (found.status, found.reason) == (installations.REGISTRATION_FAILED, "poison")


def test_an_erasure_whose_message_died_goes_on(room: Room) -> None:
    room.hear(room.ann, room.room, "a")
    room.client.delete(f"/v1/admin/bots/{room.bot}").ok()
    home = room.client.key
    (sent,) = [one for one in room.post.waiting if one.queue == queues.SETUP]
    room.post.waiting.clear()
    dead(room, sent.body)
    room.post.pass_time(1_000)
    room.post.work("chat_setup")
    assert CHAT.query(f"{home}#M#{room.bot}").rows == []


def test_a_holder_does_not_let_go_of_a_lane_that_was_rung(room: Room) -> None:
    key, now_ms = lanes.lane_key(room.home(), room.bot, room.room, "in"), room.still.at_ms
    lease = lanes.take(key, now_ms, 60_000)
    refused = lanes.take(key, now_ms, 60_000)
    assert isinstance(lease, Lease)
    assert isinstance(refused, NotTaken)
    assert lanes.ring(key, "", refused, now_ms)
    assert not lanes.release(lease, "")
    assert lanes.release(lanes.look_again(lease, now_ms, 60_000), "")

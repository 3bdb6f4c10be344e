"""Handing over: in order, once each, tried again, given up; both ways, later, and while handlers call back."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest

from chalicelib.adapters import aws
from chalicelib.adapters.http_client import Headers, Request, Response
from chalicelib.chat import delivering
from chalicelib.chat.models import lanes, messages
from chalicelib.core.errors import UpstreamFailed
from chalicelib.edge.worker import Message
from chalicelib.storage import table
from chalicelib.storage.expressions import Change
from chalicelib.storage.tables import CHAT, WORK
from tests.api.chat.world import BOT_URL, URL, World
from tests.client import Client
from tests.conftest import NOON_MS
from tests.fakes.http_client import FakeHttp
from tests.workers.chat.post import Post

Json = dict[str, Any]


class Stage(World):
    """The world with its outside: what bot and integration were told, in order."""

    def __init__(self, client: Client, http: FakeHttp, post: Post) -> None:
        super().__init__(client)
        self.http, self.post, self.still = http, post, post.still
        http.answer(URL)
        post.work("chat_setup")
        http.sent.clear()
        http._answers.clear()
        self.ann, self.room = self.user(id="ann")["id"], self.conversation(id="C1")["id"]

    def work(self) -> None:
        self.post.work()

    def told(self, url: str = BOT_URL) -> list[Json]:
        return [json.loads(request.body or b"") for _, request in self.http.sent if request.url == url]

    def heard(self) -> list[str]:
        """The texts the bot was told, one for each request."""
        return [one["event"]["payload"]["message"]["payload"]["text"] for one in self.told()]

    def said(self) -> list[str]:
        """The texts the integration was given."""
        return [one["payload"]["text"] for one in self.told(URL)]


@pytest.fixture
def stage(client: Client, http: FakeHttp, post: Post) -> Stage:
    return Stage(client, http, post)


def test_a_bot_is_told_of_a_message_with_every_header(stage: Stage) -> None:
    stage.http.answer(BOT_URL)
    heard = stage.hear(stage.ann, stage.room, "hi")
    stage.work()
    ((_, request),) = stage.http.sent
    headers, event = dict(request.headers), json.loads(request.body or b"")["event"]
    assert (headers["x-bot-id"], headers["x-bp-operation"]) == (stage.bot, "event_received")
    assert (headers["x-bp-type"], event["type"], event["id"]) == ("message_created", "message_created", heard["id"])
    assert json.loads(base64.b64decode(headers["x-bp-configuration"])) == {}
    expected = hmac.new(stage.secret.encode(), request.body or b"", hashlib.sha256).hexdigest()
    assert headers["x-bp-signature"] == expected
    assert event["payload"]["message"] == heard
    assert event["payload"]["user"]["id"] == stage.ann
    assert event["payload"]["conversation"]["id"] == stage.room
    assert stage.as_bot("GET", f"/events/{heard['id']}").ok()["event"] == event


def test_an_integration_is_given_what_the_bot_says_and_the_bot_is_not_told(stage: Stage) -> None:
    stage.http.answer(URL)
    said = stage.say(stage.room, "hello")
    stage.work()
    ((_, request),) = stage.http.sent
    body = json.loads(request.body or b"")
    assert dict(request.headers)["x-bp-operation"] == "message_created"
    assert (body["type"], body["payload"], body["message"]) == ("text", {"text": "hello"}, said)
    assert (body["user"]["id"], body["conversation"]["id"]) == (stage.bot, stage.room)


def test_what_waits_is_handed_over_in_order_whatever_message_comes_first(stage: Stage) -> None:
    stage.http.answer(BOT_URL)
    for number in range(8):
        stage.hear(stage.ann, stage.room, str(number))
    for sent in stage.post.take()[::-1]:
        stage.post.give(sent)
    assert stage.heard() == [str(number) for number in range(8)]
    assert stage.post.waiting == []


def test_both_ways_do_not_wait_for_each_other_and_a_handler_may_answer(stage: Stage) -> None:
    def handle(request: Request) -> Response:
        event = json.loads(request.body or b"")["event"]
        stage.say(stage.room, "re: " + event["payload"]["message"]["payload"]["text"])
        return Response(200, Headers(()), b"", False, 1.0, request.url)

    stage.http.act(BOT_URL, handle)
    stage.http.answer(URL)
    for text in ("a", "b", "c"):
        stage.hear(stage.ann, stage.room, text)
    stage.work()
    assert (stage.heard(), stage.said()) == (["a", "b", "c"], ["re: a", "re: b", "re: c"])


def test_nothing_overtakes_what_fails_and_it_is_tried_again(stage: Stage) -> None:
    stage.http.act(BOT_URL, UpstreamFailed("down", retryable=True))
    stage.http.act(BOT_URL, UpstreamFailed("down", retryable=True))
    stage.http.answer(BOT_URL)
    for text in ("a", "b"):
        stage.hear(stage.ann, stage.room, text)
    stage.work()
    assert stage.heard() == ["a"]
    stage.post.pass_time(1)
    assert stage.heard() == ["a", "a"]
    stage.hear(stage.ann, stage.room, "c")
    stage.work()
    assert stage.heard() == ["a", "a"]  # the lane rests, and who comes rings and leaves
    stage.post.pass_time(2)
    assert stage.heard() == ["a", "a", "a", "b", "c"]
    assert stage.post.waiting == []


def test_a_lane_whose_wake_up_was_lost_is_brought_by_the_sweep(stage: Stage) -> None:
    stage.http.act(BOT_URL, UpstreamFailed("down", retryable=True))
    stage.http.answer(BOT_URL)
    stage.hear(stage.ann, stage.room, "a")
    stage.work()
    stage.post.waiting.clear()
    stage.post.pass_time(300)
    assert stage.heard() == ["a", "a"]


def test_an_outage_loses_nothing_and_keeps_the_order(stage: Stage) -> None:
    def handle(request: Request) -> Response:
        if stage.still.at_ms < NOON_MS + 600_000:
            raise UpstreamFailed("down", retryable=True)
        return Response(200, Headers(()), b"", False, 1.0, request.url)

    stage.http.act(BOT_URL, handle)
    for number in range(10):
        stage.hear(stage.ann, stage.room, str(number))
        stage.post.pass_time(30)
    stage.post.pass_time(900)
    assert list(dict.fromkeys(stage.heard())) == [str(number) for number in range(10)]
    assert stage.heard().count("9") == 1
    assert (stage.post.waiting, stage.post.dead) == ([], [])


def test_who_answers_and_refuses_is_given_up_after_minutes_and_the_next_goes_on(stage: Stage) -> None:
    for _ in range(4):
        stage.http.answer(BOT_URL, 500, b'{"error":"bug"}')
    stage.http.answer(BOT_URL)
    for text in ("poison", "fine"):
        stage.hear(stage.ann, stage.room, text)
    stage.work()
    stage.post.pass_time(160)
    assert stage.heard() == ["poison"] * 4 + ["fine"]
    (line,) = stage.client.get(f"/v1/admin/bots/{stage.bot}/logs").ok()["logs"]
    assert "given up" in line["message"]
    assert "bug" in line["message"]


def test_other_conversations_go_on_while_one_rests(stage: Stage) -> None:
    def handle(request: Request) -> Response:
        event = json.loads(request.body or b"")["event"]["payload"]
        good = event["conversation"]["id"] != stage.room
        return Response(200 if good else 503, Headers(()), b"", False, 1.0, request.url)

    stage.http.act(BOT_URL, handle)
    other = stage.conversation(id="C2")["id"]
    stage.hear(stage.ann, stage.room, "stuck")
    stage.hear(stage.ann, other, "free")
    stage.work()
    assert sorted(stage.heard()) == ["free", "stuck"]


def test_a_lane_whose_holder_fell_is_taken_over_by_its_message(stage: Stage) -> None:
    def fall(_: Request) -> Response:
        raise SystemExit  # ends the thread: nothing is reported, nothing let go

    stage.http.act(BOT_URL, fall)
    stage.http.answer(BOT_URL)
    stage.hear(stage.ann, stage.room, "a")
    (letter,) = stage.post.take()
    with pytest.raises(SystemExit):
        delivering.handle(Message("m", letter.body, 1, "r", "chat_deliver"), stage.still.at_ms + 60_000)
    stage.hear(stage.ann, stage.room, "b")
    stage.work()
    assert stage.heard() == ["a"]  # the lane is held by one who fell: this one rang and left
    letter.receives, letter.at_ms = 1, stage.still.at_ms + 30_000
    stage.post.waiting.append(letter)
    stage.post.pass_time(120)
    assert stage.heard() == ["a", "a", "b"]
    assert stage.post.waiting == []


def test_a_message_met_again_while_its_holder_works_stays_in_the_queue(stage: Stage) -> None:
    """Its holder may fall yet, and then nothing else would bring the lane back."""
    stage.http.answer(BOT_URL)
    stage.hear(stage.ann, stage.room, "a")
    (letter,) = stage.post.take()
    lanes.take(lanes.lane_key(stage.client.key, stage.bot, stage.room, "in"), stage.still.at_ms, 60_000)
    letter.receives = 1
    stage.post.give(letter)
    assert (stage.heard(), stage.post.waiting) == ([], [letter])
    stage.post.pass_time(61)
    assert stage.heard() == ["a"]


def test_what_is_scheduled_comes_when_it_is_due_soon_or_far(stage: Stage) -> None:
    stage.http.answer(BOT_URL)
    stage.hear(stage.ann, stage.room, "far", schedule={"dateTime": "2026-01-01T14:00:00Z"})
    stage.hear(stage.ann, stage.room, "soon", schedule={"delay": 60_500})
    stage.hear(stage.ann, stage.room, "now")
    stage.hear(stage.ann, stage.room, "past", schedule={"dateTime": "2020-01-01T00:00:00+00:00"})
    stage.work()
    assert stage.heard() == ["now", "past"]
    assert len(stage.ids("messages")) == 4
    stage.post.pass_time(60)
    assert stage.heard() == ["now", "past"]
    stage.post.pass_time(1)
    assert stage.heard() == ["now", "past", "soon"]
    stage.post.pass_time(7_138)
    assert stage.heard() == ["now", "past", "soon"]
    stage.post.pass_time(2)
    assert stage.heard() == ["now", "past", "soon", "far"]


def test_what_falls_due_while_the_lane_is_held_is_not_forgotten(stage: Stage) -> None:
    stage.http.answer(BOT_URL)
    stage.hear(stage.ann, stage.room, "later", schedule={"delay": 600_000})
    key = lanes.lane_key(stage.client.key, stage.bot, stage.room, "in")
    stage.post.pass_time(599)
    lanes.take(key, stage.still.at_ms, 3_000)
    (letter,) = stage.post.waiting
    stage.post.pass_time(1)
    assert (stage.heard(), stage.post.waiting) == ([], [])  # it rang and left
    stage.hear(stage.ann, stage.room, "now")
    stage.post.waiting[0].at_ms += 10_000
    stage.post.pass_time(10)
    assert stage.heard() == ["later", "now"]
    assert letter.receives == 1


def test_events_are_delivered_alone_or_in_the_order_of_their_conversation(stage: Stage) -> None:
    stage.http.answer(BOT_URL)
    stage.hear(stage.ann, stage.room, "first")
    payload = {"conversationId": stage.room}
    inside = stage.as_bot("POST", "/events", {"type": "tick", "payload": payload}).body["event"]
    stage.hear(stage.ann, stage.room, "second")
    alone = stage.as_integration("POST", "/events", {"type": "opened", "payload": {"text": "x"}}).body["event"]
    stage.work()
    kinds = [one["event"]["type"] for one in stage.told()]
    assert sorted(kinds) == ["chat:opened", "message_created", "message_created", "tick"]
    assert [kind for kind in kinds if kind != "chat:opened"] == ["message_created", "tick", "message_created"]
    assert {one["event"]["id"] for one in stage.told()} >= {inside["id"], alone["id"]}
    stage.post.pass_time(600)
    assert len(stage.told()) == 4
    assert stage.ids("messages", f"conversationId={stage.room}") != []


def test_an_event_that_fails_is_tried_again_and_given_up(stage: Stage) -> None:
    stage.http.answer(BOT_URL, 500)
    stage.as_bot("POST", "/events", {"type": "tick", "payload": {}})
    stage.work()
    stage.post.pass_time(600)
    assert len(stage.told()) == 4
    (line,) = stage.client.get(f"/v1/admin/bots/{stage.bot}/logs").ok()["logs"]
    assert "given up" in line["message"]


def test_a_scheduled_event_waits_for_its_time(stage: Stage) -> None:
    stage.http.answer(BOT_URL)
    stage.as_bot("POST", "/events", {"type": "tick", "payload": {}, "schedule": {"delay": 3_600_000}})
    stage.post.pass_time(3_599)
    assert stage.told() == []
    stage.post.pass_time(2)
    assert len(stage.told()) == 1


def test_a_recurring_event_comes_by_its_clock_once_each_time(stage: Stage) -> None:
    stage.http.answer(BOT_URL)
    definition = {"schedule": {"cron": "*/30 * * * *"}, "type": "tick", "payload": {"n": 1}}
    path = f"/v1/admin/bots/{stage.bot}"
    stage.client.put(path, {"recurringEvents": {"half": definition}}).ok()
    stage.post.pass_time(3_660)
    assert [one["event"]["payload"] for one in stage.told()] == [{"n": 1}, {"n": 1}]
    stage.client.put(path, {"recurringEvents": {"half": None}}).ok()
    stage.post.pass_time(3_600)
    assert len(stage.told()) == 2


@pytest.mark.parametrize("is_new", [True, False], ids=["of a new bot", "of a bot that was changed"])
def test_a_recurring_event_comes_in_time_the_first_time_too(stage: Stage, is_new: bool) -> None:
    stage.http.answer(BOT_URL)
    stage.post.pass_time(120)  # sweeps have passed the minutes to come
    clocks = {"clock": {"schedule": {"cron": "* * * * *"}, "type": "tick", "payload": {}}}
    if is_new:
        given = {"dev": True, "url": BOT_URL, "events": {"tick": {"schema": {}}}, "recurringEvents": clocks}
        stage.client.post("/v1/admin/bots", given).ok()
    else:
        stage.client.put(f"/v1/admin/bots/{stage.bot}", {"recurringEvents": clocks}).ok()
    stage.post.pass_time(61)
    assert len(stage.told()) == 1


def test_missed_times_are_made_good_by_one_event(stage: Stage) -> None:
    stage.http.answer(BOT_URL)
    definition = {"schedule": {"cron": "*/10 * * * *"}, "type": "tick", "payload": {}}
    stage.client.put(f"/v1/admin/bots/{stage.bot}", {"recurringEvents": {"half": definition}}).ok()
    stage.post.waiting.clear()
    stage.still.advance_s(3_000)
    stage.post.pass_time(120)
    assert len(stage.told()) == 1


def test_what_is_deleted_is_not_handed_over(stage: Stage) -> None:
    stage.http.answer(BOT_URL)
    gone = stage.hear(stage.ann, stage.room, "gone")
    stage.hear(stage.ann, stage.room, "stays")
    stage.as_bot("DELETE", f"/messages/{gone['id']}").ok()
    stage.work()
    assert stage.heard() == ["stays"]
    other = stage.conversation(id="C2")["id"]
    stage.hear(stage.ann, other, "unheard")
    stage.as_bot("DELETE", f"/conversations/{other}").ok()
    stage.work()
    assert stage.heard() == ["stays"]


def test_a_bot_that_runs_nowhere_leaves_a_line_in_its_log(client: Client, post: Post) -> None:
    made = client.post("/v1/admin/bots", {"code": "module.exports = 1", "events": {"tick": {"schema": {}}}}).ok()["bot"]
    client.post("/v1/chat/events", {"type": "tick", "payload": {}}, headers={"x-bot-id": made["id"]})
    post.work()
    (line,) = client.get(f"/v1/admin/bots/{made['id']}/logs").ok()["logs"]
    assert (line["level"], "no url" in line["message"]) == ("warn", True)


def test_a_bot_that_is_blocked_before_it_is_told_hears_nothing(stage: Stage) -> None:
    stage.http.answer(BOT_URL)
    stage.hear(stage.ann, stage.room, "a")
    stage.client.put(f"/v1/admin/bots/{stage.bot}", {"blocked": True}).ok()
    stage.work()
    assert stage.told() == []
    (line,) = stage.client.get(f"/v1/admin/bots/{stage.bot}/logs").ok()["logs"]
    assert "blocked" in line["message"]


def test_code_answers_in_the_conversation_once_however_often_it_is_told(stage: Stage) -> None:
    code = """
    async function handler(request) {
      const text = request.event.payload.message.payload.text
      return { messages: [{ type: 'text', payload: { text: 'echo ' + text } }, { type: 'text', payload: {} }] }
    }
    """
    made = stage.client.post("/v1/admin/bots", {"code": code}).ok()["bot"]["id"]
    body = {"name": "plain", "version": "0.1.0", "code": "function handler(request) { return {} }",
            "channels": {"room": {"messages": {"text": {"schema": {}}}}}}  # fmt: skip
    integration = stage.client.post("/v1/admin/integrations", body).ok()["integration"]["id"]
    stage.client.put(f"/v1/admin/bots/{made}", {"integrations": {integration: {}}}).ok()
    stage.bot, stage.integration = made, integration
    user = stage.as_integration("POST", "/users", {"tags": {}}).body["user"]["id"]
    room = stage.as_integration("POST", "/conversations", {"channel": "room", "tags": {}}).body["conversation"]["id"]
    heard = stage.hear(user, room, "hi")
    (letter,) = stage.post.take()
    for _ in range(2):
        stage.post.give(letter)
        CHAT.update(messages.entry_key(stage.client.key, made, room, heard["id"]), Change(put={"p": "in"}))
    stage.work()
    listed = stage.as_bot("GET", f"/messages?conversationId={room}").ok()["messages"]
    assert [(one["direction"], one["payload"]["text"]) for one in listed] == [
        ("outgoing", "echo hi"),
        ("incoming", "hi"),
    ]
    logs = stage.client.get(f"/v1/admin/bots/{made}/logs").ok()["logs"]
    assert "messages.1" in logs[0]["message"]


def test_everything_of_a_deleted_bot_is_removed(stage: Stage) -> None:
    stage.http.answer(BOT_URL)
    stage.http.answer(URL)
    stage.hear(stage.ann, stage.room, "a", tags={"ts": "1"})
    stage.say(stage.room, "b")
    stage.as_bot("POST", "/events", {"type": "tick", "payload": {"conversationId": stage.room}})
    stage.as_integration("POST", "/users/get-or-create", {"tags": {"id": "bob"}}).ok()
    stage.work()
    stage.client.delete(f"/v1/admin/bots/{stage.bot}").ok()
    stage.still.advance_s(10)
    stage.post.work("chat_setup")
    assert rows_of(stage.bot) == []


def rows_of(bot_id: str) -> list[tuple[str, str]]:
    """List what still names a bot, by reading the emulator's whole table."""
    found = aws.client("dynamodb").scan(TableName=CHAT.name)["Items"]
    keys = [(row["pk"]["S"], row["sk"]["S"]) for row in found]
    return [key for key in keys if bot_id in "".join(key) and "#LOG#" not in key[0]]


def test_an_expired_state_is_announced_once_with_what_it_held(stage: Stage) -> None:
    stage.http.answer(BOT_URL)
    states = {"near": {"type": "bot", "schema": {}}, "far": {"type": "conversation", "schema": {}}}
    stage.client.put(f"/v1/admin/bots/{stage.bot}", {"states": states}).ok()
    near, far = f"/states/bot/{stage.bot}/near", f"/states/conversation/{stage.room}/far"
    stage.as_bot("POST", near, {"payload": {"n": 1}, "expiry": 30_000}).ok()
    stage.as_bot("POST", far, {"payload": {"n": 2}, "expiry": 3_600_000}).ok()
    stage.post.pass_time(20)
    stage.as_bot("PATCH", near, {"payload": {"m": 1}}).ok()
    stage.post.pass_time(29)
    assert stage.told() == []
    stage.post.pass_time(2)
    ((_, request),) = stage.http.sent
    assert dict(request.headers)["x-bp-type"] == "state_expired"
    assert json.loads(request.body or b"")["event"]["payload"]["state"]["payload"] == {"n": 1, "m": 1}
    stage.post.pass_time(3_600)
    assert [one["event"]["payload"]["state"]["name"] for one in stage.told()] == ["near", "far"]
    assert stage.told()[1]["event"]["payload"]["state"]["conversationId"] == stage.room
    stage.post.pass_time(300)
    assert len(stage.told()) == 2


def test_handing_a_message_over_costs_three_writes(stage: Stage) -> None:
    stage.http.answer(BOT_URL)
    stage.hear(stage.ann, stage.room, "warm")
    stage.work()
    stage.hear(stage.ann, stage.room, "counted")
    writes: list[str] = []

    def count(params: dict[str, Any], model: Any, **_: Any) -> None:
        is_write = model.name in ("PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems")
        if is_write and params.get("TableName") != WORK.name:  # there, one for the sums of the whole batch
            writes.append(model.name)

    events = aws.client("dynamodb").meta.events
    events.register("provide-client-params.*.*", count)
    try:
        stage.work()
    finally:
        events.unregister("provide-client-params.*.*", count)
    assert writes == ["UpdateItem"] * 3


@pytest.mark.parametrize("tags", [{}, {"chat:ts": "1"}], ids=["bare", "tagged"])
def test_a_lane_that_looks_between_two_writes_of_a_message_loses_nothing(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, tags: dict[str, str]
) -> None:
    stage.http.answer(BOT_URL)
    call = table._call

    def one_write_at_a_time(operation: str, **request: Any) -> dict[str, Any]:
        """Do a batch row by row, as it may happen, and let a worker look in after each write."""
        monkeypatch.setattr(table, "_call", call)
        if operation == "batch_write_item":
            answer: dict[str, Any] = {}
            for name, writes in request["RequestItems"].items():
                for write in writes:
                    answer = call(operation, RequestItems={name: [write]})
                    look_in()
        else:
            answer = call(operation, **request)
            look_in()
        monkeypatch.setattr(table, "_call", one_write_at_a_time)
        return answer

    def look_in() -> None:
        place = {"b": stage.bot, "c": stage.room, "l": "in"}
        delivering.handle(Message("m", place, 1, "r", "chat_deliver"), stage.still.at_ms + 60_000)

    monkeypatch.setattr(table, "_call", one_write_at_a_time)
    stage.hear(stage.ann, stage.room, "hi", tags=tags)
    monkeypatch.setattr(table, "_call", call)
    stage.work()
    assert stage.heard() == ["hi"]

"""Messages: direction, references, payloads, tags, order of pages, deletion, and what one costs."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from chalicelib.adapters import aws
from tests.api.chat.world import World
from tests.conftest import Clock

CARD = {"title": "t", "actions": [{"action": "say", "label": "l", "value": "v"}]}
CHOICE = {"text": "?", "options": [{"label": "l", "value": "v"}]}
GOOD = {
    "text": {"text": "hi"},
    "markdown": {"markdown": "*hi*"},
    "image": {"imageUrl": "https://example.com/a.png"},
    "audio": {"audioUrl": "https://example.com/a.mp3"},
    "video": {"videoUrl": "https://example.com/a.mp4"},
    "file": {"fileUrl": "https://example.com/a.pdf", "title": "A"},
    "location": {"latitude": 1.5, "longitude": 2, "address": "here"},
    "choice": CHOICE,
    "dropdown": CHOICE,
    "card": CARD,
    "carousel": {"items": [CARD, CARD]},
}
BAD: list[tuple[str, dict[str, Any], str]] = [
    ("text", {"text": ""}, "payload.text"),
    ("markdown", {}, "payload.markdown"),
    ("image", {"imageUrl": "javascript:alert(1)"}, "payload.imageUrl"),
    ("file", {"fileUrl": "https://e.com/a", "title": ""}, "payload.title"),
    ("location", {"latitude": "1", "longitude": 2}, "payload.latitude"),
    ("choice", {"text": "?", "options": [{"label": "l"}]}, "payload.options.0.value"),
    ("card", {"title": "t", "actions": [{"action": "jump", "label": "l", "value": "v"}]}, "payload.actions.0.action"),
    ("carousel", {"items": [CARD, {}]}, "payload.items.1.title"),
]


@pytest.fixture
def room(world: World) -> tuple[str, str]:
    """Give a user and a conversation."""
    return world.user(id="U1")["id"], world.conversation(id="C1")["id"]


def test_who_calls_decides_the_direction(world: World, room: tuple[str, str]) -> None:
    user, conversation = room
    heard, said = world.hear(*room), world.say(conversation)
    assert (heard["direction"], heard["userId"], heard["conversationId"]) == ("incoming", user, conversation)
    assert (said["direction"], said["userId"]) == ("outgoing", world.bot)
    assert world.as_bot("GET", f"/messages/{heard['id']}").ok()["message"] == heard
    assert world.ids("users", f"conversationId={conversation}") == [user]


@pytest.mark.parametrize("kind", GOOD)
def test_every_kind_is_said(world: World, room: tuple[str, str], kind: str) -> None:
    assert world.say(room[1], type=kind, payload=GOOD[kind])["payload"] == GOOD[kind]


@pytest.mark.parametrize(("kind", "payload", "place"), BAD)
def test_what_the_bot_says_is_checked(
    world: World, room: tuple[str, str], kind: str, payload: dict[str, Any], place: str
) -> None:
    body = world.message_body(world.bot, room[1], type=kind, payload=payload)
    answer = world.as_bot("POST", "/messages", body)
    assert (answer.status, answer.body["type"]) == (400, "InvalidDataFormat")
    assert place in answer.body["message"]


def test_what_comes_in_is_checked_where_it_is_declared(world: World, room: tuple[str, str]) -> None:
    assert world.hear(*room, type="quick_reply", payload={"any": 1})["type"] == "quick_reply"
    wrong = world.as_integration("POST", "/messages", world.message_body(*room, payload={"text": 1}))
    assert wrong.body["type"] == "InvalidDataFormat"
    undeclared = world.as_bot("POST", "/messages", world.message_body(world.bot, room[1], type="quick_reply"))
    assert (undeclared.body["type"], "carries" in undeclared.body["message"]) == ("ReferenceNotFound", True)


def test_references_are_checked(world: World, room: tuple[str, str]) -> None:
    user, conversation = room
    other = world.install("mail", channels={"box": {"messages": {}}})
    stranger = world.as_integration("POST", "/users", {"tags": {}}, by=other).body["user"]["id"]
    for body, kind in (
        (world.message_body("nobody", conversation), "ReferenceNotFound"),
        (world.message_body(user, "nowhere"), "ReferenceNotFound"),
        (world.message_body(stranger, conversation), "RelationConflict"),
    ):
        assert world.as_integration("POST", "/messages", body).body["type"] == kind
    foreign = world.as_integration("POST", "/messages", world.message_body(user, conversation), by=other)
    assert foreign.body["type"] == "ReferenceNotFound"
    assert world.ids("messages") == []


def test_a_payload_of_more_than_128_kb_is_refused(world: World, room: tuple[str, str]) -> None:
    body = world.message_body(*room, payload={"text": "x" * 131_073})
    answer = world.as_integration("POST", "/messages", body)
    assert (answer.status, answer.body["type"]) == (413, "PayloadTooLarge")


def test_tags_are_merged_key_by_key(world: World, room: tuple[str, str]) -> None:
    said = world.say(room[1], tags={"seen": "no"})
    path = f"/messages/{said['id']}"
    assert world.as_integration("PUT", path, {"tags": {"ts": "17"}}).ok()["message"]["tags"] == {
        "seen": "no",
        "chat:ts": "17",
    }
    assert world.as_bot("PUT", path, {"tags": {"seen": ""}}).ok()["message"]["tags"] == {"chat:ts": "17"}
    assert world.ids("messages", "tags.chat%3Ats=17") == [said["id"]]
    assert world.as_bot("PUT", path, {"tags": {"nope": "x"}}).body["type"] == "InvalidPayload"


def test_lists_are_newest_first_and_stable_while_others_come(world: World, room: tuple[str, str]) -> None:
    other = world.conversation(id="C2")["id"]
    made = []
    for number in range(30):
        made.append(world.hear(*room, str(number))["id"])
        world.say(other, str(number))
    first = world.as_bot("GET", f"/messages?conversationId={room[1]}").ok()
    world.hear(*room, "late")
    token = first["meta"]["nextToken"]
    second = world.as_bot("GET", f"/messages?conversationId={room[1]}&nextToken={token}").ok()
    assert [one["id"] for one in first["messages"] + second["messages"]] == made[::-1]
    assert len(world.ids("messages")) == 61
    assert world.ids("messages", f"conversationId={room[1]}", by_bot=False)[1:] == made[::-1]


def test_messages_within_a_millisecond_keep_their_order(world: World, room: tuple[str, str], still: Clock) -> None:
    made = [world.say(room[1], str(number))["id"] for number in range(15)]
    assert world.ids("messages", f"conversationId={room[1]}") == made[::-1]


def test_a_deleted_conversation_hides_its_messages_at_once(world: World, room: tuple[str, str]) -> None:
    heard = world.hear(*room, tags={"ts": "1"})
    world.as_bot("DELETE", f"/conversations/{room[1]}").ok()
    assert world.as_bot("GET", f"/messages/{heard['id']}").body["type"] == "ResourceNotFound"
    assert world.as_bot("GET", f"/events/{heard['id']}").body["type"] == "ResourceNotFound"
    for query in ("", f"conversationId={room[1]}", "tags.chat%3Ats=1"):
        assert world.ids("messages", query) == []
    assert world.ids("events") == []


def test_a_deleted_message_is_gone(world: World, room: tuple[str, str]) -> None:
    said = world.say(room[1])
    assert world.as_bot("DELETE", f"/messages/{said['id']}").ok()["message"]["id"] == said["id"]
    assert world.as_bot("GET", f"/messages/{said['id']}").status == 404
    assert world.ids("messages", f"conversationId={room[1]}") == []


def test_get_or_create_finds_by_conversation_and_tags(world: World, room: tuple[str, str]) -> None:
    other = world.conversation(id="C2")["id"]
    body = world.message_body(*room, tags={"ts": "1"})
    first = world.as_integration("POST", "/messages/get-or-create", body).ok()["message"]
    again = world.as_integration("POST", "/messages/get-or-create", {**body, "payload": {"text": "new"}}).ok()
    assert again["message"] == first
    elsewhere = world.as_integration("POST", "/messages/get-or-create", {**body, "conversationId": other}).ok()
    assert elsewhere["message"]["id"] != first["id"]


def test_fifty_at_once_get_one_message(world: World, room: tuple[str, str], atomic: None) -> None:
    body = world.message_body(*room, tags={"ts": "1"})

    def ask(_: int) -> str:
        return str(world.as_integration("POST", "/messages/get-or-create", body).ok()["message"]["id"])

    with ThreadPoolExecutor(16) as pool:
        assert len(set(pool.map(ask, range(50)))) == 1


@pytest.mark.parametrize(
    "schedule",
    [{}, {"dateTime": "soon"}, {"delay": -1}, {"dateTime": "2027-01-01T00:00:00Z", "delay": 5}, {"delay": 10**12}],
)
def test_a_schedule_that_cannot_be_kept_is_refused(
    world: World, room: tuple[str, str], schedule: dict[str, Any]
) -> None:
    answer = world.as_bot("POST", "/messages", world.message_body(world.bot, room[1], schedule=schedule))
    assert (answer.status, answer.body["type"]) == (400, "InvalidPayload")


def test_a_message_costs_two_reads_two_writes_and_one_send(world: World, room: tuple[str, str]) -> None:
    world.hear(*room)  # the first of a user notes that the user takes part
    calls: list[str] = []

    def count(model: Any, **_: Any) -> None:
        calls.append(model.name)

    for service in ("dynamodb", "sqs"):
        aws.client(service).meta.events.register("provide-client-params.*.*", count)
    try:
        world.hear(*room)
    finally:
        for service in ("dynamodb", "sqs"):
            aws.client(service).meta.events.unregister("provide-client-params.*.*", count)
    assert [name for name in calls if name != "GetQueueUrl"] == [
        "BatchGetItem",
        "BatchGetItem",
        "PutItem",
        "PutItem",
        "SendMessage",
    ]

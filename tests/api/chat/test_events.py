"""Events: declared, prefixed, listed together with incoming messages."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.chat.world import World


def test_an_integrations_event_gets_its_name_as_prefix_once(world: World) -> None:
    for sent in ("opened", "chat:opened"):
        made = world.as_integration("POST", "/events", {"type": sent, "payload": {"text": "x"}})
        assert (made.status, made.body["event"]["type"]) == (201, "chat:opened")
    event = made.body["event"]
    assert set(event) == {"id", "createdAt", "type", "payload"}
    assert world.as_bot("GET", f"/events/{event['id']}").ok()["event"] == event


@pytest.mark.parametrize(
    ("who", "body", "kind"),
    [
        ("integration", {"type": "closed", "payload": {}}, "ReferenceNotFound"),
        ("integration", {"type": "opened", "payload": {"text": 1}}, "InvalidDataFormat"),
        ("integration", {"type": "mail:opened", "payload": {"text": "x"}}, "ReferenceNotFound"),
        ("bot", {"type": "unknown", "payload": {}}, "ReferenceNotFound"),
        ("bot", {"type": "chat:opened", "payload": {"text": "x"}}, "ReferenceNotFound"),
        ("bot", {"type": "message_created", "payload": {}}, "InvalidPayload"),
        ("bot", {"type": "tick", "payload": {}, "schedule": {}}, "InvalidPayload"),
        ("bot", {"type": "tick"}, "InvalidPayload"),
    ],
)
def test_what_cannot_be_an_event_is_named(world: World, who: str, body: dict[str, Any], kind: str) -> None:
    send = world.as_bot if who == "bot" else world.as_integration
    answer = send("POST", "/events", body)
    assert (answer.status, answer.body["type"]) == (400, kind)


def test_an_integration_sees_its_own_events_and_messages_alone(world: World) -> None:
    other = world.install("mail")
    user = world.as_integration("POST", "/users", {"tags": {}}, by=other).body["user"]["id"]
    room = world.as_integration("POST", "/conversations", {"channel": "room", "tags": {}}, by=other).body
    body = world.message_body(user, room["conversation"]["id"])
    said = world.as_integration("POST", "/messages", body, by=other).body["message"]["id"]
    told = {"type": "opened", "payload": {"text": "x"}}
    made = world.as_integration("POST", "/events", told, by=other).body["event"]["id"]
    assert world.ids("events") == [made, said]
    assert world.ids("events", by_bot=False) == []
    for hidden in (said, made):
        assert world.as_integration("GET", f"/events/{hidden}").body["type"] == "ResourceNotFound"
        assert world.as_integration("GET", f"/events/{hidden}", by=other).status == 200
    assert world.as_integration("GET", f"/messages/{said}").body["type"] == "ResourceNotFound"


def test_events_and_incoming_messages_are_listed_in_one_order(world: World) -> None:
    user, conversation = world.user(id="U")["id"], world.conversation(id="C")["id"]
    made = []
    for number in range(32):
        if number % 3:
            made.append(world.hear(user, conversation, str(number))["id"])
            world.say(conversation)
        else:
            made.append(world.as_bot("POST", "/events", {"type": "tick", "payload": {}}).body["event"]["id"])
    assert world.ids("events") == made[::-1]
    assert world.ids("events", "type=message_created") == [one for n, one in enumerate(made) if n % 3][::-1]
    assert world.ids("events", "type=tick") == made[::3][::-1]
    assert world.ids("events", "type=other") == []
    first = world.as_bot("GET", f"/events/{made[1]}").ok()["event"]
    assert first["type"] == "message_created"
    assert set(first["payload"]) == {"user", "conversation", "message"}
    assert first["payload"]["user"]["id"] == user

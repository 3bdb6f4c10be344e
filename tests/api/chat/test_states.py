"""States: declared, set whole, merged, cleared, kept apart by owner, gone after their idle time."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.chat.world import World
from tests.client import Client
from tests.conftest import Clock

COUNT = {"type": "object", "properties": {"n": {"type": "number"}}, "required": ["n"]}


@pytest.fixture
def keeping(client: Client, still: Clock) -> World:
    """A bot that declares a state of each type; one expires after a minute."""
    kinds = {"ofBot": "bot", "ofUser": "user", "ofRoom": "conversation", "short": "bot"}
    states: dict[str, Any] = {name: {"type": kind, "schema": COUNT} for name, kind in kinds.items()}
    states["short"]["expiry"] = 60_000
    return World(client, states=states)


def path(world: World, name: str = "ofBot", kind: str = "bot", of: str = "") -> str:
    return f"/states/{kind}/{of or world.bot}/{name}"


@pytest.mark.parametrize(("method", "body"), [("GET", None), ("POST", {"payload": {}}), ("PATCH", {"payload": {}})])
def test_a_type_that_no_state_has_is_refused(keeping: World, method: str, body: Any) -> None:
    answer = keeping.as_bot(method, path(keeping, kind="room"), body)
    assert (answer.status, answer.body["type"], "type" in answer.body["message"]) == (400, "InvalidPayload", True)


def test_a_state_is_set_read_merged_and_cleared(keeping: World) -> None:
    where = path(keeping)
    assert keeping.as_bot("GET", where).body["type"] == "ResourceNotFound"
    assert keeping.as_bot("PATCH", where, {"payload": {"n": 1}}).body["type"] == "ResourceNotFound"
    made = keeping.as_bot("POST", where, {"payload": {"n": 1, "a": {"b": 1}}}).ok()["state"]
    assert (made["type"], made["name"], made["botId"]) == ("bot", "ofBot", keeping.bot)
    patched = keeping.as_bot("PATCH", where, {"payload": {"a": {"c": 2}}}).ok()["state"]
    assert (patched["payload"], patched["id"]) == ({"n": 1, "a": {"c": 2}}, made["id"])
    whole = keeping.as_bot("POST", where, {"payload": {"n": 2}}).ok()["state"]
    assert (whole["payload"], whole["createdAt"]) == ({"n": 2}, made["createdAt"])
    assert keeping.as_bot("GET", where).ok()["state"] == whole
    assert keeping.as_bot("POST", where, {"payload": None}).ok()["state"]["payload"] == {}
    assert keeping.as_bot("GET", where).body["type"] == "ResourceNotFound"
    assert keeping.as_bot("POST", where, {"payload": None}).status == 200


def test_states_of_users_and_conversations_name_them(keeping: World) -> None:
    user, room = keeping.user(id="U")["id"], keeping.conversation(id="C")["id"]
    of_user = keeping.as_bot("POST", path(keeping, "ofUser", "user", user), {"payload": {"n": 1}}).ok()["state"]
    of_room = keeping.as_bot("POST", path(keeping, "ofRoom", "conversation", room), {"payload": {"n": 1}}).ok()["state"]
    assert (of_user["userId"], of_room["conversationId"]) == (user, room)
    keeping.as_bot("DELETE", f"/users/{user}").ok()
    assert keeping.as_bot("GET", path(keeping, "ofUser", "user", user)).status == 404


@pytest.mark.parametrize(
    ("name", "kind", "of", "payload", "error"),
    [
        ("unknown", "bot", "", {"n": 1}, "ReferenceNotFound"),
        ("ofUser", "bot", "", {"n": 1}, "ReferenceNotFound"),
        ("ofBot", "galaxy", "", {"n": 1}, "InvalidPayload"),
        ("ofBot", "bot", "", {"n": "x"}, "InvalidDataFormat"),
        ("ofBot", "bot", "", {"n": 1, "x": "y" * 131_072}, "PayloadTooLarge"),
        ("ofBot", "bot", "nobody", {"n": 1}, "ResourceNotFound"),
        ("ofUser", "user", "nobody", {"n": 1}, "ResourceNotFound"),
        ("ofRoom", "conversation", "nobody", {"n": 1}, "ResourceNotFound"),
    ],
)
def test_what_cannot_be_set_is_named(
    keeping: World, name: str, kind: str, of: str, payload: dict[str, Any], error: str
) -> None:
    assert keeping.as_bot("POST", path(keeping, name, kind, of), {"payload": payload}).body["type"] == error


def test_a_merge_must_fit_the_schema_as_a_whole(keeping: World) -> None:
    keeping.as_bot("POST", path(keeping), {"payload": {"n": 1}}).ok()
    answer = keeping.as_bot("PATCH", path(keeping), {"payload": {"n": None}})
    assert answer.body["type"] == "InvalidDataFormat"
    assert keeping.as_bot("GET", path(keeping)).ok()["state"]["payload"] == {"n": 1}


def test_bot_and_integration_keep_states_of_one_name_apart(keeping: World) -> None:
    declared = {"ofUser": {"type": "user", "schema": COUNT}, "own": {"type": "integration", "schema": {}}}
    keeping.client.put(f"/v1/admin/integrations/{keeping.integration}", {"states": declared}).ok()
    where = path(keeping, "ofUser", "user", keeping.user(id="U")["id"])
    keeping.as_bot("POST", where, {"payload": {"n": 1}}).ok()
    assert keeping.as_integration("GET", where).body["type"] == "ResourceNotFound"
    keeping.as_integration("POST", where, {"payload": {"n": 2}}).ok()
    assert keeping.as_bot("GET", where).ok()["state"]["payload"] == {"n": 1}
    own = path(keeping, "own", "integration", keeping.integration)
    assert keeping.as_integration("POST", own, {"payload": {"any": 1}}).ok()["state"]["type"] == "integration"
    assert keeping.as_bot("POST", own, {"payload": {}}).body["type"] == "ReferenceNotFound"


def test_a_state_is_gone_when_nobody_wrote_it_for_its_time(keeping: World, still: Clock) -> None:
    where = path(keeping, "short")
    keeping.as_bot("POST", where, {"payload": {"n": 1}}).ok()
    still.advance_s(59)
    keeping.as_bot("GET", where).ok()  # reading does not count
    keeping.as_bot("PATCH", where, {"payload": {"n": 2}}).ok()
    still.advance_s(59)
    assert keeping.as_bot("GET", where).ok()["state"]["payload"] == {"n": 2}
    still.advance_s(1)
    assert keeping.as_bot("GET", where).body["type"] == "ResourceNotFound"
    fresh = keeping.as_bot("POST", where, {"payload": {"n": 3}, "expiry": 1_000}).ok()["state"]
    still.advance_s(2)
    assert keeping.as_bot("GET", where).status == 404
    again = keeping.as_bot("POST", where, {"payload": {"n": 4}}).ok()["state"]
    assert again["id"] != fresh["id"]
    told = keeping.as_bot("GET", "/events?type=state_expired").ok()["events"]
    assert [one["payload"]["state"]["payload"] for one in told] == [{"n": 3}, {"n": 2}]


def test_an_expiry_of_nothing_is_refused(keeping: World) -> None:
    for expiry in (0, -1, "x"):
        answer = keeping.as_bot("POST", path(keeping), {"payload": {"n": 1}, "expiry": expiry})
        assert answer.body["type"] == "InvalidPayload"

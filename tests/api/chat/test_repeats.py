"""What is made under an Idempotency-Key is made once, also when the first run fell before it could answer."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.adapters import queue
from chalicelib.core.errors import Unavailable
from chalicelib.credentials import outcomes
from tests.api.chat.world import World
from tests.conftest import Clock

LEASE_S = outcomes.LEASE_MS // 1_000 + 1


def bodies(world: World) -> dict[str, dict[str, Any]]:
    said = world.message_body(world.user()["id"], world.conversation()["id"])
    return {
        "messages": said,
        "events": {"type": "opened", "payload": {"text": "x"}},
        "users": {"tags": {}},
        "conversations": {"channel": "room", "tags": {}},
    }


@pytest.mark.parametrize("noun", ["messages", "events", "users", "conversations"])
def test_a_run_that_fell_is_made_good_by_the_next_under_the_same_id(
    still: Clock, world: World, monkeypatch: pytest.MonkeyPatch, noun: str
) -> None:
    body = bodies(world)[noun]
    before = set(world.ids(noun, by_bot=False))
    headers = {"x-bot-id": world.bot, "x-integration-id": world.integration, "idempotency-key": f"k-{noun}"}

    def falls(*_: Any) -> None:
        raise Unavailable("killed")

    def send() -> Any:
        return world.client.send("POST", f"/v1/chat/{noun}", body, headers=headers)

    with monkeypatch.context() as patch:
        patch.setattr(outcomes._Fresh, "finish", falls)
        assert send().status == 503
    (made,) = set(world.ids(noun, by_bot=False)) - before
    assert send().status == 409  # its runner may still be at it
    still.advance_s(LEASE_S)
    answer = send()
    assert (answer.status, answer.body[noun[:-1]]["id"]) == (201, made)
    assert send().body == answer.body
    assert set(world.ids(noun, by_bot=False)) - before == {made}


@pytest.mark.parametrize("noun", ["files", "workspaces"])
def test_so_is_what_is_made_without_acting_for_anybody(
    still: Clock, world: World, monkeypatch: pytest.MonkeyPatch, noun: str
) -> None:
    path, body, query = {
        "files": (
            "/v1/storage/files",
            {"botId": world.bot, "contents": "eA==", "name": "a", "accessType": "private"},
            f"?botId={world.bot}",
        ),
        "workspaces": ("/v1/admin/workspaces", {"name": "Second"}, ""),
    }[noun]
    before = [one["id"] for one in world.client.get(path + query).ok()[noun]]

    def falls(*_: Any) -> None:
        raise Unavailable("killed")

    with monkeypatch.context() as patch:
        patch.setattr(outcomes._Fresh, "finish", falls)
        assert world.client.post(path, body, headers={"idempotency-key": "k"}).status == 503
    still.advance_s(LEASE_S)
    answer = world.client.post(path, body, headers={"idempotency-key": "k"}).ok()
    found = [one["id"] for one in world.client.get(path + query).ok()[noun]]
    assert sorted(found) == sorted([*before, answer.get("file", answer)["id"]])


@pytest.mark.parametrize("noun", ["files", "workspaces"])
def test_without_a_key_an_id_that_is_taken_is_a_fault(world: World, monkeypatch: pytest.MonkeyPatch, noun: str) -> None:
    path, body = {
        "files": ("/v1/storage/files", {"botId": world.bot, "contents": "eA==", "name": "a", "accessType": "private"}),
        "workspaces": ("/v1/admin/workspaces", {"name": "Second"}),
    }[noun]
    monkeypatch.setattr("chalicelib.core.ids.new_ordered_uuid", lambda: "01900000-0000-7000-8000-000000000001")
    monkeypatch.setattr("chalicelib.core.ids.new_uuid", lambda: "01900000-0000-7000-8000-000000000001")
    assert [world.client.post(path, body).status for _ in range(2)] == [200, 409]


def test_an_event_that_could_not_be_sent_is_sent_by_the_repeat(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    headers = {"x-bot-id": world.bot, "x-integration-id": world.integration, "idempotency-key": "k"}
    body = {"type": "opened", "payload": {"text": "x"}, "schedule": {"delay": 3_000}}

    def falls(*_: Any) -> None:
        raise Unavailable("the queue is down")

    with monkeypatch.context() as patch:
        patch.setattr(queue, "send", falls)
        assert world.client.send("POST", "/v1/chat/events", body, headers=headers).status == 503
    answer = world.client.send("POST", "/v1/chat/events", body, headers=headers)
    assert answer.status == 201
    assert world.ids("events", by_bot=False) == [answer.body["event"]["id"]]


def test_another_key_makes_another(world: World) -> None:
    headers = {"x-bot-id": world.bot, "x-integration-id": world.integration}
    one, other = (
        world.client.send("POST", "/v1/chat/users", {"tags": {}}, headers={**headers, "idempotency-key": key}).body
        for key in ("a", "b")
    )
    assert one["user"]["id"] != other["user"]["id"]

"""Subscribers: their credentials and preferences."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from chalicelib.channels.models import people
from chalicelib.channels.rules.preferences import CHANNELS
from tests.client import Client


@pytest.fixture
def ann(client: Client) -> Client:
    assert client.post("/v1/subscribers", {"subscriberId": "ann"}).status == 201
    return client


def workflow(client: Client, **more: Any) -> str:
    group = client.get("/v1/notification-groups").body["data"][0]["_id"]
    step = {"template": {"type": "in_app", "content": "x"}}
    body = {"name": "flow", "notificationGroupId": group, "active": True, "steps": [step], **more}
    return str(client.post("/v1/workflows", body).body["data"]["_id"])


def test_only_chat_and_push_have_credentials(ann: Client) -> None:
    integration = {"providerId": "twilio", "channel": "sms", "active": True}
    assert ann.post("/v1/integrations", integration).status == 201
    sent = {"providerId": "twilio", "credentials": {"webhookUrl": "https://example.com"}}
    assert ann.put("/v1/subscribers/ann/credentials", sent).status == 400


def test_addresses_may_be_long(ann: Client) -> None:
    avatar = "https://example.com/a.png?signature=" + "x" * 2_000
    assert ann.put("/v1/subscribers/ann", {"avatar": avatar}).body["data"]["avatar"] == avatar


def test_what_is_wrong_with_one_of_many_is_told_in_the_words_of_the_surface(client: Client) -> None:
    answer = client.post("/v1/subscribers/bulk", {"subscribers": [{"subscriberId": "a", "email": "x"}]})
    assert answer.body["data"]["failed"] == [{"subscriberId": "a", "message": "email: email must be an email"}]


def test_a_preference_shows_the_data_of_its_workflow_and_every_channel_on_demand(ann: Client) -> None:
    workflow(ann, data={"icon": "bell"})
    (one,) = ann.get("/v1/subscribers/ann/preferences").body["data"]
    assert (one["template"]["data"], one["preference"]["channels"]) == ({"icon": "bell"}, {"in_app": True})
    (whole,) = ann.get("/v1/subscribers/ann/preferences?includeInactiveChannels=true").body["data"]
    assert whole["preference"]["channels"] == dict.fromkeys(CHANNELS, True)


@pytest.mark.parametrize("level", ["", "/flow"])
def test_preferences_changed_at_once_are_all_kept(ann: Client, level: str, monkeypatch: pytest.MonkeyPatch) -> None:
    workflow(ann)
    both, read = threading.Barrier(2), people.CHANNELS.get
    waiting = {"first": 2}

    def get(key: Any) -> Any:
        row = read(key)
        if key.sk.startswith("P#") and waiting["first"]:
            waiting["first"] -= 1
            both.wait(5)
        return row

    def send(channel: str) -> None:
        one = {"type": channel, "enabled": False}
        body = {"channel": one} if level else {"preferences": [one]}
        assert ann.patch(f"/v1/subscribers/ann/preferences{level}", body).status == 200

    monkeypatch.setattr(type(people.CHANNELS), "get", lambda _self, key: get(key))
    threads = [threading.Thread(target=send, args=(channel,)) for channel in ("email", "in_app")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    monkeypatch.undo()
    stored = people.get_preferences(ann.key, "ann")
    assert [one["channels"] for one in stored.values()] == [{"email": False, "in_app": False}]

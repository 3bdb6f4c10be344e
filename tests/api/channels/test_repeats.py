"""A call whose first run fell after it had stored something: its repeat answers that, and stores nothing more."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.channels import groups, integrations, layouts, topics, workflows
from chalicelib.core.errors import Unavailable
from tests.client import Client
from tests.conftest import Clock

CASES = {
    "integrations": (integrations, "view", {"providerId": "twilio", "channel": "sms", "active": True}),
    "layouts": (layouts, "view", {"name": "a", "content": "{{{body}}}"}),
    "notification-groups": (groups, "view", {"name": "a"}),
    "feeds": (groups, "feed_view", {"name": "a"}),
    "notification-templates": (workflows, "view", {"name": "a", "steps": []}),
    "topics": (topics, "_make", {"key": "a", "name": "a"}),
}


@pytest.mark.parametrize("path", CASES)
def test_what_was_made_is_made_once(client: Client, path: str, still: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    module, name, body = CASES[path]
    if module is workflows:
        group = client.get("/v1/notification-groups").body["data"][0]["_id"]
        body = {**body, "notificationGroupId": group}
    client.get("/v1/feeds")  # makes the environment
    whole, kept = getattr(module, name), []

    def fall(*given: Any) -> Any:
        kept.append(whole(*given))
        raise Unavailable("the process is about to end")

    key = {"Idempotency-Key": "k"}
    with monkeypatch.context() as falling:
        falling.setattr(module, name, fall)
        assert client.post(f"/v1/{path}", body, headers=key).status == 503
    still.advance_s(5)
    answer = client.post(f"/v1/{path}", body, headers=key)
    first = kept[0]["_id"] if isinstance(kept[0], dict) else kept[0].id
    assert (answer.status, answer.body["data"]["_id"]) == (201, first)
    listed = client.get(f"/v1/{path}").body["data"]
    assert [one["_id"] for one in listed].count(first) == 1
    assert sum(one.get("name") == answer.body["data"].get("name", "a") for one in listed) == 1

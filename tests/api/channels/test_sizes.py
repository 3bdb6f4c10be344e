"""What is too large to be kept is refused in words, whichever part of it is."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.channels import sizes
from tests.client import Answer, Client

LONG = "x" * 600_000


def group(client: Client) -> str:
    return str(client.get("/v1/notification-groups").body["data"][0]["_id"])


def refused(answer: Answer) -> None:
    assert (answer.status, str(sizes.MAX_BYTES) in answer.body["message"]) == (413, True), answer.body


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("subscribers", {"subscriberId": "ann", "data": {"x": LONG}}),
        ("layouts", {"name": "a", "content": "{{{body}}}", "variables": [{"name": "v", "defaultValue": LONG}]}),
        ("integrations", {"conditions": [{"children": [{"on": "payload", "field": "a", "value": LONG}]}]}),
        ("integrations", {"credentials": {"tlsOptions": {"ca": LONG}}}),
        ("workflows", {"data": {"x": LONG}}),
        ("workflows", {"tags": ["x" * 1_000] * 600}),
        ("workflows", {"steps": [{"template": {"type": "sms", "content": "x" * 190_000}}] * 2}),
    ],
)
def test_what_is_too_large_is_not_made(client: Client, path: str, body: dict[str, Any]) -> None:
    common: dict[str, Any] = {
        "integrations": {"providerId": "twilio", "channel": "sms"},
        "workflows": {"name": "a", "notificationGroupId": group(client), "steps": []},
    }
    refused(client.post(f"/v1/{path}", {**common.get(path, {}), **body}))


def test_nothing_grows_too_large_by_changes(client: Client) -> None:
    made = {
        "layouts": {"name": "a", "content": "{{{body}}}"},
        "workflows": {"name": "a", "notificationGroupId": group(client), "steps": []},
        "integrations": {"providerId": "twilio", "channel": "sms"},
    }
    ids = {path: client.post(f"/v1/{path}", body).body["data"]["_id"] for path, body in made.items()}
    client.post("/v1/subscribers", {"subscriberId": "ann"})
    refused(client.put("/v1/subscribers/ann", {"data": {"x": LONG}}))
    refused(client.put(f"/v1/workflows/{ids['workflows']}", {"data": {"x": LONG}}))
    refused(client.patch(f"/v1/layouts/{ids['layouts']}", {"variables": [{"name": "v", "defaultValue": LONG}]}))
    credentials = {"tlsOptions": {"ca": LONG}}
    refused(client.put(f"/v1/integrations/{ids['integrations']}", {"credentials": credentials, "check": False}))


def test_device_tokens_do_not_pile_up_without_end(client: Client) -> None:
    client.post("/v1/integrations", {"providerId": "fcm", "channel": "push", "active": True})
    client.post("/v1/subscribers", {"subscriberId": "ann"})
    answers = []
    for number in range(3):
        tokens = [f"{number}-{one}-".ljust(4_000, "x") for one in range(40)]
        body = {"providerId": "fcm", "credentials": {"deviceTokens": tokens}}
        answers.append(client.patch("/v1/subscribers/ann/credentials", body))
    assert [one.status for one in answers] == [200, 200, 413]


def test_one_of_many_that_is_too_large_leaves_the_others(client: Client) -> None:
    people = [{"subscriberId": "big", "data": {"x": LONG}}, {"subscriberId": "ok"}]
    answer = client.post("/v1/subscribers/bulk", {"subscribers": people}).body["data"]
    assert (answer["created"], [one["subscriberId"] for one in answer["failed"]]) == ([{"subscriberId": "ok"}], ["big"])


def test_a_recipient_who_could_not_be_kept_is_refused(client: Client) -> None:
    steps = [{"template": {"type": "in_app", "content": "x"}}]
    flow = {"name": "a", "notificationGroupId": group(client), "active": True, "steps": steps}
    assert client.post("/v1/workflows", flow).status == 201
    refused(client.post("/v1/events/trigger", {"name": "a", "to": {"subscriberId": "ann", "data": {"x": LONG}}}))

"""Events as they are taken in: their ids, and what is missing of them."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.core import ids
from tests.client import Client


@pytest.fixture
def flow(client: Client) -> Client:
    group = client.get("/v1/notification-groups").body["data"][0]["_id"]
    step = {"template": {"type": "in_app", "content": "x"}}
    until = {"template": {"type": "delay"}, "metadata": {"type": "scheduled", "delayPath": "order.at"}}
    for name, steps in (("plain", [step]), ("late", [until, step])):
        body = {"name": name, "notificationGroupId": group, "active": True, "steps": steps}
        assert client.post("/v1/workflows", body).status == 201
    return client


def send(client: Client, path: str = "", headers: Any = None, **body: Any) -> Any:
    return client.post(f"/v1/events/trigger{path}", body, headers=headers)


def test_an_event_without_an_id_gets_a_uuid(flow: Client) -> None:
    found = [send(flow, name="plain", to="ann").body["data"]["transactionId"] for _ in range(2)]
    assert found[0] != found[1]
    assert all(ids.is_uuid(one) for one in found)


def test_an_event_sent_again_after_a_failure_is_the_same(flow: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    from chalicelib.adapters import queue
    from chalicelib.core.errors import Unavailable

    stored: list[str] = []

    def fail(_name: str, message: dict[str, Any], *_: Any) -> None:
        stored.append(message["tx"])
        raise Unavailable("the queue is throttled")

    key = {"Idempotency-Key": "k-1"}
    with monkeypatch.context() as broken:
        broken.setattr(queue, "send", fail)
        assert send(flow, name="plain", to="ann", headers=key).status == 503
    again = send(flow, name="plain", to="ann", headers=key)
    assert (again.status, [again.body["data"]["transactionId"]]) == (201, stored)
    several = send(flow, "/bulk", {"Idempotency-Key": "k-2"}, events=[{"name": "plain", "to": "ann"}] * 2)
    assert len({one["transactionId"] for one in several.body["data"]}) == 2


@pytest.mark.parametrize("payload", [{}, {"order": {}}, {"order": {"at": "soon"}}, {"order": {"at": 5}}])
def test_the_date_a_delay_ends_at_must_be_there(flow: Client, payload: Any) -> None:
    answer = send(flow, name="late", to="ann", payload=payload)
    assert (answer.status, "order.at" in answer.body["message"]) == (400, True)
    spared = send(flow, name="late", to="ann", payload=payload, overrides={"delay": {"amount": 1, "unit": "hours"}})
    assert spared.status == 201


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"to": [{"type": "Topic"}]}, "topicKey"), ({"to": {"email": "a@example.com"}}, "subscriberId"),
        ({"to": "ann", "tenant": {}}, "tenant.identifier"), ({"to": 5}, "to"), ({"to": ["ann", 5]}, "to"),
        ({"to": "ann", "tenant": {"identifier": 5}}, "tenant.identifier"),
    ],
)  # fmt: skip
def test_what_names_nobody_is_refused(flow: Client, body: Any, place: str) -> None:
    answer = send(flow, name="plain", **body)
    assert (answer.status, list(answer.body["errors"])) == (400, [place])


def test_each_event_of_many_says_what_is_wrong_with_it(flow: Client) -> None:
    answer = send(flow, "/bulk", events=[{"to": "ann"}, {"name": "plain", "to": "ann"}])
    assert answer.body["data"][0] == {"acknowledged": True, "status": "error", "error": ["name: Field required"]}
    assert answer.body["data"][1]["status"] == "processed"


def test_an_event_of_megabytes_is_taken_when_files_make_it_so(flow: Client) -> None:
    file = {"name": "a", "mime": "text/plain", "file": "YWFh" * 700_000}
    assert send(flow, name="plain", to="ann", payload={"attachments": [file]}).status == 201
    assert send(flow, name="plain", to="ann", payload={"text": "x" * 530_000}).status == 413

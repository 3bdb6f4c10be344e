"""The inbox: marks and actions on messages that may not be there."""

from __future__ import annotations

import pytest

from chalicelib.channels.models import messages
from chalicelib.core import clock
from tests.client import Client


def put(client: Client, count: int) -> list[str]:
    """Put messages into an inbox, as a step does."""
    client.post("/v1/subscribers", {"subscriberId": "ann"})
    made = []
    for number in range(count):
        identifier = f"{clock.now_ms():011x}{number:013x}"
        names = ("templateId", "messageTemplateId", "notificationId", "jobId", "templateIdentifier", "templateName")
        doc = {"id": identifier, "channel": "in_app", "subscriberId": "ann", "transactionId": "t", "tags": []}
        doc |= {"content": "x", "status": "sent", "updatedAt": clock.now_ms(), **dict.fromkeys(names, "x")}
        messages.put_message(client.key, doc, clock.now_ms())
        made.append(identifier)
    return made


@pytest.mark.parametrize("identifier", ["x", "x" * 5_000, "f" * 24, "", "\u00e4" * 24])
def test_a_message_that_cannot_be_there_is_not_found(client: Client, identifier: str) -> None:
    client.post("/v1/subscribers", {"subscriberId": "ann"})
    marks = {"messageId": [identifier], "mark": {"seen": True}}
    assert client.post("/v1/subscribers/ann/messages/markAs", marks).status == 404
    assert client.post("/v1/subscribers/ann/messages/mark-as", {"messageId": identifier, "markAs": "read"}).status in (
        400, 404,
    )  # fmt: skip


def test_a_verb_that_a_path_has_not_is_refused_in_the_words_of_the_surface(client: Client) -> None:
    answer = client.put("/v1/subscribers", {})
    assert (answer.status, answer.body["statusCode"], answer.body["path"]) == (405, 405, "/v1/subscribers")


def test_all_messages_that_are_named_are_marked(client: Client) -> None:
    made = put(client, 120)
    marked = client.post("/v1/subscribers/ann/messages/mark-as", {"messageId": [*made, made[0]], "markAs": "read"})
    assert [one["_id"] for one in marked.body["data"]] == made
    assert client.get("/v1/subscribers/ann/notifications/unseen").body["data"] == {"count": 0}
    many = client.post("/v1/subscribers/ann/messages/mark-as", {"messageId": ["x"] * 1 + made * 9, "markAs": "read"})
    assert many.status == 201
    names = [f"{number:024x}" for number in range(1_001)]
    assert client.post("/v1/subscribers/ann/messages/mark-as", {"messageId": names, "markAs": "read"}).status == 400


def test_messages_may_be_named_between_commas(client: Client) -> None:
    made = put(client, 3)
    body = {"messageId": ",".join(made[:2]), "mark": {"seen": True}}
    assert len(client.post("/v1/subscribers/ann/messages/markAs", body).body["data"]) == 2


def test_feeds_may_be_named_between_commas(client: Client) -> None:
    made = put(client, 3)
    for number, name in enumerate(("a", "b", "c,d")):
        feed = client.post("/v1/feeds", {"name": name}).body["data"]["_id"]
        row = messages.get_in_app(client.key, "ann", [made[number]])[0]
        assert messages.replace_doc(row, {**row["doc"], "feedId": feed}) is not None
    both = client.post("/v1/subscribers/ann/messages/mark-all", {"markAs": "seen", "feedIdentifier": "a,b"})
    one = client.post("/v1/subscribers/ann/messages/mark-all", {"markAs": "seen", "feedIdentifier": "c,d"})
    assert (both.body["data"], one.body["data"]) == (2, 1)


def test_messages_of_somebody_unknown_are_not_found(client: Client) -> None:
    assert client.get("/v1/messages?subscriberId=nobody").status == 404
    client.post("/v1/subscribers", {"subscriberId": "ann"})
    assert client.get("/v1/messages?subscriberId=ann").body["data"] == []


@pytest.mark.parametrize("named", [5, [5], {"a": 1}])
def test_what_names_no_message_is_told_once(client: Client, named: object) -> None:
    client.post("/v1/subscribers", {"subscriberId": "ann"})
    answer = client.post("/v1/subscribers/ann/messages/mark-as", {"messageId": named, "markAs": "read"})
    assert answer.body["errors"] == {"messageId": {"messages": ["must be a text or a list of texts"]}}

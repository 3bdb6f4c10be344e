"""The inbox: marks and actions on messages that may not be there."""

from __future__ import annotations

import pytest

from tests.client import Client


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

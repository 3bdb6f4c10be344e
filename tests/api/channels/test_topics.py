"""Topics: keys of any spelling, members that come and go."""

from __future__ import annotations

import pytest

from tests.client import Client, quoted

PEOPLE = {"subscribers": ["ann", "nobody"]}


@pytest.mark.parametrize("key", ["team@example.com", "a/b", "Order 42", "ä#ö", "x" * 200])
def test_a_key_may_be_any_text(client: Client, key: str) -> None:
    client.post("/v1/subscribers", {"subscriberId": "ann"})
    assert client.post("/v1/topics", {"key": key, "name": "T"}).body["data"]["key"] == key
    path = quoted("v1", "topics", key)
    assert client.post(f"{path}/subscribers", PEOPLE).body["data"]["succeeded"] == ["ann"]
    assert client.get(path).body["data"]["subscribers"] == ["ann"]
    assert client.delete(path).status == 409
    assert client.post(f"{path}/subscribers/removal", PEOPLE).status == 204
    assert client.delete(path).status == 204


@pytest.mark.parametrize("key", ["", "x" * 201, "a\nb"])
def test_a_key_has_an_end_and_shows_what_it_is(client: Client, key: str) -> None:
    answer = client.post("/v1/topics", {"key": key, "name": "T"})
    assert (answer.status, list(answer.body["errors"])) == (400, ["key"])


def test_a_key_of_a_path_has_an_end_too(client: Client) -> None:
    answer = client.post(f"/v1/topics/{'x' * 201}/subscribers", PEOPLE)
    assert (answer.status, list(answer.body["errors"])) == (400, ["topicKey"])


def test_nobody_can_be_removed_from_a_topic_that_is_not_there(client: Client) -> None:
    answer = client.post("/v1/topics/none/subscribers/removal", PEOPLE)
    assert (answer.status, answer.body) == (204, "")

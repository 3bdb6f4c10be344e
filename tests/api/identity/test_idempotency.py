"""One key, one request: the same key on another path is another request."""

from __future__ import annotations

from tests.builders import make_service
from tests.client import Client


def test_the_same_key_and_body_on_another_path_is_a_conflict(client: Client) -> None:
    one, two = make_service(client), make_service(client)
    key = {"idempotency-key": "k"}
    body = {"name": "same"}
    first = client.post(f"/v1/service/{one}/event?userId=a", body, headers=key)
    again = client.post(f"/v1/service/{one}/event?userId=a", body, headers=key)
    other = client.post(f"/v1/service/{two}/event?userId=a", body, headers=key)
    assert (first.status, again.status, other.status) == (200, 200, 409)
    assert again.body == first.body
    assert client.get(f"/v1/service/{two}/event").ok() == []

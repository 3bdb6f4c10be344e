"""Integrations: order, identifiers, secrets, idempotency."""

from __future__ import annotations

from typing import Any

from chalicelib.core import config
from chalicelib.core.errors import InProgress
from chalicelib.edge.failures import INTERACTOR, NOVU, render
from chalicelib.storage.tables import CHANNELS
from tests.client import Client
from tests.conftest import Clock

BODY = {"providerId": "twilio", "channel": "sms", "active": True, "check": False}


def make(client: Client, **more: Any) -> dict[str, Any]:
    answer = client.post("/v1/integrations", {**BODY, **more})
    assert answer.status == 201, answer.body
    return dict(answer.body["data"])


def order(client: Client) -> list[tuple[str, bool, int]]:
    found = client.get("/v1/integrations").body["data"]
    return [(one["name"], one["primary"], one["priority"]) for one in found if one["channel"] == "sms"]


def test_a_new_environment_has_an_inbox(client: Client) -> None:
    (inbox,) = client.get("/v1/integrations").body["data"]
    assert (inbox["channel"], inbox["active"], inbox["providerId"]) == ("in_app", True, "novu")
    second = client.post("/v1/integrations", {"providerId": "novu", "channel": "in_app"})
    assert (second.status, second.body["error"]) == (400, "Bad Request")


def test_the_order_of_a_channel(client: Client) -> None:
    first = make(client, name="a")
    make(client, name="b")
    make(client, name="off", active=False)
    third = make(client, name="c", conditions=[{"children": []}])
    assert order(client) == [("a", True, 3), ("b", False, 1), ("off", False, 0), ("c", False, 2)]
    assert client.post(f"/v1/integrations/{third['_id']}/set-primary").status == 200
    assert order(client) == [("a", False, 2), ("b", False, 1), ("off", False, 0), ("c", True, 3)]
    client.put(f"/v1/integrations/{third['_id']}", {"active": False})
    assert order(client) == [("a", False, 2), ("b", False, 1), ("off", False, 0), ("c", False, 0)]
    left = client.delete(f"/v1/integrations/{first['_id']}").body["data"]
    assert [one["name"] for one in left] == ["Novu In-App", "b", "off", "c"]
    assert order(client)[0] == ("b", False, 1)


def test_the_primary_is_for_mail_and_texts(client: Client) -> None:
    slack = make(client, providerId="slack", channel="chat")
    assert (slack["primary"], slack["priority"]) == (False, 0)
    assert client.post(f"/v1/integrations/{slack['_id']}/set-primary").status == 400
    assert client.post("/v1/integrations/short/set-primary").status == 400
    assert client.post(f"/v1/integrations/{'0' * 24}/set-primary").status == 404


def test_an_identifier_is_taken_until_its_integration_ends(client: Client) -> None:
    one = make(client, identifier="mine")
    other = make(client)
    assert client.post("/v1/integrations", {**BODY, "identifier": "mine"}).status == 409
    assert client.put(f"/v1/integrations/{other['_id']}", {"identifier": "mine"}).status == 409
    client.delete(f"/v1/integrations/{one['_id']}")
    assert client.put(f"/v1/integrations/{other['_id']}", {"identifier": "mine"}).body["data"]["identifier"] == "mine"


def test_secrets_are_sealed_and_replaced_whole(client: Client) -> None:
    one = make(client, credentials={"token": "very-secret", "port": 25, "secure": "true", "unknown": "x"})
    assert one["credentials"] == {"token": "very-secret", "port": "25", "secure": True}
    rows = CHANNELS.query_all(f"{client.key}#INT")
    assert "very-secret" not in str(rows)
    two = client.put(f"/v1/integrations/{one['_id']}", {"credentials": {"accountSid": "a"}, "check": False})
    assert two.body["data"]["credentials"] == {"accountSid": "a"}


def test_nothing_to_change_is_refused(client: Client) -> None:
    one = make(client)
    assert client.put(f"/v1/integrations/{one['_id']}", {"name": None}).status == 400
    assert client.post("/v1/integrations", {**BODY, "providerId": "novu-sms"}).status == 400


def test_a_repeat_gets_the_first_answer(client: Client) -> None:
    headers = {"idempotency-key": "k-1"}
    first = client.post("/v1/integrations", BODY, headers=headers)
    again = client.post("/v1/integrations", BODY, headers=headers)
    other = client.post("/v1/integrations", {**BODY, "name": "x"}, headers=headers)
    assert (first.status, again.status, again.body) == (201, 201, first.body)
    assert (first.headers["idempotency-key"], again.headers["idempotency-replay"]) == ("k-1", "true")
    assert (other.status, other.body["errors"]) == (422, {})
    assert client.post("/v1/integrations", BODY, headers={"idempotency-key": "k" * 256}).status == 400


def test_another_workspace_sees_nothing(client: Client, stranger: Client) -> None:
    one = make(client)
    assert stranger.put(f"/v1/integrations/{one['_id']}", {"name": "x"}).status == 404
    assert [found["name"] for found in stranger.get("/v1/integrations").body["data"]] == ["Novu In-App"]


def test_what_is_missing_of_a_query_is_named_as_a_field_is(client: Client) -> None:
    answer = client.get("/v1/execution-details?notificationId=x")
    assert (answer.status, answer.body["message"]) == (400, "subscriberId: is required")
    assert list(answer.body["errors"]) == ["subscriberId"]


def test_who_repeats_too_early_is_told_where_to_read_on(client: Client) -> None:
    path = "/v1/integrations?x=1"
    begun = InProgress("the first request is still running", 1)
    failure = render(NOVU, begun, "request-1", path)
    assert (failure.status, failure.headers["Retry-After"]) == (409, "1")
    assert failure.headers["Link"] == f'<{config.settings().public_url}/docs>; rel="help"'
    assert "Link" not in render(INTERACTOR, begun, "request-1", path).headers


def test_a_new_primary_has_the_time_of_its_change(client: Client, still: Clock) -> None:
    make(client, name="a")
    second = make(client, name="b")
    still.advance_s(60)
    chosen = client.post(f"/v1/integrations/{second['_id']}/set-primary").body["data"]
    assert chosen["createdAt"] == second["updatedAt"] < chosen["updatedAt"]

"""What every operation has from the edge: how bodies are read, and which requests count as the same."""

from __future__ import annotations

import base64
from typing import Any

import pytest

import app
from chalicelib.core.call import Caller
from chalicelib.edge.auth import SCOPES
from chalicelib.identity import public as identity
from tests.builders import make_user
from tests.client import Client, event

NOWHERE = f"/v1/hook/{'A' * 43}"


def send_coded(client: Client, path: str, coded: str) -> dict[str, Any]:
    """Send a body that the gateway calls base64."""
    sent = event("POST", path, headers={"api_key": client.key, "content-type": "application/json"})
    answered: dict[str, Any] = app.app({**sent, "body": coded, "isBase64Encoded": True}, None)
    return answered


def test_a_body_comes_in_base64_too(client: Client) -> None:
    coded = base64.b64encode(b'{"userId": "ada"}').decode()
    assert send_coded(client, "/v1/user", coded)["statusCode"] == 200
    assert client.get("/v1/user/ada").status == 200


def test_base64_that_cannot_be_decoded_is_refused_where_a_body_is_read(client: Client) -> None:
    answered = send_coded(client, "/v1/user", "a")
    assert answered["statusCode"] == 400
    assert "body: cannot be decoded" in answered["body"]


def test_where_no_body_is_read_it_may_be_anything(client: Client) -> None:
    group = client.post("/v1/group", {"name": "g"}).ok()["id"]
    sent = event("GET", f"/v1/group/{group}", headers={"api_key": client.key, "content-type": "text/xml"})
    assert app.app({**sent, "body": "a", "isBase64Encoded": True}, None)["statusCode"] == 200


def test_a_body_that_is_taken_as_it_is_may_be_anything(client: Client) -> None:
    for kind in ("application/json", "text/xml"):
        answer = client.post(NOWHERE, raw=b"{", key=None, headers={"content-type": kind})
        assert answer.status == 404


@pytest.mark.parametrize(
    "kind", ["application/json", "Application/JSON; charset=utf-8", "application/merge-patch+json"]
)
def test_json_is_known_by_its_type(client: Client, kind: str) -> None:
    assert client.post("/v1/user", {"userId": "ada"}, headers={"content-type": kind}).status == 200


def test_what_only_asks_is_answered_anew_under_any_key(client: Client) -> None:
    key = {"idempotency-key": "k"}
    assert client.get("/v1/user/ada", headers=key).status == 404
    make_user(client, "ada")
    assert client.get("/v1/user/ada", headers=key).status == 200


@pytest.mark.parametrize("acts_for", ["x-bot-id", "x-integration-id", "x-workspace-id", "node"])
def test_a_call_on_behalf_of_somebody_else_is_another_call(client: Client, acts_for: str) -> None:
    sent = {"userId": "ada"}
    for who, status in (("one", 200), ("one", 200), ("other", 409)):
        answer = client.post("/v1/user", sent, headers={"idempotency-key": "k", acts_for: who})
        assert answer.status == status
    assert client.post("/v1/user", sent, headers={"idempotency-key": "k"}).status == 409


@pytest.mark.parametrize(("verb", "path"), [("POST", "/v1/service"), ("DELETE", "/v1/service/unknown")])
def test_what_an_operation_needs_of_the_query_must_be_there(client: Client, verb: str, path: str) -> None:
    client.actor = None
    for query in ({}, {"userId": ""}):
        answer = client.send(verb, path, {"name": "s"} if verb == "POST" else None, query=query)
        assert (answer.status, answer.body["details"]["faults"][0]["location"]) == (400, "query.userId")


def test_a_key_of_one_bot_opens_its_run_time_alone(client: Client, workspace: str) -> None:
    maker = Caller(workspace, "k", SCOPES)
    _, key = identity.make_subject_key(workspace, "bot:one", "k", maker)
    assert client.get("/v1/service", key=key).status == 403
    assert client.get("/v1/chat/messages", key=key).status != 403


def test_an_empty_body_is_an_empty_object(client: Client) -> None:
    for raw in (b"", b" \n"):
        answer = client.post("/v1/user", raw=raw, headers={"content-type": "text/plain"})
        assert (answer.status, answer.body["details"]["faults"][0]["location"]) == (400, "body.userId")

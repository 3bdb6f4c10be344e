"""Tokens: three forms, never shown again, each its user's own."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.storage.tables import VAULT
from tests.builders import make_security, make_service, make_token, make_user
from tests.client import Client, with_query

SECRET = "plainly-a-secret-1234"


@pytest.fixture
def service(client: Client) -> str:
    return make_service(client)


@pytest.fixture
def security(client: Client, service: str) -> str:
    return make_security(client, service)


def token_path(service: str, token_id: str = "", user_id: str = "u1") -> str:
    return with_query(f"/v1/service/{service}/token" + (f"/{token_id}" if token_id else ""), userId=user_id)


@pytest.mark.parametrize(
    ("form", "given", "shown"),
    [
        ("key", SECRET, {"set": True, "last4": "1234"}),
        ("key", {"apiKey": SECRET}, {"set": True, "last4": "1234"}),
        ("key", "short", {"set": True}),
        ("basic", {"username": "ada", "password": SECRET}, {"set": True}),
        ("oauth", {"access_token": SECRET, "refreshToken": "r" * 20}, {"set": True, "last4": "1234"}),
    ],
)
def test_creation_answers_what_is_set_and_no_secret(
    client: Client, workspace: str, service: str, security: str, form: str, given: Any, shown: dict[str, Any]
) -> None:
    made = make_token(client, security, "u1", name="mine", **{form: given})
    assert made[form] == shown
    assert [made[other] for other in ("key", "basic", "oauth") if other != form] == [None, None]
    assert (made["name"], made["serviceId"]) == ("mine", service)
    assert made["userId"] == client.get("/v1/user/u1").ok()["id"]
    assert made["virtualId"] != made["id"]
    assert SECRET not in str(VAULT.query_all(f"{workspace}#TOK#{made['userId']}"))


def test_reads_show_id_name_and_status_only(client: Client, service: str, security: str) -> None:
    made = make_token(client, security, "u1", name="mine")
    shown = {"id": made["id"], "name": "mine", "status": "ACTIVE"}
    assert client.get(token_path(service)).ok() == [shown]
    assert client.get(token_path(service, made["id"])).ok() == shown


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"key": None},
        {"key": "a", "basic": {"username": "b"}},
        {"key": ""},
        {"oauth": {}},
        {"key": ["a"]},
        {"key": "a", "serviceUrl": "ftp://x"},
    ],
)
def test_exactly_one_form_is_taken(client: Client, security: str, body: dict[str, Any]) -> None:
    answer = client.post("/v1/user/u1/token", {"name": "n", "serviceSecurityId": security, **body})
    assert answer.status == 400
    assert client.get("/v1/user/u1").status == 404


def test_the_security_must_be_one_of_this_workspace(client: Client, stranger: Client, security: str) -> None:
    assert client.post("/v1/user/u1/token", {"key": "a"}).status == 400
    assert client.post("/v1/user/u1/token", {"key": "a", "serviceSecurityId": "unknown"}).status == 404
    assert stranger.post("/v1/user/u1/token", {"key": "a", "serviceSecurityId": security}).status == 404


def test_a_token_is_its_users_own(client: Client, stranger: Client, service: str, security: str) -> None:
    made = make_token(client, security, "u1")
    make_user(client, "u2")
    assert client.get(token_path(service, user_id="u2")).ok() == []
    for verb in (client.get, client.delete):
        assert verb(token_path(service, made["id"], "u2")).status == 404
    assert client.put(token_path(service, made["id"], "u2"), {"name": "x"}).status == 404
    assert client.get(token_path(service, user_id="nobody")).status == 404
    assert client.get(f"/v1/service/{service}/token").status == 400
    assert stranger.get(token_path(service, made["id"])).status == 404


def test_an_update_changes_name_and_secret(client: Client, service: str, security: str) -> None:
    made = make_token(client, security, "u1")
    path = token_path(service, made["id"])
    assert client.put(path, {"name": "updated token"}).ok()["name"] == "updated token"
    assert client.patch(path, {"token": SECRET}).status == 200
    assert client.patch(path, {"type": "oauth", "token": SECRET, "refreshToken": "r", "tokenType": "Bearer"}).ok()
    assert client.patch(path, {"serviceUrl": "https://example.com"}).status == 200


@pytest.mark.parametrize("body", [{"type": "oauth"}, {"refreshToken": "r"}, {"code": "c"}, {"type": "basic"}])
def test_an_update_that_makes_no_sense_is_refused(
    client: Client, service: str, security: str, body: dict[str, Any]
) -> None:
    made = make_token(client, security, "u1", key="k")
    assert client.put(token_path(service, made["id"]), body).status == 400


def test_a_deleted_token_is_gone(client: Client, service: str, security: str) -> None:
    made = make_token(client, security, "u1")
    path = token_path(service, made["id"])
    assert client.delete(path).ok() == {}
    assert client.delete(path).status == 404
    assert client.get(token_path(service)).ok() == []

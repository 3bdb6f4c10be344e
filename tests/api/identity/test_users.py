"""Users: two ids, unique address, and a deletion that takes effect at once."""

from __future__ import annotations

import pytest

from chalicelib.credentials import models as credentials
from chalicelib.identity import workers
from tests.builders import make_group, make_security, make_service, make_token, make_user
from tests.client import Client, quoted, with_query
from tests.queues import drain


def test_a_user_is_found_by_either_id(client: Client) -> None:
    minted = make_user(client, "hello@example.com", name="Ada")
    by_minted = client.get(quoted("v1", "user", minted)).ok()
    by_own = client.get(quoted("v1", "user", "hello@example.com")).ok()
    assert by_minted == by_own
    assert (by_own["id"], by_own["userId"], by_own["name"]) == (minted, "hello@example.com", "Ada")


def test_id_stands_for_user_id_on_creation(client: Client) -> None:
    minted = client.post("/v1/user", {"id": "u1", "name": "Ada"}).ok()["id"]
    assert minted != "u1"
    assert client.get("/v1/user/u1").ok()["id"] == minted


@pytest.mark.parametrize("body", [{}, {"userId": ""}, {"userId": 7}, {"userId": "a\nb"}, {"userId": "u", "email": "x"}])
def test_a_malformed_user_is_refused_by_field(client: Client, body: dict[str, object]) -> None:
    answer = client.post("/v1/user", body)
    assert answer.status == 400
    assert answer.body["details"]["faults"][0]["location"].startswith("body.")


def test_user_id_and_email_are_unique(client: Client) -> None:
    make_user(client, "u1", email="a@example.com")
    assert client.post("/v1/user", {"userId": "u1"}).status == 409
    assert client.post("/v1/user", {"userId": "u2", "email": "A@example.com"}).status == 409
    make_user(client, "u2")
    assert client.put("/v1/user/u2", {"email": "a@example.com"}).status == 409


def test_an_update_keeps_what_is_absent_and_clears_what_is_null(client: Client) -> None:
    make_user(client, "u1", email="a@example.com", name="Ada")
    shown = client.patch("/v1/user/u1", {"name": "Grace", "id": "x", "userId": "y"}).ok()
    assert (shown["name"], shown["email"], shown["userId"]) == ("Grace", "a@example.com", "u1")
    assert "email" not in client.put("/v1/user/u1", {"email": None}).ok()
    make_user(client, "u2", email="a@example.com")


def test_another_workspace_sees_nothing(client: Client, stranger: Client) -> None:
    minted = make_user(client, "u1")
    assert stranger.get(f"/v1/user/{minted}").status == 404
    assert stranger.delete("/v1/user/u1").status == 404
    make_user(stranger, "u1")


def test_a_deleted_user_is_gone_at_once_and_its_tokens_follow(client: Client, workspace: str, no_delays: None) -> None:
    minted = make_user(client, "u1")
    service = make_service(client)
    make_token(client, make_security(client, service), "u1")
    assert client.delete("/v1/user/u1").ok() == {}
    assert client.get("/v1/user/u1").status == 404
    assert client.delete("/v1/user/u1").status == 404
    assert credentials.tokens_of(workspace, minted, service)
    drain("platform_cleanup", workers.platform_cleanup)
    assert not credentials.tokens_of(workspace, minted, service)
    assert make_user(client, "u1") != minted


def test_a_repeated_creation_under_one_key_answers_the_same(client: Client) -> None:
    headers = {"Idempotency-Key": "k1"}
    first = client.post("/v1/user", {"userId": "u1"}, headers=headers)
    again = client.post("/v1/user", {"userId": "u1"}, headers=headers)
    assert again.body == first.body
    assert again.headers["idempotent-replayed"] == "true"
    assert client.post("/v1/user", {"userId": "u2"}, headers=headers).status == 409


def test_an_identifier_that_is_another_users_id_is_refused(client: Client) -> None:
    taken = client.post("/v1/user", {"userId": "ada"}).ok()["id"]
    assert client.post("/v1/user", {"userId": taken}).status == 409
    free = "00000000-0000-4000-8000-00000000abcd"
    assert client.post("/v1/user", {"userId": free}).status == 200


def test_an_idempotency_key_holds_for_one_path_query_and_body(client: Client) -> None:
    key = {"Idempotency-Key": "k-1"}
    first = client.post("/v1/user?userId=a", {"userId": "ada"}, headers=key)
    again = client.post("/v1/user?userId=a", {"userId": "ada"}, headers=key)
    assert (again.status, again.body, again.headers["idempotent-replayed"]) == (200, first.ok(), "true")
    for path, body in (
        ("/v1/user?userId=a", {"userId": "bob"}),
        ("/v1/user?userId=b", {"userId": "ada"}),
        ("/v1/service?userId=a", {"userId": "ada"}),
    ):
        assert client.post(path, body, headers=key).status == 409


def test_what_is_not_known_of_a_user_is_left_out(client: Client) -> None:
    make_user(client, "u1")
    assert client.get("/v1/user/u1").ok().keys() == {"id", "userId", "insertedAt", "updatedAt"}


def test_an_identifier_may_be_as_long_in_a_body_as_in_a_path(client: Client) -> None:
    longest = "ü" * 256
    make_user(client, longest)
    assert client.get(quoted("v1", "user", longest)).ok()["userId"] == longest
    assert client.post("/v1/user", {"userId": longest + "x"}).status == 400


@pytest.mark.parametrize("name", ["userId", "userCredentialId"])
@pytest.mark.parametrize("value", ["", "a\x0f", "x" * 257])
def test_a_query_that_can_name_nobody_is_refused_by_every_operation(client: Client, name: str, value: str) -> None:
    path = with_query(f"/v1/group/{make_group(client)}", **{name: value})
    for verb in ("GET", "PUT", "DELETE"):
        answer = client.send(verb, path, {} if verb == "PUT" else None)
        assert (answer.status, answer.body["details"]["faults"][0]["location"]) == (400, f"query.{name}")


@pytest.mark.parametrize("path", ["/v1/openapi.json", "/v1/admin/bots"])
def test_where_nobody_can_be_named_the_query_is_left_alone(client: Client, path: str) -> None:
    assert client.get(with_query(path, userId="", userCredentialId="a\x0f")).status == 200

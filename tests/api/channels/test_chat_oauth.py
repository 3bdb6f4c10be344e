"""Connecting a chat in the browser: no key, but a state that counts once."""

from __future__ import annotations

import hashlib
import hmac
from urllib.parse import parse_qs, urlsplit

import pytest

from chalicelib.adapters import http_client
from chalicelib.channels import chat_oauth
from chalicelib.core import cache
from tests.client import Client, with_query
from tests.fakes.http_client import FakeHttp

PATH = "/v1/subscribers/ann/credentials/slack/oauth"


@pytest.fixture
def http(monkeypatch: pytest.MonkeyPatch) -> FakeHttp:
    made = FakeHttp()
    monkeypatch.setattr(http_client, "send", made.send)
    return made


def environment(client: Client, **credentials: object) -> str:
    body = {"providerId": "slack", "channel": "chat", "active": True}
    keys = {"clientId": "C", "secretKey": "S", **credentials}
    assert client.post("/v1/integrations", {**body, "credentials": keys}).status == 201
    return str(client.get("/v1/environments/me").body["data"]["_id"])


def begin(client: Client, own: str, **more: str) -> str:
    answer = client.get(with_query(PATH, environmentId=own, **more), key=None)
    assert answer.status == 302, answer.body
    query = parse_qs(urlsplit(answer.headers["location"]).query)
    assert (query["client_id"], query["scope"]) == (["C"], ["incoming-webhook"])
    return query["state"][0]


def test_a_code_becomes_the_address_of_the_subscriber(client: Client, http: FakeHttp) -> None:
    own = environment(client)
    http.answer(chat_oauth.ACCESS_URL, 200, b'{"ok": true, "incoming_webhook": {"url": "https://hooks.example.com/1"}}')
    state = begin(client, own)
    back = with_query(f"{PATH}/callback", environmentId=own, code="c", state=state)
    done = client.get(back, key=None)
    assert (done.status, done.headers["content-type"]) == (200, "text/html; charset=utf-8")
    (entry,) = client.get("/v1/subscribers/ann").body["data"]["channels"]
    assert entry["credentials"] == {"webhookUrl": "https://hooks.example.com/1"}
    assert client.get(back, key=None).status == 400  # a state counts once


def test_a_state_of_somebody_else_is_refused(client: Client, http: FakeHttp) -> None:
    own = environment(client)
    begin(client, own)
    for state in ("", "made-up"):
        answer = client.get(with_query(f"{PATH}/callback", environmentId=own, code="c", state=state), key=None)
        assert answer.status == 400
    assert http.sent == []


def signed(key: str) -> str:
    return hmac.new(key.encode(), b"ann", hashlib.sha256).hexdigest()


def test_a_link_must_be_signed_where_the_integration_asks(client: Client) -> None:
    own = environment(client, hmac=True)
    for wrong in ("x", "\u00e4", signed("S"), signed("")):
        assert client.get(with_query(PATH, environmentId=own, hmacHash=wrong), key=None).status == 400
    assert begin(client, own, hmacHash=signed(client.key))


def test_the_key_that_signs_is_never_shown_and_ends_with_its_revocation(client: Client) -> None:
    made = client.post("/v1/admin/keys", {"name": "server", "scopes": ["read", "write", "run"]}).body
    own = environment(client, hmac=True)
    slack = next(one for one in client.get("/v1/integrations").body["data"] if one["providerId"] == "slack")
    assert slack["credentials"] == {"clientId": "C", "secretKey": "S", "hmac": True}
    again = {"credentials": {"clientId": "C", "secretKey": "S", "hmac": True}}
    assert client.put(f"/v1/integrations/{slack['_id']}", again, key=made["key"]).status == 200
    assert begin(client, own, hmacHash=signed(made["key"]))
    assert client.delete(f"/v1/admin/keys/{made['id']}").status in (200, 204)
    cache.forget_all()
    assert client.get(with_query(PATH, environmentId=own, hmacHash=signed(made["key"])), key=None).status == 400


def test_what_is_unknown_is_not_found(client: Client) -> None:
    assert client.get(with_query(PATH, environmentId="nope"), key=None).status == 404
    own = str(client.get("/v1/environments/me").body["data"]["_id"])
    assert client.get(with_query(PATH, environmentId=own), key=None).status == 404


GRANTED = b'{"ok": true, "incoming_webhook": {"url": "https://hooks.example.com/1"}}'


def back_to(own: str, state: str, path: str = PATH, **more: str) -> str:
    return with_query(f"{path}/callback", environmentId=own, state=state, **more)


def add(
    client: Client, identifier: str, provider: str = "slack", *, active: bool = True, **credentials: object
) -> None:
    keys = {"clientId": identifier, "secretKey": "S", **credentials}
    body = {"providerId": provider, "channel": "chat", "active": active, "identifier": identifier}
    assert client.post("/v1/integrations", {**body, "credentials": keys}).status == 201


def asked_for(client: Client, own: str, **more: str) -> tuple[str, str]:
    """Give the client id and the address to come back to, as the provider is told."""
    answer = client.get(with_query(PATH, environmentId=own, **more), key=None)
    query = parse_qs(urlsplit(answer.headers["location"]).query)
    return query["client_id"][0], query["redirect_uri"][0]


def test_only_one_provider_is_connected_this_way(client: Client) -> None:
    own = environment(client)
    add(client, "other", "discord")
    for path in (PATH.replace("slack", "discord"), f"{PATH.replace('slack', 'discord')}/callback"):
        assert client.get(with_query(path, environmentId=own, state="x"), key=None).status == 404


def test_an_integration_is_named_or_the_last_that_is_in_use(client: Client) -> None:
    own = environment(client)
    for identifier in ("one", "two"):
        add(client, identifier)
    add(client, "off", active=False)
    add(client, "discord", "discord")
    assert asked_for(client, own)[0] == asked_for(client, own, integrationIdentifier="")[0] == "two"
    chosen, back = asked_for(client, own, integrationIdentifier="one")
    assert chosen == "one"
    assert parse_qs(urlsplit(back).query) == {"environmentId": [own], "integrationIdentifier": ["one"]}
    for wrong in ("off", "discord", "none"):
        assert client.get(with_query(PATH, environmentId=own, integrationIdentifier=wrong), key=None).status == 404


def test_without_a_client_id_nobody_is_sent_anywhere(client: Client) -> None:
    own = environment(client, clientId="")
    assert client.get(with_query(PATH, environmentId=own), key=None).status == 404


def test_a_state_holds_for_its_subscriber_and_its_integration(client: Client, http: FakeHttp) -> None:
    own = environment(client)
    add(client, "one")
    add(client, "two")
    state = begin_with(client, own, "one")
    bob = PATH.replace("ann", "bob")
    assert client.get(back_to(own, state, bob, code="c", integrationIdentifier="one"), key=None).status == 400
    state = begin_with(client, own, "one")
    assert client.get(back_to(own, state, code="c", integrationIdentifier="two"), key=None).status == 400
    assert http.sent == []


def begin_with(client: Client, own: str, identifier: str) -> str:
    answer = client.get(with_query(PATH, environmentId=own, integrationIdentifier=identifier), key=None)
    return parse_qs(urlsplit(answer.headers["location"]).query)["state"][0]


def test_the_browser_goes_on_to_where_the_integration_says(client: Client, http: FakeHttp) -> None:
    own = environment(client, redirectUrl="https://app.example.com/done")
    http.answer(chat_oauth.ACCESS_URL, 200, GRANTED)
    done = client.get(back_to(own, begin(client, own), code="c"), key=None)
    assert (done.status, done.headers["location"]) == (302, "https://app.example.com/done")
    sent = parse_qs((http.sent[0][1].body or b"").decode())
    assert (sent["client_id"], sent["client_secret"], sent["code"]) == (["C"], ["S"], ["c"])


@pytest.mark.parametrize("said", [b'{"ok": false}', b"[]", b"no json", b'{"incoming_webhook": null}'])
def test_a_code_that_the_provider_does_not_take_connects_nobody(client: Client, http: FakeHttp, said: bytes) -> None:
    own = environment(client)
    http.answer(chat_oauth.ACCESS_URL, 200, said)
    assert client.get(back_to(own, begin(client, own), code="c"), key=None).status == 400
    assert client.get("/v1/subscribers/ann").status == 404


def test_without_a_code_nobody_is_asked(client: Client, http: FakeHttp) -> None:
    own = environment(client)
    assert client.get(back_to(own, begin(client, own)), key=None).status == 400
    assert http.sent == []


def test_the_key_of_another_workspace_signs_nothing_here(
    client: Client, stranger: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = environment(client, hmac=True)
    opened = chat_oauth.integrations.open_credentials

    def moved(item: object) -> dict[str, object]:
        return {**opened(item), chat_oauth.integrations.SIGNING_KEY: stranger.key}  # type: ignore[arg-type]

    monkeypatch.setattr(chat_oauth.integrations, "open_credentials", moved)
    assert client.get(with_query(PATH, environmentId=own, hmacHash=signed(stranger.key)), key=None).status == 400

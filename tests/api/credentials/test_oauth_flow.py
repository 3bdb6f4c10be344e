"""Connecting an account: the address where access is granted, and the callback."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import pytest

from chalicelib.connectors import public as connectors
from chalicelib.credentials import public as credentials
from chalicelib.storage.item import DEPLOYMENT
from chalicelib.storage.table import Key
from chalicelib.storage.tables import VAULT
from tests.api.credentials.signing import Signing, parameters, set_auth
from tests.builders import USER, make_security, make_service
from tests.client import Client, with_query
from tests.fakes.oauth_provider import BASE, CLIENT_ID, SHORT

# --- the address ------------------------------------------------------------------------------------------------


def test_the_address_has_all_a_provider_needs(signing: Signing) -> None:
    url = signing.url()
    asked = parameters(url)
    assert url.startswith(f"{BASE}/authorize?")
    assert asked["redirect_uri"].endswith("/v1/oauth/callback")
    assert (asked["client_id"], asked["scope"], asked["tenant"]) == (CLIENT_ID, "openid mail", "1")
    assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
    assert len(asked["state"]) == len(asked["code_challenge"]) == 43
    assert parameters(signing.url())["state"] != asked["state"]


def test_the_user_is_made_on_the_fly(signing: Signing) -> None:
    assert signing.client.get(f"/v1/user/{USER}").status == 404
    signing.url()
    assert signing.client.get(f"/v1/user/{USER}").status == 200


def test_what_makes_the_flow_safe_cannot_be_set_otherwise(signing: Signing) -> None:
    bad = {
        "state": "mine",
        "code_challenge_method": "plain",
        "redirect_uri": "https://evil.example",
        "access_type": "x",
    }
    set_auth(signing, {**SHORT, "parameter": bad})
    asked = parameters(signing.url())
    assert (asked["code_challenge_method"], asked["access_type"]) == ("S256", "x")
    assert asked["state"] != "mine" and "evil" not in asked["redirect_uri"]


def test_a_missing_value_is_named(client: Client, signing: Signing) -> None:
    variable = next(v for v in client.get(f"/v1/service/{signing.service}/variable").ok() if v["name"] == "clientId")
    client.put(f"/v1/service/{signing.service}/variable/{variable['id']}/value", {"value": None}).ok()
    answer = signing.ask()
    assert (answer.status, answer.body["details"]) == (409, {"variable": "clientId"})
    assert client.get(f"/v1/user/{USER}").status == 404


def test_a_disabled_service_is_refused(client: Client, signing: Signing) -> None:
    client.put(f"/v1/service/{signing.service}", {"enabled": False}).ok()
    assert signing.ask().status == 403


def test_a_service_without_oauth_is_refused(client: Client) -> None:
    service = make_service(client)
    make_security(client, service)
    answer = client.get(with_query(f"/v1/service/{service}/oauth", userId="u"))
    assert (answer.status, "oauth2" in answer.body["error"]) == (409, True)


@pytest.mark.parametrize(
    "auth",
    [
        {},
        "text",
        {"authorization": {}},
        {"authorization": {"url": "javascript:alert(1)"}},
        {"authorization": {"url": "https://169.254.169.254/"}},
        {**SHORT, "clientAuthentication": "magic"},
        {**SHORT, "parameter": {"response_mode": "form_post"}},
        {**SHORT, "parameter": {"x": "${nothing.here}"}},
        {**SHORT, "parameter": {"x": {"@type": "reference", "operation": "other"}}},
    ],
)
def test_settings_that_cannot_be_used_are_a_conflict(signing: Signing, auth: Any) -> None:
    set_auth(signing, auth)
    assert signing.ask().status == 409


def test_securities_are_named_or_chosen(client: Client, signing: Signing) -> None:
    signing.clock.advance_s(1)
    other = make_security(client, signing.service, type="oauth2", config={"auth": {**SHORT, "scopes": "other"}})
    key = make_security(client, signing.service)
    assert parameters(signing.url())["scope"] == "openid mail"
    assert parameters(signing.url(securityId=other))["scope"] == "other"
    assert [signing.ask(securityId=wrong).status for wrong in (key, "unknown")] == [404, 404]
    version = client.get(f"/v1/service/{signing.service}/version").ok()[0]["id"]
    client.put(f"/v1/service/{signing.service}/version/{version}", {"defaultServiceSecurityId": other}).ok()
    assert parameters(signing.url())["scope"] == "other"


# --- the callback -----------------------------------------------------------------------------------------------


def test_the_whole_way(signing: Signing) -> None:
    token = signing.connect()
    assert token == {"id": token["id"], "name": "ada@provider.example", "status": "ACTIVE"}
    assert signing.run().ok()["output"] == "ada"
    assert signing.provider.refreshes == 0


def test_the_page_says_nothing_of_the_request_and_loads_nothing(signing: Signing) -> None:
    answer = signing.come_back(signing.provider.grant(signing.url()))
    assert (answer.status, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert answer.headers["cache-control"] == "no-store"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "secret" not in answer.body and "state" not in answer.body


def test_a_state_works_once(signing: Signing) -> None:
    back = signing.provider.grant(signing.url())
    assert [signing.come_back(back).status for _ in range(3)] == [200, 400, 400]
    assert len(signing.tokens()) == 1


def test_a_state_that_two_read_at_once_works_for_one(signing: Signing, monkeypatch: pytest.MonkeyPatch) -> None:
    back = signing.provider.grant(signing.url())
    key = Key(f"{DEPLOYMENT}#STATE#{hashlib.sha256(back['state'].encode()).hexdigest()}", "S")
    read, row = type(VAULT).get, VAULT.get(key)
    assert row is not None
    monkeypatch.setattr(type(VAULT), "get", lambda it, at, **more: row if at == key else read(it, at, **more))
    assert [signing.come_back(back).status for _ in range(2)] == [200, 400]
    assert len(signing.provider.forms) == 1


@pytest.mark.parametrize("state", [None, "", "x", "x" * 43, "é" * 43, "../" * 400])
def test_a_forged_state_is_refused(signing: Signing, state: str | None) -> None:
    back = {"code": "<b>c</b>"} | ({} if state is None else {"state": state})
    answer = signing.come_back(back)
    assert (answer.status, "<b>" in answer.body) == (400, False)
    assert signing.provider.forms == []


def test_a_state_lasts_ten_minutes(signing: Signing) -> None:
    back = signing.provider.grant(signing.url())
    signing.clock.advance_s(599)
    late = signing.provider.grant(signing.url())
    assert signing.come_back(back).status == 200
    signing.clock.advance_s(601)
    assert signing.come_back(late).status == 400


def test_a_state_of_another_workspace_leads_there_alone(signing: Signing, workspace: str, stranger: Client) -> None:
    """Moving what is stored under a state to another one, or to another workspace, opens nothing."""
    first, second = signing.provider.grant(signing.url()), signing.provider.grant(signing.url())
    rows = [row for row in all_states() if row["doc"]["workspace_id"] == workspace]
    VAULT.put({**rows[0], "doc": rows[1]["doc"]})
    VAULT.put({**rows[1], "doc": {**rows[1]["doc"], "workspace_id": stranger.key}})
    assert {signing.come_back(back).status for back in (first, second)} == {400}
    assert signing.provider.forms == []


def all_states() -> list[dict[str, Any]]:
    from moto.core import DEFAULT_ACCOUNT_ID
    from moto.dynamodb.models import dynamodb_backends

    table = dynamodb_backends[DEFAULT_ACCOUNT_ID]["eu-central-1"].tables[VAULT.name]
    keys = [pk.value for pk in table.items if pk.value.startswith("-#STATE#")]
    return [row for key in keys if (row := VAULT.get(Key(key, "S")))]


def test_a_state_is_stored_as_a_hash_and_its_content_sealed(signing: Signing) -> None:
    state = parameters(signing.url())["state"]
    assert state not in str(all_states()) and USER not in str(all_states())


@pytest.mark.parametrize("issuer", ["https://other.example", f"{BASE}/"])
def test_another_issuers_answer_is_refused(signing: Signing, issuer: str) -> None:
    back = signing.provider.grant(signing.url())
    assert signing.come_back({**back, "iss": issuer}).status == 400
    assert (signing.provider.forms, signing.come_back(back).status) == ([], 400)


@pytest.mark.parametrize(("issuer", "status"), [("https://other.example", 400), (f"{BASE}/tenant", 200)])
def test_without_a_configured_issuer_its_host_counts(signing: Signing, issuer: str, status: int) -> None:
    set_auth(signing, {name: value for name, value in SHORT.items() if name != "issuer"})
    assert signing.come_back({**signing.provider.grant(signing.url()), "iss": issuer}).status == status


@pytest.mark.parametrize(
    "wrong", [{"iss": "https://other.example"}, {"aud": "other-client"}, {"aud": ["a", "b"]}, {"sub": "bob"}]
)
def test_an_id_token_that_is_not_for_us_or_of_somebody_else_is_refused(signing: Signing, wrong: dict[str, Any]) -> None:
    claims = {"iss": BASE, "sub": "ada", "aud": CLIENT_ID, **wrong}
    middle = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    signing.provider.extra = {"id_token": f"a.{middle}.c"}
    assert signing.come_back(signing.provider.grant(signing.url())).status == 400
    assert signing.tokens() == []


@pytest.mark.parametrize(("error", "text"), [("access_denied", "not granted"), ("<script>", "did not complete")])
def test_a_providers_error_becomes_a_readable_page_and_spends_the_state(
    signing: Signing, error: str, text: str
) -> None:
    back = signing.provider.grant(signing.url())
    answer = signing.come_back({"state": back["state"], "error": error, "error_description": "<script>"})
    assert (answer.status, text in answer.body, "<script>" in answer.body) == (400, True, False)
    assert signing.come_back(back).status == 400


@pytest.mark.parametrize("code", [None, "", "x" * 8_193])
def test_what_can_be_no_code_is_not_shown_to_the_provider(signing: Signing, code: str | None) -> None:
    state = signing.provider.grant(signing.url())["state"]
    answer = signing.come_back({"state": state} if code is None else {"state": state, "code": code})
    assert (answer.status, signing.provider.forms) == (400, [])


def test_an_account_is_run_with_as_soon_as_it_is_connected(signing: Signing) -> None:
    signing.connect("bob")
    service = connectors.find_service(signing.client.key, signing.service)

    def chosen() -> str | None:
        place = (signing.client.key, service, None, "bob", None)
        found = credentials.credential_for(*place, required=False, cached=True)
        return None if found is None else found.id

    first = chosen()
    signing.client.delete(with_query(f"/v1/service/{signing.service}/token/{first}", userId="bob")).ok()
    assert chosen() is None
    assert signing.connect("bob")["id"] == chosen() != first


def test_a_refused_code_is_told_without_the_providers_words(signing: Signing) -> None:
    back = {**signing.provider.grant(signing.url()), "code": "stolen-code"}
    answer = signing.come_back(back)
    assert (answer.status, "stolen" in answer.body) == (400, False)
    assert signing.tokens() == []


@pytest.mark.parametrize(
    "extra",
    [
        {"self": 1, "service_url": "x", "redirect_uri": "y", "source": 2, "code": 3, "ok": None, "account": 7},
        {"scope": ["a"], "expires_in": "never", "id_token": "a.b.c", "refresh_token": 5},
    ],
)
def test_whatever_else_a_provider_answers_is_taken(signing: Signing, extra: dict[str, Any]) -> None:
    signing.provider.extra = extra
    assert signing.connect()["name"] == "ada@provider.example"
    assert signing.run().ok()["output"] == "ada"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[1]",
        b"[" * 5000,
        b'{"access_token": "\\ud800"}',
        b'{"access_token": 5}',
        b'{"access_token": "a", "access_token": "b"}',
        b'{"access_token": NaN}',
        b"\xff",
        b'{"__proto__": {}, "access_token": "a"}',
        b'{"ok": false, "error": "invalid_code"}',
        b'{"error": {"deep": 1}}',
    ],
)
def test_an_answer_that_cannot_be_used_is_refused(signing: Signing, body: bytes) -> None:
    signing.provider.refusal = body
    answer = signing.come_back(signing.provider.grant(signing.url()))
    assert (answer.status, "did not complete" in answer.body) == (400, True)


def test_a_code_of_another_authorization_is_refused(signing: Signing) -> None:
    """PKCE: a code injected into another user's callback does not fit the verifier."""
    attackers, victims = signing.provider.grant(signing.url("attacker")), signing.provider.grant(signing.url("victim"))
    assert signing.come_back({**victims, "code": attackers["code"]}).status == 400
    assert signing.tokens("victim") == []


@pytest.mark.parametrize("change", ["settings", "service", "user", "disabled"])
def test_what_changed_meanwhile_ends_it(client: Client, signing: Signing, change: str) -> None:
    back = signing.provider.grant(signing.url())
    if change == "settings":
        set_auth(signing, {**SHORT, "tokenUrl": "https://evil.example/token"})
    elif change == "disabled":
        client.put(f"/v1/service/{signing.service}", {"enabled": False}).ok()
    else:
        client.delete(f"/v1/service/{signing.service}" if change == "service" else f"/v1/user/{USER}").ok()
    assert signing.come_back(back).status == 400
    assert signing.provider.forms == []


def test_the_browser_that_began_may_be_the_only_one_to_finish(signing: Signing) -> None:

    cookie = "a-random-value"
    browser = base64.urlsafe_b64encode(hashlib.sha256(cookie.encode()).digest()).rstrip(b"=").decode()
    ours, theirs = (signing.provider.grant(signing.url(browser=browser)) for _ in range(2))
    assert signing.come_back(theirs).status == 400
    assert signing.come_back(ours, headers={"cookie": f"a=b; millrace_browser={cookie}"}).status == 200
    assert signing.ask(browser=cookie).status == 400

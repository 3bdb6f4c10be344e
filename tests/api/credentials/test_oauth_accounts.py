"""What connecting an account leaves: whose token it is, where the browser goes, codes that came another way."""

from __future__ import annotations

import base64
import json

import pytest

from chalicelib.credentials.oauth.states import s256
from tests.api.credentials.signing import Signing, parameters, set_auth
from tests.builders import USER, make_security
from tests.client import Client, with_query
from tests.fakes.oauth_provider import BASE, CLIENT_ID, SHORT

HOME = "https://app.example/done"


# --- accounts ---------------------------------------------------------------------------------------------------


def test_the_same_account_updates_its_token_and_keeps_its_ids(signing: Signing) -> None:
    first = signing.connect(account="ada")
    virtual = signing.row()["doc"]["virtual_id"]
    signing.clock.advance_s(10)
    again = signing.connect(account="ada")
    assert again["id"] == first["id"] and len(signing.tokens()) == 1
    row = signing.row()
    assert (row["doc"]["virtual_id"], row["ver"]) == (virtual, 2)
    assert len({token["id"] for token in (first, signing.connect(account="bob"))}) == 2
    assert signing.connect("another", account="ada")["id"] != first["id"]


def test_a_deleted_token_gives_its_account_up(client: Client, signing: Signing) -> None:
    first = signing.connect()
    client.delete(with_query(f"/v1/service/{signing.service}/token/{first['id']}", userId=USER)).ok()
    assert signing.connect()["id"] != first["id"]


def test_a_token_may_be_named_for_renewal(signing: Signing) -> None:
    first = signing.connect(account="ada")
    assert signing.connect(account="ada", userCredentialId=first["id"])["id"] == first["id"]
    back = signing.provider.grant(signing.url(userCredentialId=first["id"]), "bob")
    answer = signing.come_back(back)
    assert (answer.status, "another account" in answer.body) == (400, True)
    assert signing.ask("other", userCredentialId=first["id"]).status == 404


def test_a_token_is_renewed_only_for_its_own_security(client: Client, signing: Signing) -> None:
    first = signing.connect(account="ada")
    other = make_security(client, signing.service, type="oauth2", config={"auth": SHORT})
    back = signing.provider.grant(signing.url(userCredentialId=first["id"], securityId=other))
    assert signing.come_back(back).status == 400
    assert (len(signing.tokens()), signing.row()["ver"]) == (1, 1)


def test_a_token_without_an_account_gets_one_when_it_is_renewed(client: Client, signing: Signing) -> None:
    body = {"name": "n", "serviceSecurityId": signing.security, "oauth": {"accessToken": "a" * 20}}
    made = client.post(f"/v1/user/{USER}/token", body).ok()
    assert signing.connect(account="ada", userCredentialId=made["id"])["id"] == made["id"]
    assert signing.connect(account="ada")["id"] == made["id"]


def test_without_user_info_the_id_token_tells_who_it_is(signing: Signing) -> None:

    set_auth(signing, {name: value for name, value in SHORT.items() if name != "userInfoUrl"})
    claims = {"iss": BASE, "sub": "s-1", "aud": [CLIENT_ID], "email": "e@x"}
    middle = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    signing.provider.extra = {"id_token": f"a.{middle}.c"}
    first = signing.connect()
    assert (first["name"], signing.connect()["id"]) == ("e@x", first["id"])


# --- where the browser goes in the end --------------------------------------------------------------------------


def test_a_browser_is_sent_only_where_the_workspace_allows(client: Client, signing: Signing) -> None:
    assert signing.ask(redirectUrl=HOME).status == 400
    made = client.put("/v1/oauth/redirects", {"urls": [HOME, "http://localhost:3000/"]}).ok()
    assert made == client.get("/v1/oauth/redirects").ok() and made["urls"] == [HOME, "http://localhost:3000/"]
    assert made["callback"] == parameters(signing.url())["redirect_uri"]
    near = [
        f"{HOME}/",
        f"{HOME}x",
        HOME.replace("https", "http"),
        "https://app.example.evil/done",
        "//app.example/done",
    ]
    near += ["https://app.example@evil/done", "https://app.example:444/done", "javascript:alert(1)//", HOME + "#x"]
    assert {signing.ask(redirectUrl=wrong).status for wrong in near} == {400}
    back = signing.provider.grant(signing.url(redirectUrl=f"{HOME}?mine=1&status=forged"))
    answer = signing.come_back(back)
    assert (answer.status, answer.body) == (302, "")
    (token,) = signing.tokens()
    assert answer.headers["location"] == f"{HOME}?mine=1&status=success&userCredentialId={token['id']}"
    denied = signing.provider.grant(signing.url(redirectUrl=HOME))
    answer = signing.come_back({"state": denied["state"], "error": "access_denied"})
    assert answer.headers["location"] == f"{HOME}?status=error&reason=access_denied"
    assert signing.come_back(denied).status == 400


@pytest.mark.parametrize("url", ["http://app.example/", "https://a b/", "https:///x", "https://u@h/", "https://h/?a=b"])
def test_addresses_that_cannot_be_on_the_list(client: Client, url: str) -> None:
    assert client.put("/v1/oauth/redirects", {"urls": [url]}).status == 400


# --- codes that came another way --------------------------------------------------------------------------------


def test_an_update_exchanges_a_code(client: Client, signing: Signing) -> None:
    token = signing.connect()
    code = signing.provider.grant(signing.url())["code"]
    asked = signing.provider.codes[code]
    verifier = "v" * 43
    asked["code_challenge"] = s256(verifier)
    path = with_query(f"/v1/service/{signing.service}/token/{token['id']}", userId=USER)
    assert client.put(path, {"code": "wrong", "codeVerifier": verifier}).status == 502
    assert client.put(path, {"code": code, "codeVerifier": verifier}).ok()["status"] == "ACTIVE"
    assert signing.row()["ver"] == 2
    assert client.put(path, {"code": code, "token": "t"}).status == 400

"""The forms that auth settings may have, and the hook of a version for providers that differ."""

from __future__ import annotations

import pytest

from tests.api.credentials.signing import Signing, reference, set_auth
from tests.builders import make_variable, make_version
from tests.client import Client
from tests.fakes.oauth_provider import BASE, SHORT

LONG = {
    "authorization": {
        "method": "GET",
        "url": f"{BASE}/authorize",
        "parameter": {"client_id": reference("platformServiceVariable", variable="clientId"), "scope": "a b"},
    },
    "accessToken": {
        "method": "POST",
        "url": f"{BASE}/token",
        "headers": {"content-type": "application/x-www-form-urlencoded"},
        "form": {
            "grant_type": "authorization_code",
            "code": reference("source", path=["code"]),
            "redirect_uri": "${redirect_uri}",
            "client_id": reference("platformServiceVariable", variable="clientId"),
            "client_secret": "${service.vars.clientSecret}",
            "unset": reference("source", path=["nothing"]),
        },
    },
    "refreshToken": {
        "method": "POST",
        "url": f"{BASE}/token",
        "form": {
            "grant_type": "refresh_token",
            "refresh_token": reference("source", path=["refresh_token"]),
            "client_id": "${vars.clientId}",
            "client_secret": "${vars.clientSecret}",
        },
    },
    "userInfo": {"method": "GET", "url": f"{BASE}/me", "headers": {}, "path": ["email"]},
}


def test_the_long_form_with_references(signing: Signing) -> None:
    set_auth(signing, LONG)
    assert signing.connect()["name"] == "ada@provider.example"
    sent = signing.provider.forms[0]
    assert sent.keys() == {"grant_type", "code", "redirect_uri", "client_id", "client_secret", "code_verifier"}
    signing.clock.advance_s(3600)
    assert signing.run().ok()["output"] == "ada"
    assert signing.provider.refreshes == 1


def test_settings_may_lie_in_the_version(client: Client, signing: Signing) -> None:
    set_auth(signing, None)
    assert signing.ask().status == 409
    version = client.get(f"/v1/service/{signing.service}/version").ok()[0]["id"]
    client.put(f"/v1/service/{signing.service}/version/{version}", {"setting": {"auth": LONG}}).ok()
    assert signing.connect()["name"] == "ada@provider.example"


@pytest.mark.parametrize("way", ["basic", "post"])
def test_clients_show_who_they_are_as_asked(signing: Signing, way: str) -> None:
    set_auth(signing, {**SHORT, "clientAuthentication": way})
    signing.connect()
    assert ("client_secret" in signing.provider.forms[0]) == (way == "post")


HOOK = f"""
const form = new URLSearchParams({{client_id: input.vars.clientId, client_secret: input.vars.clientSecret}});
if (input.refresh_token) {{
  if (input.vars.broken) throw new Error(input.refresh_token);
  form.set("grant_type", "refresh_token"); form.set("refresh_token", input.refresh_token);
}} else {{
  form.set("grant_type", "authorization_code"); form.set("code", input.code);
  form.set("redirect_uri", input.redirect_uri); form.set("code_verifier", input.code_verifier);
}}
const answer = await $.axios.post("{BASE}/token", form.toString(), {{validateStatus: () => true,
  headers: {{"content-type": "application/x-www-form-urlencoded"}}}});
if (answer.data.error) return {{error: answer.data.error}};
return {{...answer.data, account: {{id: "by-hook", name: "From the hook"}}}};
"""


def with_hook(signing: Signing, code: str) -> None:
    version = make_version(signing.client, signing.service, name="2.0.0", logic={"oauth": code})
    signing.client.put(f"/v1/service/{signing.service}", {"defaultVersionId": version}).ok()


def test_the_versions_hook_exchanges_and_refreshes(signing: Signing) -> None:
    with_hook(signing, HOOK)
    assert signing.connect()["name"] == "From the hook"
    signing.clock.advance_s(3600)
    assert signing.run().ok()["output"] == "ada"
    assert signing.provider.refreshes == 1
    signing.provider.refreshable.clear()
    signing.clock.advance_s(3600)
    assert signing.run().body["error"] == "Connector token is unauthorized"
    assert signing.tokens()[0]["status"] == "NEEDS_REAUTH"


def test_a_hook_that_fails_says_nothing_secret(signing: Signing) -> None:
    with_hook(signing, HOOK)
    signing.connect()
    make_variable(signing.client, signing.service, name="broken", value="yes")
    signing.clock.advance_s(3600)
    answer = signing.run()
    assert (answer.status, "secret" in str(answer.body)) == (502, False)
    told = answer.body["error"]
    assert told.startswith("the oauth hook failed at line")

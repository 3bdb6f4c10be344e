"""OAuth 2 against a certified OpenID provider, through a running platform and with a browser that follows redirects."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import pytest
import requests

from infra.harness.stack import Stack
from tests.real import packages
from tests.real.api_client import Client
from tests.real.oauth_provider import CLIENT_ID, CLIENT_SECRET, Browser, Provider

PARALLEL = 100
UNAUTHORIZED = "Connector token is unauthorized"
ME = """
const headers = { authorization: `Bearer ${service.token.access_token}` };
const answer = await $.axios.get((await service.fn.base()) + "/me", { headers });
return { sub: answer.data.sub, token: service.token.access_token };
"""


@dataclass
class World:
    """A platform, a provider, and a service between them."""

    stack: Stack
    provider: Provider
    service: str
    action: str
    callback: str

    def user(self, name: str) -> Client:
        """Give the API as the platform calls it for a user."""
        return Client(self.stack.url, name)

    def sign_in(self, name: str, account: str, *, cancels: bool = False, **query: str) -> tuple[str, Browser]:
        """Let a user sign in at the provider; give the address the provider sends the browser back to."""
        browser = Browser(account)
        url = self.user(name).ok("GET", f"/v1/service/{self.service}/oauth", **query)["url"]
        return browser.sign_in(url, self.callback, cancels=cancels), browser

    def connect(self, name: str, account: str, **query: str) -> dict[str, Any]:
        """Let a user connect an account; give the token that was last made."""
        back, browser = self.sign_in(name, account, **query)
        page = browser.open(back)
        assert (page.status_code, "Connected" in page.text) == (200, True), page.text
        return self.tokens(name)[-1]

    def tokens(self, name: str) -> list[dict[str, Any]]:
        """List a user's tokens."""
        return list(self.user(name).ok("GET", f"/v1/service/{self.service}/token"))

    def run(self, name: str, **query: str) -> requests.Response:
        """Run the action that asks the provider who it is."""
        return self.user(name).call("POST", f"/v1/service/{self.service}/action/{self.action}/execute", {}, **query)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    packages.ensure()
    with Stack(tmp_path_factory.mktemp("oauth")) as stack:
        admin = Client(stack.url, "admin")
        callback = admin.ok("GET", "/v1/oauth/redirects")["callback"]
        with Provider(callback) as provider:
            service = admin.ok("POST", "/v1/service", {"name": "provider"})["id"]
            base = f"/v1/service/{service}"
            scripts = {"base": f"return '{provider.url}'"}
            admin.ok("POST", f"{base}/version", {"logic": {"fn": scripts}})
            admin.ok("POST", f"{base}/security", {"type": "oauth2", "config": {"auth": provider.settings()}})
            for name, value in (("clientId", CLIENT_ID), ("clientSecret", CLIENT_SECRET)):
                variable = admin.ok("POST", f"{base}/variable", {"name": name, "required": True})["id"]
                admin.ok("PUT", f"{base}/variable/{variable}/value", {"value": value})
            action = admin.ok("POST", f"{base}/action", {"name": "who", "logic": {"execute": ME}})["id"]
            yield World(stack, provider, service, action, callback)


@pytest.fixture(autouse=True)
def _as_usual(world: World) -> Iterator[None]:
    yield
    world.provider.control("set", accessTokenSeconds=600, delayMs=0)


def test_an_account_is_connected_and_used(world: World) -> None:
    token = world.connect("ada", "ada.lovelace")
    assert (token["name"], token["status"]) == ("ada.lovelace@provider.example", "ACTIVE")
    assert world.run("ada").json()["output"]["sub"] == "ada.lovelace"


def test_the_same_account_updates_its_token_and_another_gets_its_own(world: World) -> None:
    first = world.connect("bob", "bob.one")
    assert world.connect("bob", "bob.one")["id"] == first["id"]
    second = world.connect("bob", "bob.two")
    assert len(world.tokens("bob")) == 2
    for token, account in ((first, "bob.one"), (second, "bob.two")):
        assert world.run("bob", userCredentialId=token["id"]).json()["output"]["sub"] == account


def test_the_provider_asks_for_pkce(world: World) -> None:
    """Without the challenge that the platform sends, this provider refuses: so it is checked at the exchange."""
    asked = {"client_id": CLIENT_ID, "response_type": "code", "scope": "openid", "redirect_uri": world.callback}
    back = Browser("eve").sign_in(f"{world.provider.url}/auth?{urlencode(asked)}", world.callback)
    assert "error=invalid_request" in back


def test_a_replayed_callback_is_refused(world: World) -> None:
    back, browser = world.sign_in("carl", "carl")
    assert [browser.open(back).status_code for _ in range(2)] == [200, 400]
    assert len(world.tokens("carl")) == 1


def test_a_callback_with_another_issuer_is_refused(world: World) -> None:
    back, browser = world.sign_in("dora", "dora")
    issuer = urlencode({"iss": world.provider.url})
    assert issuer in back  # RFC 9207
    page = browser.open(back.replace(issuer, urlencode({"iss": "https://other.example"})))
    assert (page.status_code, "another provider" in page.text) == (400, True)
    assert browser.open(back).status_code == 400
    assert world.tokens("dora") == []


def test_a_user_who_cancels_sees_a_readable_page(world: World) -> None:
    back, browser = world.sign_in("emil", "emil", cancels=True)
    assert "error=access_denied" in back
    page = browser.open(back)
    assert (page.status_code, "Access was not granted" in page.text) == (400, True)
    assert world.tokens("emil") == []


def test_a_code_of_another_authorization_is_refused(world: World) -> None:
    attackers, _ = world.sign_in("attacker", "attacker")
    victims, browser = world.sign_in("victim", "victim")
    code = dict(part.split("=", 1) for part in attackers.partition("?")[2].split("&"))["code"]
    own = dict(part.split("=", 1) for part in victims.partition("?")[2].split("&"))["code"]
    assert browser.open(victims.replace(own, code)).status_code == 400
    assert world.tokens("victim") == []


def test_the_browser_ends_where_the_workspace_allows(world: World) -> None:
    home = f"{world.stack.url}/healthz"
    world.user("admin").ok("PUT", "/v1/oauth/redirects", {"urls": [home]})
    back, browser = world.sign_in("fred", "fred", redirectUrl=home)
    page = browser.open(back)
    assert (page.status_code, page.url.partition("&")[0]) == (200, f"{home}?status=success")


def test_refresh_tokens_rotate_from_use_to_use(world: World) -> None:
    world.provider.control("set", accessTokenSeconds=2)
    world.connect("gina", "gina")
    before, seen = world.provider.refreshes, set()
    refused = world.provider.control("counts")["refused"]
    for _ in range(4):
        time.sleep(2.1)
        output = world.run("gina").json()["output"]
        assert output["sub"] == "gina"
        seen.add(output["token"])
    assert (len(seen), world.provider.refreshes - before) == (4, 4)
    assert world.provider.control("counts")["refused"] == refused


def test_a_hundred_executions_on_an_expired_token_make_one_refresh(world: World) -> None:
    world.provider.control("set", accessTokenSeconds=2)
    world.connect("hugo", "hugo")
    world.provider.control("set", accessTokenSeconds=600, delayMs=1000)
    before = world.provider.refreshes
    time.sleep(2.1)
    with ThreadPoolExecutor(PARALLEL) as pool:
        answers = list(pool.map(lambda _number: world.run("hugo"), range(PARALLEL)))
    assert Counter(answer.status_code for answer in answers) == {200: PARALLEL}
    outputs = [answer.json()["output"] for answer in answers]
    assert {output["sub"] for output in outputs} == {"hugo"}
    assert (len({output["token"] for output in outputs}), world.provider.refreshes - before) == (1, 1)


def test_an_access_token_that_was_withdrawn_is_renewed_on_the_way(world: World) -> None:
    world.connect("ida", "ida")
    old = world.run("ida").json()["output"]["token"]
    before = world.provider.refreshes
    world.provider.control("end-access")
    output = world.run("ida").json()["output"]
    assert (output["sub"], output["token"] != old, world.provider.refreshes - before) == ("ida", True, 1)


def test_a_grant_that_was_withdrawn_needs_its_user(world: World) -> None:
    world.provider.control("set", accessTokenSeconds=2)
    token = world.connect("jane", "jane")
    world.provider.control("end-refresh")
    time.sleep(2.1)
    answers = [world.run("jane") for _ in range(3)]
    assert {(answer.status_code, answer.json()["error"]) for answer in answers} == {(500, UNAUTHORIZED)}
    assert world.tokens("jane") == [{**token, "status": "NEEDS_REAUTH"}]
    assert world.provider.control("counts")["refused"]["invalid_grant"] >= 1
    world.provider.control("set", accessTokenSeconds=600)
    assert world.connect("jane", "jane") == token
    assert world.run("jane").json()["output"]["sub"] == "jane"


def test_no_secret_reaches_the_log(world: World) -> None:
    world.connect("kim", "kim")
    secret = world.run("kim").json()["output"]["token"]
    log = world.stack.log.read_text()
    assert "oauth.connected" in log
    assert [word for word in (secret, CLIENT_SECRET, "code=", "state=") if word in log] == []

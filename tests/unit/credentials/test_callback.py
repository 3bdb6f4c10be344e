"""The callback: whose answer it may be, and from which browser."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.credentials.oauth import callback, settings, states
from chalicelib.credentials.oauth.accounts import WrongIssuer
from chalicelib.credentials.oauth.settings import AuthSettings
from chalicelib.credentials.oauth.states import Begun

REFERENCE = {"@type": "reference", "operation": "variable", "name": "url"}


def auth(url: Any = "https://provider.example/authorize", **more: Any) -> AuthSettings:
    read = settings.read({"authorization": {"url": url}, **more})
    assert read is not None
    return read


@pytest.mark.parametrize(
    ("issuer", "asked"),
    [
        (None, auth()),
        (None, auth(issuer="https://provider.example")),
        ("https://provider.example", auth(issuer="https://provider.example")),
        ("https://provider.example/tenant", auth()),
        ("https://PROVIDER.example", auth()),
        ("https://other.example", auth(REFERENCE)),
        ("https://other.example", auth("https://${host}/authorize")),
    ],
)
def test_the_answer_of_the_provider_that_was_asked_is_taken(issuer: str | None, asked: AuthSettings) -> None:
    callback._check_issuer(issuer, asked)


@pytest.mark.parametrize(
    ("issuer", "asked"),
    [
        ("https://other.example", auth(issuer="https://provider.example")),
        ("https://provider.example/", auth(issuer="https://provider.example")),
        ("", auth(issuer="https://provider.example")),
        ("https://other.example", auth()),
        ("https://provider.example.evil.example", auth()),
        ("provider.example", auth()),
        ("https://[provider.example", auth()),
        ("", auth()),
    ],
)
def test_any_other_answer_is_refused(issuer: str, asked: AuthSettings) -> None:
    with pytest.raises(WrongIssuer):
        callback._check_issuer(issuer, asked)


def begun(browser: str | None) -> Begun:
    return Begun("w", "u", "s", None, "security", "digest", "https://here/", "verifier", browser=browser)


@pytest.mark.parametrize(
    ("cookies", "is_same"),
    [
        ("millrace_browser=secret", True),
        ("a=b; millrace_browser=secret; c=d", True),
        ("millrace_browser=other;millrace_browser=secret", True),
        ("", False),
        ("millrace_browser=", False),
        ("millrace_browser=Secret", False),
        ("millrace_browser2=secret", False),
        ("other=secret", False),
        ("secret", False),
    ],
)
def test_an_authorization_comes_back_in_the_browser_it_began_in(cookies: str, is_same: bool) -> None:
    assert states._is_same_browser(begun(states.s256("secret")), cookies) is is_same
    assert states._is_same_browser(begun(None), cookies)

"""A service whose users sign in with OAuth 2, at a provider in memory."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chalicelib.adapters import http_client
from chalicelib.credentials.oauth import waiting
from tests.api.credentials.signing import CALL_ME, Signing
from tests.builders import make_action, make_security, make_service, make_variable
from tests.client import Client
from tests.conftest import Clock
from tests.fakes.oauth_provider import CLIENT_ID, CLIENT_SECRET, SHORT, FakeProvider


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> FakeProvider:
    made = FakeProvider()
    monkeypatch.setattr(http_client, "send", made.send)
    return made


@pytest.fixture
def signing(client: Client, provider: FakeProvider, still: Clock) -> Iterator[Signing]:
    """A service with the short form of auth settings; waiting moves the clock."""
    waiting.use(still.advance_s)
    service = make_service(client)
    security = make_security(client, service, type="oauth2", scheme="code", config={"auth": SHORT})
    for name, value in (("clientId", CLIENT_ID), ("clientSecret", CLIENT_SECRET)):
        make_variable(client, service, name=name, required=True, value=value)
    action = make_action(client, service, CALL_ME)["id"]
    yield Signing(client, provider, service, security, action, still)
    waiting.use(None)

"""Every spelling of a credential is equal, and none is guessed."""

from __future__ import annotations

import pytest

from chalicelib.core.call import Caller
from chalicelib.core.errors import Forbidden, Unauthenticated
from chalicelib.edge import auth

CALLER = Caller("w", "k", frozenset({auth.READ}))


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auth, "_resolve", {"secret": CALLER}.get)


@pytest.mark.parametrize(
    "headers",
    [
        {"api_key": "secret"},
        {"api-key": "secret"},
        {"x-api-key": " secret "},
        {"authorization": "ApiKey secret"},
        {"authorization": "apikey secret"},
        {"authorization": "Bearer secret"},
        {"authorization": "BEARER  secret"},
    ],
)
def test_every_spelling_is_equal(headers: dict[str, str]) -> None:
    assert auth.authenticate(headers) is CALLER


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"api_key": ""},
        {"api_key": "Secret"},
        {"api_key": "secret, secret"},
        {"api_key": "x" * 513},
        {"authorization": "secret"},
        {"authorization": "Basic secret"},
        {"authorization": "Digest secret"},  # as long as a scheme that is known
        {"authorization": "Bearer"},
        {"apikey": "secret"},
    ],
)
def test_anything_else_is_nobody(headers: dict[str, str]) -> None:
    with pytest.raises(Unauthenticated):
        auth.authenticate(headers)


def test_a_scope_must_be_held() -> None:
    auth.check_scope(CALLER, auth.READ)
    with pytest.raises(Forbidden, match="write"):
        auth.check_scope(CALLER, auth.WRITE)


def test_nobody_is_let_in_before_it_is_said_who_knows_the_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auth, "_resolve", None)
    with pytest.raises(RuntimeError, match="use"):
        auth.authenticate({"api_key": "secret"})


def test_a_key_of_one_bot_opens_its_run_time_and_nothing_else() -> None:
    bots = Caller("w", "k", auth.SCOPES, "bot:b")
    for path in ("/v1/chat/messages", "/v1/storage/files"):
        auth.check_subject(bots, path)
    for path in ("/v1/service", "/v1/admin/bots", "/v1/chat", "/flow/v1/nodes", "/x/v1/chat/"):
        with pytest.raises(Forbidden, match="bot"):
            auth.check_subject(bots, path)
        auth.check_subject(CALLER, path)

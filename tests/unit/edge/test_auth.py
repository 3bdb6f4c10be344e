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

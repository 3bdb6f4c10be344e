"""Forms of tokens, and the choice among them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from chalicelib.core.errors import InvalidInput
from chalicelib.credentials import rules


@dataclass
class Token:
    id: str
    security_id: str
    inserted_at: int


def test_logic_finds_the_parts_of_every_form() -> None:
    assert rules.record_of("t", "n", "key", "k") == {"id": "t", "name": "n", "type": "key", "key": "k"}
    basic = rules.record_of("t", "n", "basic", {"username": "a", "password": "b", "id": "forged"})
    assert (basic["id"], basic["username"], basic["basic"]["password"]) == ("t", "a", "b")
    oauth = rules.record_of("t", "n", "oauth", {"access_token": "x", "refresh_token": "y"})
    assert oauth["accessToken"] == oauth["access_token"] == oauth["oauth"]["access_token"] == "x"


def test_every_secret_text_is_listed_and_nothing_harmless() -> None:
    oauth = {"accessToken": "x", "tokenType": "Bearer", "more": [{"deep": "y"}], "n": 1}
    assert list(rules.secrets_in(oauth)) == ["x", "y"]
    assert list(rules.secrets_in({"username": "ada", "password": "p"})) == ["p"]


@pytest.mark.parametrize("text", [None, "", "12345678901"])
def test_the_end_of_a_short_secret_is_not_shown(text: str | None) -> None:
    assert rules.last4(text) is None
    assert rules.last4("123456789012") == "9012"


@pytest.mark.parametrize(
    ("tokens", "default", "expected"),
    [
        ([], None, None),
        ([Token("a", "s1", 1)], "s2", "a"),
        ([Token("a", "s1", 1), Token("b", "s2", 2)], "s1", "a"),
        ([Token("a", "s1", 1), Token("b", "s1", 2), Token("c", "s2", 3)], "s1", "b"),
        ([Token("a", "s1", 1), Token("b", "s2", 2)], "s3", "b"),
    ],
)
def test_the_only_token_else_the_newest_of_the_default(
    tokens: list[Token], default: str | None, expected: str | None
) -> None:
    chosen = rules.chosen(tokens, default)
    assert (chosen.id if chosen else None) == expected


@pytest.mark.parametrize(
    ("form", "secret", "sent", "expected"),
    [
        ("key", "old", {"token": "new"}, ("key", "new")),
        ("key", "old", {"type": "api_key"}, ("key", "old")),
        ("basic", {"password": "p"}, {"type": "api_key", "token": "new"}, ("key", "new")),
        (
            "oauth",
            {"access_token": "a", "refresh_token": "r"},
            {"token": "b"},
            ("oauth", {"refresh_token": "r", "accessToken": "b"}),
        ),
        (
            "oauth",
            {"accessToken": "a", "refresh_token": "r"},
            {"refreshToken": "s"},
            ("oauth", {"accessToken": "a", "refreshToken": "s"}),
        ),
        ("key", "k", {"type": "oauth", "token": "a"}, ("oauth", {"accessToken": "a"})),
    ],
)
def test_an_update_changes_the_secret(form: str, secret: Any, sent: dict[str, Any], expected: Any) -> None:
    assert rules.changed_secret(form, secret, sent) == expected


@pytest.mark.parametrize(
    ("form", "sent"),
    [("key", {"type": "oauth"}), ("key", {"refreshToken": "r"}), ("basic", {"token": "t"})],
)
def test_an_update_that_does_not_fit_is_refused(form: str, sent: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        rules.changed_secret(form, "x", sent)

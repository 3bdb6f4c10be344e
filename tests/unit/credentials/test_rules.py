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


# --- the life of access tokens ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("oauth", "expected"),
    [
        ({"expires_in": 60}, 1_060_000),
        ({"expiresIn": "60"}, 1_060_000),
        ({"expires_at": 2_000_000_000}, 2_000_000_000_000),
        ({"expiresAt": 2_000_000_000_000}, 2_000_000_000_000),
        ({}, None),
        ({"expires_in": 0}, None),
        ({"expires_in": -5}, None),
        ({"expires_in": True}, None),
        ({"expires_in": "soon"}, None),
        ({"expires_in": "nan"}, None),
        ({"expires_in": 1e300}, None),
        ({"expires_at": "inf"}, None),
        ({"expires_in": None}, None),
        ("text", None),
    ],
)
def test_an_end_is_read_in_every_spelling(oauth: Any, expected: int | None) -> None:
    assert rules.expires_at_ms(oauth, 1_000_000) == expected


@pytest.mark.parametrize(
    ("life_s", "left_s", "jitter", "expected"),
    [
        (3600, 361, 1.0, False),
        (3600, 360, 1.0, True),
        (3600, 390, 1.1, True),
        (300, 61, 1.0, False),
        (300, 60, 1.0, True),
        (60, 31, 1.0, False),
        (60, 30, 1.0, True),
        (60, -5, 1.0, True),
    ],
)
def test_a_token_is_due_a_minute_or_a_tenth_before_its_end(
    life_s: int, left_s: int, jitter: float, expected: bool
) -> None:
    assert rules.is_due((life_s - left_s) * 1000, 0, life_s * 1000, jitter) is expected
    assert not rules.is_due(10**15, 0, None, jitter)


def test_a_new_answer_keeps_the_refresh_token_it_does_not_replace() -> None:
    old = {"accessToken": "a", "refreshToken": "r", "expires_in": 5}
    assert rules.merged(old, {"access_token": "b"}) == {"access_token": "b", "refresh_token": "r"}
    assert rules.merged(old, {"accessToken": "b", "refreshToken": "s", "team": {"id": 1}}) == {
        "access_token": "b",
        "refresh_token": "s",
        "team": {"id": 1},
    }
    assert rules.merged(None, {"access_token": "b"}) == {"access_token": "b"}


def test_of_an_oauth_answer_only_secrets_are_masked() -> None:
    answer = {"access_token": "a", "team": {"name": "Acme"}, "authed_user": {"id": "U1", "access_token": "u"}}
    assert list(rules.secrets_of("oauth", {**answer, "refreshToken": "r", "id_token": "i"})) == ["a", "u", "r", "i"]
    assert list(rules.secrets_of("key", {"any": "k"})) == ["k"]


def test_logic_does_not_see_refresh_tokens() -> None:
    record = rules.record_of("t", "n", "oauth", {"access_token": "x", "refresh_token": "R1", "refreshToken": "R2"})
    assert "R1" not in str(record) and "R2" not in str(record)

"""Keys: their form, their hash, what they may hand out, and rotation."""

from __future__ import annotations

import pytest

from chalicelib.core.errors import Forbidden
from chalicelib.identity import rules


def test_only_what_has_the_form_of_a_key_is_looked_up() -> None:
    assert rules.is_key("mk_" + "a" * 43)
    for text in ("", "default", "mk_", "mk_" + "a" * 42, "mk_" + "a" * 44, "mk_" + "!" * 43):
        assert not rules.is_key(text)


def test_the_hash_depends_on_the_pepper() -> None:
    assert rules.hash_of(b"a", "key") != rules.hash_of(b"b", "key")
    assert "key" not in rules.hash_of(b"a", "key")


def test_nobody_hands_out_more_than_they_have() -> None:
    rules.check_grant({"read", "write"}, {"read"})
    with pytest.raises(Forbidden, match="run"):
        rules.check_grant({"admin"}, {"run", "admin"})


def test_a_rotation_ends_old_texts_with_the_overlap_or_sooner() -> None:
    hashes = {"old": 0, "older": 150, "ended": 90}
    assert rules.after_rotation(hashes, "new", ends_at=200, expires_at=0, now_ms=100) == {
        "old": 200,
        "older": 150,
        "new": 0,
    }


def test_without_an_overlap_old_texts_end_at_once() -> None:
    assert rules.after_rotation({"old": 0}, "new", ends_at=100, expires_at=500, now_ms=100) == {"new": 500}

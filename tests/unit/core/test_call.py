"""Call: what is read out of a query, which ids a call mints, which texts may name something."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.core import ids
from chalicelib.core.call import MAX_TEXT, Call, Caller, usable_text
from chalicelib.core.errors import InvalidInput


def call(**more: Any) -> Call:
    return Call("makeThing", Caller("w", "k", frozenset()), "r", **more)


def fault(error: pytest.ExceptionInfo[InvalidInput]) -> tuple[str, str]:
    return error.value.faults[0].location, error.value.faults[0].kind


@pytest.mark.parametrize(
    ("query", "prefer", "is_async"),
    [
        ({}, None, False),
        ({"async": "false"}, None, False),
        ({"async": "true"}, None, True),
        ({}, "Respond-Async, wait=5", True),
        ({"async": "false"}, "respond-async", True),
        ({}, "wait=5", False),
    ],
)
def test_who_would_rather_not_wait_says_so(query: dict[str, str], prefer: str | None, is_async: bool) -> None:
    assert call(query=query, headers={} if prefer is None else {"prefer": prefer}).is_async is is_async


@pytest.mark.parametrize("value", ["", "1", "TRUE", "yes"])
def test_any_other_word_is_refused(value: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        _ = call(query={"async": value}).is_async
    assert fault(refused) == ("query.async", "choice")


def test_a_user_is_named_by_a_usable_text_or_not_at_all() -> None:
    assert call().user_id is None
    assert call(query={"userId": "ada"}).user_id == "ada"
    with pytest.raises(InvalidInput) as refused:
        _ = call(query={"userId": ""}).user_id
    assert fault(refused) == ("query.userId", "length")


def test_parameters_that_were_sent_must_be_usable_and_those_that_are_needed_must_be_there() -> None:
    asked = call(query={"a": "x", "b": "\n", "c": " ", "d": ""})
    asked.check_query("a", "c", "other")
    with pytest.raises(InvalidInput) as refused:
        asked.check_query("a", "b")
    assert fault(refused) == ("query.b", "characters")
    assert [asked.required_query(name) for name in ("a", "c")] == ["x", " "]
    for name in ("d", "other"):
        with pytest.raises(InvalidInput) as refused:
            asked.required_query(name)
        assert fault(refused) == (f"query.{name}", "missing")
    with pytest.raises(InvalidInput) as refused:
        asked.required_query("b")
    assert fault(refused) == ("query.b", "characters")


def test_a_repeated_call_mints_the_same_ids_and_any_other_call_others() -> None:
    first = {"idempotency_key": "key", "begun_ms": 1_800_000_000_000, "raw_body": b"{}"}
    for mint in (Call.new_id, Call.new_ordered_id):
        assert mint(call(**first), "thing") == mint(call(**first), "thing")
        assert mint(call(**first), "thing") != mint(call(**first), "other")
        assert mint(call(**first), "thing") != mint(call(**{**first, "idempotency_key": "another"}), "thing")
        fresh = call()
        assert len({mint(fresh, "thing") for _ in range(3)}) == 3
    ordered = call(**first).new_ordered_id("thing")
    assert ids.minted_at(ordered) == first["begun_ms"]
    assert ordered != call(**{**first, "raw_body": b"[]"}).new_ordered_id("thing")


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("", "length"),
        ("x" * (MAX_TEXT + 1), "length"),
        ("a\x00", "characters"),
        ("a\x7f", "characters"),
        ("\n", "characters"),
        ("\ud800", "encoding"),
    ],
)
def test_what_cannot_name_anything_is_refused(value: str, kind: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        usable_text(value, "path.name")
    assert fault(refused) == ("path.name", kind)


@pytest.mark.parametrize("value", ["x", "x" * MAX_TEXT, " ", "🚀" * MAX_TEXT, "a/b?c"])
def test_anything_else_names_something(value: str) -> None:
    assert usable_text(value, "path.name") == value

"""What is read out of headers, paths and queries, and what is refused there."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from chalicelib.core.call import Call, Caller
from chalicelib.core.errors import Forbidden, InvalidInput, NotFound
from chalicelib.journeys import wire
from chalicelib.journeys.models import nodes

NODE = "0000aaaa-0000-4000-8000-000000000001"
OFF = "0000aaaa-0000-4000-8000-000000000002"


def call(**more: Any) -> Call:
    return Call("readThing", Caller("w", "k", frozenset()), "r", **more)


def refusal(asked: Any) -> tuple[str, str]:
    with pytest.raises(InvalidInput) as refused:
        asked()
    return refused.value.faults[0].location, refused.value.faults[0].kind


@pytest.fixture(autouse=True)
def _nodes(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = {("w", NODE): SimpleNamespace(active=True), ("w", OFF): SimpleNamespace(active=False)}
    monkeypatch.setattr(nodes, "load", lambda *key: rows.get(key))


def test_a_node_is_named_by_its_uuid_in_any_case() -> None:
    for named in (NODE, NODE.upper(), f" {NODE} "):
        assert wire.node_of(call(headers={"node": named})).active


@pytest.mark.parametrize(("headers", "kind"), [({}, "missing"), ({"node": " "}, "missing"), ({"node": "x"}, "uuid")])
def test_without_a_node_nothing_is_done(headers: dict[str, str], kind: str) -> None:
    assert refusal(lambda: wire.node_of(call(headers=headers))) == ("header.Node", kind)


@pytest.mark.parametrize(("node", "why"), [(OFF, "disabled"), (NODE.replace("1", "9"), "no such node")])
def test_a_node_that_is_closed_is_forbidden(node: str, why: str) -> None:
    with pytest.raises(Forbidden, match=why):
        wire.node_of(call(headers={"node": node}))


def test_a_uuid_of_the_path_or_the_query_is_read_in_lower_case() -> None:
    assert wire.uuid_in_path(call(path={"uuid": NODE.upper()}), "uuid") == NODE
    assert wire.uuid(call(query={"uuid": NODE.upper()}), "uuid") == NODE
    assert wire.uuid(call(), "uuid") is None


@pytest.mark.parametrize("text", ["", "x", NODE[:-1], NODE + "0", NODE.replace("a", "g")])
def test_any_other_text_is_no_uuid(text: str) -> None:
    with pytest.raises(NotFound):
        wire.uuid_in_path(call(path={"uuid": text}), "uuid")
    assert refusal(lambda: wire.uuid(call(query={"uuid": text}), "uuid")) == ("query.uuid", "uuid")


@pytest.mark.parametrize(("text", "number"), [(None, 7), ("2", 2), ("10", 10), ("002", 2), ("000000003", 3)])
def test_a_number_within_its_range_is_read(text: str | None, number: int) -> None:
    assert wire.number(call(query={} if text is None else {"n": text}), "n", 7, 2, 10) == number


@pytest.mark.parametrize(
    "text", ["", "1", "11", "-2", "+2", "2.0", "\u0663", "\u00b2", " 2", "0000000003", "9" * 5_000]
)
def test_any_other_number_is_refused(text: str) -> None:
    assert refusal(lambda: wire.number(call(query={"n": text}), "n", 7, 2, 10)) == ("query.n", "range")


def test_a_text_has_a_length() -> None:
    assert [wire.text(call(query=query), "t", 3) for query in ({}, {"t": ""}, {"t": "abc"})] == [None, None, "abc"]
    assert refusal(lambda: wire.text(call(query={"t": "abcd"}), "t", 3)) == ("query.t", "length")

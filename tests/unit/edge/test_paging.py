"""Pages of a list that changes while somebody reads it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.core import paging
from chalicelib.core.call import Call, Caller
from chalicelib.core.errors import InvalidInput
from chalicelib.edge.resource import MAX_PAGE, page_of

ROUNDS = settings(max_examples=300, derandomize=True, deadline=None, database=None)
TIMES, NAMES = st.integers(0, 5), st.integers(0, 40)  # few, so that times are often equal


@dataclass(frozen=True)
class Thing:
    inserted_at: int
    id: str


THINGS = st.lists(
    st.builds(lambda at, name: Thing(at, f"{name:02d}"), TIMES, NAMES), max_size=25, unique_by=lambda t: t.id
)


@pytest.fixture(autouse=True, scope="module")
def _secret() -> Any:
    before = paging._secret
    paging.use(lambda: b"s" * 32)
    yield
    paging._secret = before


def ask(things: list[Thing], limit: int, cursor: str | None, **path: str) -> tuple[list[Thing], str | None]:
    query = {"limit": str(limit), **({"cursor": cursor} if cursor else {})}
    call = Call("listThings", Caller("w", "k", frozenset()), "r", path=path, query=query)
    shown = page_of(call, sorted(things, key=lambda thing: (thing.inserted_at, thing.id)))
    return shown, call.answer_headers.get("X-Next-Cursor")


@ROUNDS
@given(THINGS, st.integers(1, 7), st.data())
def test_what_is_there_throughout_is_shown_once(things: list[Thing], limit: int, data: st.DataObject) -> None:
    now = {thing.id: thing for thing in things}
    lasting, shown, cursor = set(now), [], None
    for _ in range(100):
        page, cursor = ask(list(now.values()), limit, cursor)
        assert len(page) <= limit
        shown += [thing.id for thing in page]
        if cursor is None:
            break
        for thing in data.draw(THINGS, label="inserted"):
            now.setdefault(thing.id, thing)
        for name in data.draw(st.sets(st.sampled_from(sorted(now)), max_size=3), label="deleted"):
            del now[name]
            lasting.discard(name)
    assert cursor is None
    counted = [name for name in shown if name in lasting]
    assert sorted(counted) == sorted(lasting)


@ROUNDS
@given(THINGS, st.integers(1, 7))
def test_pages_together_are_the_whole_list(things: list[Thing], limit: int) -> None:
    shown, cursor = [], None
    while True:
        page, cursor = ask(things, limit, cursor)
        shown += page
        if cursor is None:
            break
    assert shown == sorted(things, key=lambda thing: (thing.inserted_at, thing.id))


@pytest.mark.parametrize("limit", [0, MAX_PAGE + 1, -1])
def test_a_limit_outside_its_range_is_refused(limit: int) -> None:
    with pytest.raises(InvalidInput):
        ask([], limit, None)


def test_a_cursor_goes_on_only_in_its_own_list() -> None:
    _, cursor = ask([Thing(1, "a"), Thing(2, "b")], 1, None, service_id="one")
    assert ask([Thing(2, "b")], 1, cursor, service_id="one")[0] == [Thing(2, "b")]
    with pytest.raises(InvalidInput):
        ask([Thing(2, "b")], 1, cursor, service_id="two")
    with pytest.raises(InvalidInput):
        ask([], 1, "nonsense")


def test_a_cursor_goes_on_only_under_the_query_it_was_given_for() -> None:
    def asked(**query: str) -> Call:
        return Call("listThings", Caller("w", "k", frozenset()), "r", query={"limit": "1", **query})

    first, things = asked(userId="ada"), [Thing(1, "a"), Thing(2, "b")]
    page_of(first, things)
    cursor = first.answer_headers["X-Next-Cursor"]
    assert page_of(asked(userId="ada", cursor=cursor), things) == [Thing(2, "b")]
    for other in ({"userId": "bob"}, {}, {"userId": "ada", "shared": "true"}):
        with pytest.raises(InvalidInput):
            page_of(asked(**other, cursor=cursor), things)

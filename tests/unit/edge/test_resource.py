"""Pages: how long they may be, and which listing a token belongs to."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from chalicelib.core import paging
from chalicelib.core.call import Call, Caller
from chalicelib.core.errors import InvalidInput
from chalicelib.edge.resource import page_of

ITEMS = [SimpleNamespace(inserted_at=number, id=str(number)) for number in range(5)]


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "_secret", lambda: b"s" * 32)


def page(query: dict[str, str], *, operation: str = "list", path: dict[str, str] | None = None) -> tuple[Any, str]:
    call = Call(operation, Caller("w", "k", frozenset()), "r", path=path or {}, query=query)
    return page_of(call, ITEMS), call.answer_headers.get("X-Next-Cursor", "")


def test_a_token_goes_on_where_the_page_ended() -> None:
    first, token = page({"limit": "2", "userId": "ada"})
    second, _ = page({"limit": "3", "userId": "ada", "cursor": token})
    assert first + second == ITEMS


@pytest.mark.parametrize(
    "elsewhere",
    [
        {"query": {"userId": "bob"}},
        {"query": {}},
        {"operation": "other"},
        {"path": {"service_id": "a", "action_id": "b/c"}},
        {"path": {"service_id": "a/b"}},
    ],
)
def test_a_token_of_another_listing_is_refused(elsewhere: dict[str, Any]) -> None:
    own = {"query": {"userId": "ada"}, "operation": "list", "path": {"service_id": "a/b", "action_id": "c"}}
    _, token = page({"limit": "2", **own["query"]}, operation=own["operation"], path=own["path"])
    asked = {**own, **elsewhere}
    with pytest.raises(InvalidInput):
        page({"cursor": token, **asked["query"]}, operation=asked["operation"], path=asked["path"])


@pytest.mark.parametrize("limit", ["0", "-1", "501", "1.5", "", "x", "\u00b2", "\u0661", "1" * 5_000])
def test_a_limit_that_is_none_is_refused(limit: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        page({"limit": limit})
    assert caught.value.faults[0].location == "query.limit"

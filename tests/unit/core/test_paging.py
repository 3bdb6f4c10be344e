"""Page tokens cannot be forged, moved or kept."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chalicelib.core import clock, paging
from chalicelib.core.errors import InvalidInput


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(paging, "_secret", lambda: b"s" * 32)
    yield
    clock.use(None)


def test_a_token_gives_its_position_back() -> None:
    token = paging.seal("w", "listThings", "", [17, "id"])
    assert paging.open_token("w", "listThings", "", token) == [17, "id"]


@pytest.mark.parametrize(
    ("workspace", "route", "query"), [("x", "listThings", "q"), ("w", "other", "q"), ("w", "listThings", "r")]
)
def test_a_token_holds_only_for_its_workspace_route_and_query(workspace: str, route: str, query: str) -> None:
    token = paging.seal("w", "listThings", "q", 1)
    with pytest.raises(InvalidInput):
        paging.open_token(workspace, route, query, token)


def test_every_changed_character_is_noticed() -> None:
    token = paging.seal("w", "r", "", [1])
    for position in range(len(token)):
        changed = token[:position] + ("A" if token[position] != "A" else "B") + token[position + 1 :]
        with pytest.raises(InvalidInput):
            paging.open_token("w", "r", "", changed)


@pytest.mark.parametrize("token", ["", "x", "ä", "=" * 10, "A" * 10_000, "../..", "%00"])
def test_garbage_is_not_a_token(token: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        paging.open_token("w", "r", "", token)
    assert refused.value.faults[0].location == "query.cursor"


def test_nothing_is_signed_before_it_is_said_where_the_secret_comes_from(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "_secret", None)
    with pytest.raises(RuntimeError, match="use"):
        paging.seal("w", "r", "", 1)


def test_a_token_expires_after_an_hour() -> None:
    clock.use(lambda: 0)
    token = paging.seal("w", "r", "", 1)
    clock.use(lambda: 3_600_000)
    assert paging.open_token("w", "r", "", token) == 1
    clock.use(lambda: 3_601_000)
    with pytest.raises(InvalidInput, match="expired"):
        paging.open_token("w", "r", "", token)

"""Endpoints: ten requests at once, the next waits for one of them, and nobody waits for an endpoint that hangs."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from chalicelib.subscriptions import endpoints

SHOP = ("w", "https://shop.example.com/hook")


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoints, "_doors", {})


def test_the_eleventh_waits_for_a_place_and_gets_it() -> None:
    with ThreadPoolExecutor(1) as threads:
        with ExitStack() as held:
            assert all(held.enter_context(endpoints.slot(SHOP)) for _ in range(endpoints.MAX_AT_ONCE))
            eleventh = threads.submit(_is_let_in)
            assert not eleventh.done()
        assert eleventh.result(5)
    assert endpoints._doors == {}


def test_nobody_waits_for_an_endpoint_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    with ExitStack() as held:
        assert all(held.enter_context(endpoints.slot(SHOP)) for _ in range(endpoints.MAX_AT_ONCE))
        monkeypatch.setattr(endpoints, "HANGS_AFTER_S", 0.0)
        assert endpoints.is_clogged(SHOP)
        assert not _is_let_in()
        assert not endpoints.is_clogged(("other", SHOP[1]))
    assert not endpoints.is_clogged(SHOP)


def _is_let_in() -> bool:
    with endpoints.slot(SHOP) as is_free:
        return is_free

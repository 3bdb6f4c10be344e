"""What is kept for some seconds, and no longer."""

from __future__ import annotations

from chalicelib.core.cache import Cached, forget_all
from tests.conftest import Clock


def test_a_value_is_loaded_once_until_it_is_too_old(still: Clock) -> None:
    cache, loads = Cached[int](age_s=5), []

    def load() -> int:
        loads.append(1)
        return len(loads)

    assert [cache.get("k", load), cache.get("k", load)] == [1, 1]
    still.advance_s(5)
    assert cache.get("k", load) == 2


def test_none_is_never_kept(still: Clock) -> None:
    cache = Cached[int](age_s=5)
    assert cache.get("k", lambda: None) is None
    assert cache.get("k", lambda: 1) == 1


def test_what_was_loaded_before_a_forget_is_not_kept(still: Clock) -> None:
    cache = Cached[int](age_s=5)

    def load() -> int:
        cache.forget()
        return 1

    assert cache.get("k", load) == 1
    assert cache.get("k", lambda: 2) == 2
    forget_all()
    assert cache.get("k", lambda: 3) == 3


def test_the_oldest_makes_room(still: Clock) -> None:
    cache = Cached[int](age_s=5, size=2)
    for key in "abc":
        cache.get(key, lambda: 1)
    assert cache.get("c", lambda: 2) == 1
    assert cache.get("a", lambda: 2) == 2

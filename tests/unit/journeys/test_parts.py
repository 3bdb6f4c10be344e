"""Transactions hold so many items, and so many bytes of them."""

from __future__ import annotations

from chalicelib.journeys import parts


def sizes(docs: list[str], most: int = 45) -> list[int]:
    return [len(part) for part in parts.cut(docs, most, lambda one: one)]


def test_small_ones_are_cut_by_number() -> None:
    assert sizes(["x"] * 100) == [45, 45, 10]
    assert sizes([]) == []


def test_big_ones_are_cut_by_what_they_weigh() -> None:
    big = "x" * 200_000
    assert sizes([big] * 40) == [17, 17, 6]
    assert all(size * 200_000 <= 4_000_000 for size in sizes([big] * 40))


def test_one_that_is_too_big_for_all_of_it_stands_alone() -> None:
    assert sizes(["a", "x" * 4_000_000, "b"]) == [1, 1, 1]

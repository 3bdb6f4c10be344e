"""The two branches of a split."""

from __future__ import annotations

import pytest

from chalicelib.journeys.rules import split

STEP = "00000000-0000-4000-8000-000000000001"
KEYS = [f"mail:p{number}@example.com" for number in range(10_000)]


def shares(a: int) -> list[dict[str, object]]:
    return [{"outcome": "A", "share": a}, {"outcome": "B", "share": 100 - a}]


@pytest.mark.parametrize("a", [30, 50, 77])
def test_shares_hold_within_two_percent_of_ten_thousand(a: int) -> None:
    found = sum(split.branch(STEP, key, shares(a)) == "A" for key in KEYS)
    assert abs(found - a * 100) <= 200


def test_nothing_and_everything_are_exact() -> None:
    assert {split.branch(STEP, key, shares(0)) for key in KEYS} == {"B"}
    assert {split.branch(STEP, key, shares(100)) for key in KEYS} == {"A"}


def test_a_larger_share_moves_only_those_between() -> None:
    before = {key for key in KEYS if split.branch(STEP, key, shares(30)) == "A"}
    after = {key for key in KEYS if split.branch(STEP, key, shares(40)) == "A"}
    assert before <= after
    assert abs(len(after - before) - 1_000) <= 200


def test_another_step_draws_anew() -> None:
    other = STEP[:-1] + "2"
    both = sum(split.branch(STEP, key, shares(50)) == split.branch(other, key, shares(50)) for key in KEYS)
    assert abs(both - 5_000) <= 200


def test_the_default_is_half_and_half() -> None:
    assert abs(sum(split.branch(STEP, key, ()) == "A" for key in KEYS) - 5_000) <= 200

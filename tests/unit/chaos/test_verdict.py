"""A soak that grows, slows down or leaves work undone is called so."""

from __future__ import annotations

from typing import Any

import pytest

from tests.chaos import verdict

FLAT = {
    "api_mb": 90.0,
    "workers_mb": 100.0,
    "others_mb": 30.0,
    "waiting": 3,
    "oldest_ms": 20,
    "owed": 4,
    "p99_ms": 50.0,
}
MINUTES = 60


def soaked(**growing: Any) -> list[str]:
    """Judge an hour of which some figures are functions of the minute."""
    samples, tables = [], []
    for minute in range(1, MINUTES + 1):
        sample = {**FLAT, "at_s": 60.0 * minute, "accepted": 600 * minute, "items_mb": 1.0 * minute, "file_mb": 60.0}
        rows = growing.get("rows", lambda now: 1200 * now)(minute)
        samples.append(sample | {name: how(minute) for name, how in growing.items() if name != "rows"})
        tables.append({"work": (rows, rows * 800)})
    return verdict.of(samples, tables)


def test_a_flat_hour_is_good() -> None:
    assert soaked() == []


@pytest.mark.parametrize(
    ("figure", "how", "sentence"),
    [
        ("workers_mb", lambda minute: 100.0 + minute, "memory of workers rose by"),
        ("api_mb", lambda minute: 90.0 + 0.5 * minute, "memory of api rose by"),
        ("rows", lambda minute: 1200 * minute + max(0, minute - 30) ** 2 * 20, "table work holds"),
        ("file_mb", lambda minute: 20.0 * minute, "the file has"),
        ("waiting", lambda minute: 3 * minute, "queues grew from"),
        ("oldest_ms", lambda minute: 45_000 if minute == 40 else 0, "a message was due for 45000 ms"),
        ("owed", lambda minute: 30 * minute, "owed after"),
        ("p99_ms", lambda minute: 20.0 * 1.1**minute, "the p99 of answers rose"),
    ],
)
def test_what_grows_is_named(figure: str, how: Any, sentence: str) -> None:
    found = soaked(**{figure: how})
    assert any(sentence in text for text in found), found


def test_a_peak_that_passes_is_no_leak() -> None:
    assert soaked(workers_mb=lambda minute: 125.0 if minute == 30 else 100.0) == []
    assert soaked(workers_mb=lambda minute: 60.0 + 3.0 * min(minute, 14)) == []


def test_too_few_samples_prove_nothing() -> None:
    assert verdict.of([FLAT | {"at_s": 1.0}], [{}]) == ["only 1 samples"]

"""The book of what happens: sums, samples, and the part that is kept for each workspace."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from chalicelib.core import figures
from chalicelib.core.errors import Unavailable
from chalicelib.core.figures import Sum
from tests.conftest import Clock

Kept = dict[Sum, dict[str, int]]


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> Iterator[Kept]:
    stored: Kept = {}

    def keeper(place: Sum, amounts: Mapping[str, int]) -> None:
        row = stored.setdefault(place, {})
        for name, amount in amounts.items():
            row[name] = row.get(name, 0) + amount

    figures.forget()
    monkeypatch.setattr(figures, "_keeper", keeper)
    yield stored


def test_sums_and_samples_are_taken_once(kept: Kept) -> None:
    figures.add("TableReads")
    figures.add("TableReads", 2)
    figures.sample("BatchMs", 7)
    figures.sample("RequestMs", 3, surface="novu")
    figures.add("RequestsRefused", surface="novu")
    assert figures.take() == [
        ("", {"TableReads": 3, "BatchMs": [7]}),
        ("novu", {"RequestsRefused": 1, "RequestMs": [3]}),
    ]
    assert figures.take() == []


def test_only_names_that_are_known_are_counted() -> None:
    with pytest.raises(KeyError):
        figures.add("DeliveriesDeliverd")
    with pytest.raises(KeyError):
        figures.sample("Batches", 1)


def test_no_more_samples_are_held_than_cloudwatch_takes(kept: Kept) -> None:
    full = [figures.sample("RequestMs", number, surface="novu") for number in range(figures.MAX_SAMPLES + 5)]
    assert full == [False] * (figures.MAX_SAMPLES - 1) + [True] * 6
    ((_, values),) = figures.take()
    assert values["RequestMs"] == [float(number) for number in range(figures.MAX_SAMPLES)]


def test_what_is_kept_is_kept_by_workspace_and_hour_in_whole_parts(kept: Kept, still: Clock) -> None:
    figures.add("DeliveriesFailed", workspace_id="w1")
    figures.add("DeliveriesFailed", 2, workspace_id="w2")
    figures.add("JavaScriptMs", 0.2504, workspace_id="w1")
    still.advance_s(3600)
    figures.add("DeliveriesFailed", workspace_id="w1")
    figures.add("TableReads", workspace_id="w1")
    assert list(figures.keep()) == []
    assert kept == {
        Sum("w1", "2026-01-01T12"): {"DeliveriesFailed": 1, "JavaScriptMs": 250},
        Sum("w2", "2026-01-01T12"): {"DeliveriesFailed": 2},
        Sum("w1", "2026-01-01T13"): {"DeliveriesFailed": 1},
    }
    assert list(figures.keep()) == [] and kept[Sum("w2", "2026-01-01T12")] == {"DeliveriesFailed": 2}


def test_what_cannot_be_stored_now_is_stored_later(kept: Kept, still: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    keeper = figures._keeper

    def refuse(_place: Sum, _amounts: Mapping[str, int]) -> None:
        raise Unavailable("throttled")

    figures.add("DeliveriesFailed", workspace_id="w1")
    monkeypatch.setattr(figures, "_keeper", refuse)
    assert [str(error) for error in figures.keep()] == ["throttled"]
    figures.add("DeliveriesFailed", workspace_id="w1")
    monkeypatch.setattr(figures, "_keeper", keeper)
    assert list(figures.keep()) == []
    assert kept == {Sum("w1", "2026-01-01T12"): {"DeliveriesFailed": 2}}


def test_a_store_that_never_answers_does_not_fill_the_memory(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_place: Sum, _amounts: Mapping[str, int]) -> None:
        raise Unavailable("throttled")

    monkeypatch.setattr(figures, "MOST_KEPT", 3)
    monkeypatch.setattr(figures, "_keeper", refuse)
    for number in range(5):
        figures.add("JourneySteps", workspace_id=f"w{number}")
    assert len(list(figures.keep())) == 5
    assert len(list(figures.keep())) == 3

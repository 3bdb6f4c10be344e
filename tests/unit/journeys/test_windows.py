"""Windows of events as clocks leave them."""

from __future__ import annotations

from chalicelib.journeys.models import waits


def test_a_window_that_ends_before_it_begins_holds_nothing() -> None:
    assert waits.history_of("w", "n", ["pk:ann"], 1_795_354_770_703, 1_795_351_243_508) == []

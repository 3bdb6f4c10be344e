"""Times as callers of the subscription operations may write them."""

from __future__ import annotations

import pytest

from chalicelib.core.errors import InvalidInput
from chalicelib.subscriptions.schemas import ReplayIn


@pytest.mark.parametrize(
    ("sent", "ms"),
    [
        (1_577_836_800_000, 1_577_836_800_000),
        (1_577_836_800_000.0, 1_577_836_800_000),
        ("2020-01-01T00:00:00Z", 1_577_836_800_000),
        ("2020-01-01t00:00:00z", 1_577_836_800_000),
        ("2020-01-01T01:00:00+01:00", 1_577_836_800_000),
        ("2020-01-01", 1_577_836_800_000),
    ],
)
def test_a_time_is_milliseconds_or_iso_8601(sent: object, ms: int) -> None:
    assert ReplayIn.read({"from": sent}).from_ms == ms


@pytest.mark.parametrize("sent", ["", "yesterday", "1969-12-31T23:59:59Z", "9999-12-31T23:59:59-01:00", 1.5, True, -1])
def test_other_times_are_refused_in_plain_words(sent: object) -> None:
    with pytest.raises(InvalidInput) as caught:
        ReplayIn.read({"from": sent})
    assert caught.value.faults[0].location == "body.from"
    assert "Value error" not in caught.value.faults[0].message

"""When webhooks end, and when they are renewed."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.core.errors import InvalidInput
from chalicelib.subscriptions.rules.renewals import DAY_MS, MINUTE_MS, Renewal, renew_at_ms, renewal_of, retry_at_ms

NOW = 1_800_000_000_000
LATER = NOW + 7 * DAY_MS


@pytest.mark.parametrize(
    "told", [LATER, float(LATER), str(LATER), "2027-01-22T08:00:00Z", "2027-01-22T10:00:00.0000000+02:00"]
)
def test_an_end_is_told_in_any_usual_spelling(told: Any) -> None:
    assert renewal_of({"expiresAt": told}, NOW) == Renewal(LATER)


@pytest.mark.parametrize("value", [None, "x", 5, [], {}, {"expiresAt": None}, {"expires": LATER}])
def test_what_tells_no_end_expires_never(value: Any) -> None:
    assert renewal_of(value, NOW) is None


@pytest.mark.parametrize("told", [True, "soon", [], {}, -1, NOW, NOW // 1000, 10**20, float("nan"), "0001-01-01", "²"])
def test_what_is_no_time_to_come_is_refused(told: Any) -> None:
    with pytest.raises(InvalidInput) as caught:
        renewal_of({"expiresAt": told}, NOW)
    assert caught.value.faults[0].location == "create.expiresAt"


@pytest.mark.parametrize(
    ("life_ms", "after_ms"),
    [(60 * MINUTE_MS, 45 * MINUTE_MS), (30 * DAY_MS, 29 * DAY_MS), (2 * MINUTE_MS, 90_000), (5_000, MINUTE_MS)],
)
def test_a_quarter_of_the_time_is_left_when_it_is_renewed(life_ms: int, after_ms: int) -> None:
    assert renew_at_ms(NOW + life_ms, NOW) == NOW + after_ms


def test_failures_are_tried_again_ever_later_up_to_an_hour() -> None:
    waits = [(retry_at_ms(errors, NOW) - NOW) // MINUTE_MS for errors in range(1, 9)]
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60] and retry_at_ms(10**6, NOW) - NOW == 60 * MINUTE_MS


def test_it_is_kept_as_it_was_read() -> None:
    failed = Renewal(LATER).failed("LogicFailed: no").failed("LogicFailed: again")
    assert Renewal.of(failed.stored()) == failed == Renewal(LATER, 2, "LogicFailed: again")
    assert Renewal.of(Renewal(LATER).stored()) == Renewal(LATER) and Renewal.of(None) is None
    assert not failed.is_hopeless(LATER + 5 * DAY_MS) and failed.is_hopeless(LATER + 5 * DAY_MS + 1)

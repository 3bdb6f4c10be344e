"""Waits in wall-clock terms."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from chalicelib.journeys.rules import clock

ROME = "Europe/Rome"


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)


def local(at_ms: int, zone: str = ROME) -> str:
    return datetime.fromtimestamp(at_ms / 1000, clock.zone(zone)).isoformat()


@pytest.mark.parametrize(
    ("start", "amount", "unit", "expected"),
    [
        ("2025-03-29T02:30:00+01:00", 1, "DAYS", "2025-03-30T03:30:00+02:00"),  # 02:30 does not exist: the gap forward
        ("2025-03-29T12:00:00+01:00", 1, "DAYS", "2025-03-30T12:00:00+02:00"),
        ("2025-03-29T12:00:00+01:00", 24, "HOURS", "2025-03-30T13:00:00+02:00"),
        ("2025-10-25T02:30:00+02:00", 1, "DAYS", "2025-10-26T02:30:00+02:00"),  # twice: the first one
        ("2025-10-25T12:00:00+02:00", 1, "DAYS", "2025-10-26T12:00:00+01:00"),
        ("2025-10-19T02:30:00+02:00", 1, "WEEKS", "2025-10-26T02:30:00+02:00"),
        ("2025-01-31T10:00:00+01:00", 1, "MONTHS", "2025-02-28T10:00:00+01:00"),
        ("2024-01-31T10:00:00+01:00", 1, "MONTHS", "2024-02-29T10:00:00+01:00"),
        ("2025-08-31T10:00:00+02:00", 6, "MONTHS", "2026-02-28T10:00:00+01:00"),
        ("2025-12-15T10:00:00+01:00", 1, "MONTHS", "2026-01-15T10:00:00+01:00"),
        ("2025-06-01T10:00:00.250+02:00", 90, "MINUTES", "2025-06-01T11:30:00.250000+02:00"),
    ],
)
def test_durations(start: str, amount: int, unit: str, expected: str) -> None:
    assert local(clock.after_ms(ms(start), {"amount": amount, "unit": unit}, ROME)) == expected


@pytest.mark.parametrize(
    ("start", "at", "weekdays", "expected"),
    [
        ("2025-06-02T08:00:00+02:00", "09:30", (), "2025-06-02T09:30:00+02:00"),
        ("2025-06-02T09:30:20+02:00", "09:30", (), "2025-06-02T09:30:20+02:00"),  # the present minute counts
        ("2025-06-02T09:31:00+02:00", "09:30", (), "2025-06-03T09:30:00+02:00"),
        ("2025-06-02T08:00:00+02:00", "09:30", ("SUN",), "2025-06-08T09:30:00+02:00"),
        ("2025-06-02T10:00:00+02:00", "09:30", ("MON",), "2025-06-09T09:30:00+02:00"),
        ("2025-06-02T10:00:00+02:00", None, ("MON", "TUE"), "2025-06-02T10:00:00+02:00"),
        ("2025-06-02T10:00:00+02:00", None, ("FRI",), "2025-06-06T10:00:00+02:00"),
        ("2025-03-29T20:00:00+01:00", "02:30", (), "2025-03-30T03:30:00+02:00"),
        ("2025-10-25T20:00:00+02:00", "02:30", (), "2025-10-26T02:30:00+02:00"),
        ("2025-10-26T02:45:00+02:00", "02:30", (), "2025-10-27T02:30:00+01:00"),
    ],
)
def test_holding_on(start: str, at: str | None, weekdays: Any, expected: str) -> None:
    assert local(clock.hold_on_ms(ms(start), at, weekdays, ROME)) == expected


def test_holding_on_comes_after_the_duration_once() -> None:
    wait, resume = {"amount": 1, "unit": "DAYS"}, {"time": "09:30", "weekdays": ["MON"]}
    due = clock.due_ms(ms("2025-06-01T10:00:00+02:00"), wait, resume, ROME)
    assert local(due) == "2025-06-09T09:30:00+02:00"


@pytest.mark.parametrize("unit", ["DAYS", "WEEKS", "MONTHS"])
def test_going_back_undoes_going_forward_away_from_changes(unit: str) -> None:
    start, span = ms("2025-06-15T10:00:00+02:00"), {"amount": 1, "unit": unit}
    assert clock.before_ms(clock.after_ms(start, span, ROME), span, ROME) == start


def test_an_unknown_zone_is_refused() -> None:
    for name in ("Mars/Base", "../etc/passwd", ""):
        with pytest.raises(ValueError, match="time zone"):
            clock.zone(name)

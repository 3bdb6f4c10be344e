"""Time zones of schedules do not depend on the machine: a Lambda image need not have a database of them."""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from chalicelib.automations.rules import cron


@pytest.fixture
def no_system_zones() -> Iterator[None]:
    known = zoneinfo.TZPATH
    zoneinfo.reset_tzpath(to=())
    zoneinfo.ZoneInfo.clear_cache()
    yield
    zoneinfo.reset_tzpath(to=known)
    zoneinfo.ZoneInfo.clear_cache()


@pytest.mark.usefixtures("no_system_zones")
def test_a_schedule_of_berlin_is_found_without_the_system_s_zones() -> None:
    at_ms = int(datetime(2026, 7, 1, 12, tzinfo=UTC).timestamp() * 1000)
    nine_next_day = int(datetime(2026, 7, 2, 7, tzinfo=UTC).timestamp() * 1000)
    assert cron.next_ms("0 9 * * *", "Europe/Berlin", at_ms) == nine_next_day

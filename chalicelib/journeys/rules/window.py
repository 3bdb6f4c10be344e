"""The window of an automation: its dates and its zone."""

from __future__ import annotations

from functools import lru_cache

from chalicelib.core.errors import Fault


@lru_cache(maxsize=1024)
def is_zone(name: str) -> bool:
    """Say whether this is a zone of the IANA database."""
    from zoneinfo import ZoneInfo

    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # unknown, a path, a folder
        return False
    return True


def faults_of_window(start_ms: int | None, end_ms: int | None, zone: str, now_ms: int) -> list[Fault]:
    """Name what is wrong with dates and zone."""
    found = []
    if end_ms is not None and start_ms is not None and end_ms <= start_ms:
        found.append(Fault("body.endDate", "must be after startDate", "DATES"))
    if end_ms is not None and end_ms <= now_ms:
        found.append(Fault("body.endDate", "must be in the future", "DATES"))
    if not is_zone(zone):
        found.append(Fault("body.timezone", f"{zone} is no IANA zone", "DATES"))
    return found

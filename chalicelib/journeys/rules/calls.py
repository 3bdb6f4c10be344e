"""What answers of receivers mean for another attempt."""

from __future__ import annotations

from datetime import UTC
from email.utils import parsedate_to_datetime

REPEATED = frozenset({408, 425, 429})
LONGEST_WISH_S = 3600.0
NOTIFY_AFTER_S = (0, 60, 300, 900, 2400)  # five attempts in about an hour


def is_worth_repeating(status: int) -> bool:
    """Say whether another attempt may be answered otherwise."""
    return status in REPEATED or 500 <= status < 600


def retry_after_s(header: str | None, now_ms: int) -> float | None:
    """Read Retry-After, as seconds or a date, at most an hour; None when there is none that can be read."""
    if not header:
        return None
    text = header.strip()
    if text.isascii() and text.isdecimal() and len(text) < 10:
        return min(LONGEST_WISH_S, float(text))
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    at_ms = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000
    return min(LONGEST_WISH_S, max(0.0, (at_ms - now_ms) / 1000))

"""Third parties' webhooks that expire: until when they hold, when to renew them, when to stop trying."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from chalicelib.core.errors import InvalidInput

FIELD = "expiresAt"
MINUTE_MS, DAY_MS = 60_000, 86_400_000
SOONEST_MS = MINUTE_MS
LONGEST_LEAD_MS = DAY_MS
LEAD_SHARE = 0.25
LONGEST_PAUSE_MS = 60 * MINUTE_MS
HOPELESS_MS = 5 * DAY_MS  # as long as an endpoint may fail
_LATEST_MS = 253_402_300_799_999  # the end of the year 9999


@dataclass(frozen=True)
class Renewal:
    """What is known of a webhook that expires: its end (milliseconds), and the failures in a row to renew it."""

    expires_ms: int
    errors: int = 0
    error: str | None = None

    @classmethod
    def of(cls, stored: Mapping[str, Any] | None) -> Renewal | None:
        """Read it from its row; None: nothing expires."""
        return None if stored is None else cls(int(stored["exp"]), int(stored.get("errors", 0)), stored.get("err"))

    def stored(self) -> dict[str, Any]:
        """Render it for the row."""
        return {"exp": self.expires_ms, "errors": self.errors, **({} if self.error is None else {"err": self.error})}

    def failed(self, reason: str) -> Renewal:
        """Count one more failure."""
        return Renewal(self.expires_ms, self.errors + 1, reason)

    def is_hopeless(self, now_ms: int) -> bool:
        """Say whether it ended so long ago that nobody waits for it any more."""
        return now_ms - self.expires_ms > HOPELESS_MS


def renewal_of(value: Any, now_ms: int) -> Renewal | None:
    """Read from what `create` returned until when the webhook holds; None when it does not say.

    `expiresAt` is ISO 8601 (UTC unless it names a zone) or milliseconds since 1970, as a number or a text. Raises
    InvalidInput for what is no time, or a time that is over.
    """
    given = value.get(FIELD) if isinstance(value, dict) else None
    if given is None:
        return None
    expires_ms = _time_ms(given)
    if expires_ms is None or expires_ms > _LATEST_MS:
        raise InvalidInput.at(f"create.{FIELD}", "must be a time in ISO 8601, or milliseconds since 1970", "type")
    if expires_ms <= now_ms:
        raise InvalidInput.at(f"create.{FIELD}", "must be a time to come", "range")
    return Renewal(expires_ms)


def renew_at_ms(expires_ms: int, now_ms: int) -> int:
    """Say when to renew: when a quarter of the time is left, at most a day before the end, not within a minute."""
    lead_ms = min(int((expires_ms - now_ms) * LEAD_SHARE), LONGEST_LEAD_MS)
    return max(expires_ms - lead_ms, now_ms + SOONEST_MS)


def retry_at_ms(errors: int, now_ms: int) -> int:
    """Say when to try again after so many failures in a row: from a minute, doubling to an hour."""
    return now_ms + min(SOONEST_MS * 2 ** min(max(errors - 1, 0), 10), LONGEST_PAUSE_MS)


def _time_ms(given: Any) -> int | None:
    if isinstance(given, bool):
        return None
    if isinstance(given, int | float):
        return int(given) if 0 <= given <= _LATEST_MS else None
    if not isinstance(given, str):
        return None
    if given.isascii() and given.isdecimal() and len(given) < 16:
        return int(given)
    try:
        at = datetime.fromisoformat(given.upper())
        return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1000)
    except (ValueError, OverflowError):
        return None

"""Deliveries: their states, what an answer means, how long to wait."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from enum import StrEnum

from chalicelib.core.errors import PlatformError, QuotaExceeded, UpstreamFailed

MAX_DELAY_S = 86_400
JITTER = 0.2
NO_JITTER_BELOW_S = 10  # queues count whole seconds: a fifth of a short delay would only be rounding
_THROTTLES = frozenset({429, 502, 503, 504})
_ABORT_HEADER, _ABORT = "webhook-delivery", "abort-message"


class SubscriptionState(StrEnum):
    """What a subscription can be. A deleted one is gone."""

    ACTIVE = "active"
    DISABLED = "disabled"


class State(StrEnum):
    """What a delivery can be."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"
    DROPPED = "dropped"


CHANGES = {  # which state may follow which; a replay is what brings an ended delivery back
    State.PENDING: {State.PENDING, State.DELIVERED, State.FAILED, State.DROPPED},
    State.DELIVERED: {State.PENDING},
    State.FAILED: {State.PENDING, State.DELIVERED},
    State.DROPPED: {State.PENDING, State.DELIVERED},
}


class Fate(StrEnum):
    """What one attempt means for its delivery."""

    DONE = "done"
    UNWANTED = "unwanted"  # the trigger's logic said: not for this subscription
    RETRY = "retry"
    END = "end"
    DISABLE = "disable"
    CLOGGED = "clogged"  # not tried: too many requests to this endpoint hang
    PAUSED = "paused"  # not tried: the service is switched off
    PUT_OFF = "put off"  # not tried: the workspace's quota of the day is used up


@dataclass(frozen=True)
class Verdict:
    """How one attempt ended. `blames` says that the receiver's endpoint is at fault, not our own side."""

    fate: Fate
    code: int | None = None
    error: str | None = None
    wish_s: float | None = None
    blames: bool = False


def judge(status: int, headers: Mapping[str, str], now_ms: int) -> Verdict:
    """Say what a receiver's answer means. Source: Standard Webhooks 1.0.0; docs/ARCHITECTURE.md."""
    if 200 <= status < 300:
        return Verdict(Fate.DONE, status)
    if status == 410:
        return Verdict(Fate.DISABLE, status, "the receiver is gone (410)", blames=True)
    if headers.get(_ABORT_HEADER, "").strip().lower() == _ABORT:
        return Verdict(Fate.END, status, f"the receiver answered {status} and asked not to be tried again", blames=True)
    wish_s = retry_after_s(headers.get("retry-after"), now_ms) if status in _THROTTLES else None
    return Verdict(Fate.RETRY, status, f"the receiver answered {status}", wish_s, blames=True)


def judge_error(error: PlatformError, *, is_receiver: bool) -> Verdict:
    """Say what an error means: the receiver's (not reached, not answering) or the trigger logic's own.

    A receiver's forbidden address counts as a failed attempt, because names come to point elsewhere: the endpoint
    heals by itself or is disabled after days like any other.
    """
    if is_receiver and isinstance(error, UpstreamFailed):
        return Verdict(Fate.RETRY, None, error.message, blames=True)
    if isinstance(error, QuotaExceeded):
        return Verdict(Fate.PUT_OFF, None, error.message, error.pause_s)
    if error.retryable:
        return Verdict(Fate.RETRY, None, error.message, getattr(error, "retry_after_s", None))
    return Verdict(Fate.END, None, f"{type(error).__name__}: {error.message}")


def retry_after_s(text: str | None, now_ms: int) -> float | None:
    """Read a Retry-After header, seconds or an HTTP date; None when it cannot be read."""
    text = (text or "").strip()
    if text.isdecimal() and text.isascii():
        return float(min(int(text[:9]), MAX_DELAY_S))
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    return max(0.0, at.timestamp() - now_ms / 1000)


def next_delay_s(
    schedule_s: Sequence[int], tries: int, wish_s: float | None, jitter: Callable[[], float]
) -> float | None:
    """Say how long to wait after `tries` attempts; None when the schedule has ended.

    schedule_s[n] is the delay before attempt n + 1; wish_s is the receiver's Retry-After; jitter gives 0..1.
    """
    if tries >= len(schedule_s):
        return None
    step = schedule_s[tries]
    delay = min(max(step, wish_s or 0), max(step, MAX_DELAY_S))
    return delay if delay < NO_JITTER_BELOW_S else delay * (1 + JITTER * jitter())

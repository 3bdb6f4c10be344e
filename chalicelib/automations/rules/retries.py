"""When a failed step is tried again, and how a failure is written down."""

from __future__ import annotations

from typing import Any

from chalicelib.core.errors import PlatformError

DEFAULT_SECONDS, DEFAULT_FACTOR, DEFAULT_MAX_SECONDS = 1.0, 2.0, 3600.0
TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})
_NETWORK = frozenset({"ECONNABORTED", "ETIMEDOUT", "ECONNREFUSED", "ERR_NETWORK"})
_MAX_TEXT = 2_000
Json = dict[str, Any]


def is_transient(status: int) -> bool:
    """Say whether an HTTP status may pass: all of 5xx, and 408, 425 and 429."""
    return status >= 500 or status in TRANSIENT


def error_of(error: PlatformError) -> Json:
    """Write down a failure: its type, text, whether it may pass, and the place in the user's code."""
    details = dict(error.details)
    status = getattr(error, "status", None) or details.get("status")
    made: Json = {"type": type(error).__name__, "message": error.message[:_MAX_TEXT]}
    may_pass = error.retryable or details.get("code") in _NETWORK
    may_pass = may_pass or (isinstance(status, int) and is_transient(status))
    made |= {"retryable": bool(may_pass)}
    for name in ("line", "column", "kind", "code"):
        if details.get(name) is not None:
            made[name] = details[name]
    if isinstance(status, int):
        made["status"] = status
    if getattr(error, "retry_after_s", None):
        made["retryAfterSeconds"] = error.retry_after_s  # type: ignore[attr-defined]
    return made


def failure(kind: str, message: str, *, retryable: bool = False) -> Json:
    """Write down a failure of the engine's own."""
    return {"type": kind, "message": message, "retryable": retryable}


def delay_ms(step: Json, attempt: int, error: Json) -> int | None:
    """Say how long after a failed attempt (from 1) the next may begin; None when there is none.

    What a receiver asked for by Retry-After counts, up to a day.
    """
    policy = step.get("retry")
    if policy is None or not error["retryable"] or attempt >= policy["maxAttempts"]:
        return None
    backoff = policy.get("backoff", {})
    pause_s = backoff.get("seconds", DEFAULT_SECONDS) * backoff.get("factor", DEFAULT_FACTOR) ** (attempt - 1)
    pause_s = min(pause_s, backoff.get("maxSeconds", DEFAULT_MAX_SECONDS))
    return int(1000 * max(pause_s, min(86_400, error.get("retryAfterSeconds", 0))))

"""How a run can fail beyond its script: the three answers clients of this surface take as worth another try.

Source: semantics of the contract's Failure response; clients match on the texts.
"""

from __future__ import annotations

from chalicelib.core.errors import LogicFailed, UpstreamFailed, UpstreamTimeout

UNAUTHORIZED = 401
_TIMED_OUT, _REFUSED = frozenset({"ECONNABORTED", "ETIMEDOUT"}), "ECONNREFUSED"


class TokenRejected(UpstreamFailed):
    """The third party does not accept the user's token."""

    http_status = 500

    def __init__(self) -> None:
        super().__init__("Connector token is unauthorized", status=UNAUTHORIZED, retryable=True)


class ConnectionRefused(UpstreamFailed):
    """Nothing listens at the third party's address."""

    http_status = 500

    def __init__(self) -> None:
        super().__init__("econnrefused", retryable=True)


class RunTimedOut(UpstreamTimeout):
    """A third party did not answer within the time of the run."""

    http_status = 500

    def __init__(self) -> None:
        super().__init__("Timeout")


def as_answered(failed: LogicFailed, *, has_token: bool, is_waiting: bool) -> Exception:
    """Say what a failed script means for whoever asked for the run."""
    if has_token and failed.details.get("status") == UNAUTHORIZED:
        return TokenRejected()
    if failed.details.get("code") in _TIMED_OUT or (failed.kind == "timeout" and is_waiting):
        return RunTimedOut()
    if failed.details.get("code") == _REFUSED:
        return ConnectionRefused()
    return failed

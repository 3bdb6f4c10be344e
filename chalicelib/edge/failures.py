"""Errors as answers: one table of statuses, one rendering for each surface."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from chalicelib.core import clock, errors
from chalicelib.core.errors import PlatformError

STATUS: dict[type[PlatformError], int] = {
    errors.InvalidInput: 400,
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.Gone: 410,
    errors.Conflict: 409,
    errors.TooLarge: 413,
    errors.UnsupportedMedia: 415,
    errors.RateLimited: 429,
    errors.LogicFailed: 422,
    errors.UpstreamTimeout: 504,
    errors.UpstreamFailed: 502,
    errors.Unavailable: 503,
}
BUG = "something went wrong on our side"


class MethodNotAllowed(PlatformError):
    """The path exists, the method does not. `allowed` goes into the Allow header."""

    def __init__(self, allowed: str) -> None:
        super().__init__(f"this path takes {allowed}")
        self.allowed = allowed


@dataclass(frozen=True)
class Failure:
    """What a client sees of an error."""

    status: int
    body: Any
    headers: dict[str, str]


def status_of(error: PlatformError) -> int:
    """Give the HTTP status of an error by its nearest class in the table."""
    if isinstance(error, MethodNotAllowed):
        return 405
    if own := getattr(error, "http_status", None):  # a surface that asks for another status than the meaning's
        return int(own)
    for kind in type(error).__mro__:
        if kind in STATUS:
            return STATUS[kind]
    return 500


def render(surface: str, error: Exception, request_id: str, path: str = "") -> Failure:
    """Turn an error into an answer in the surface's own shape; anything unexpected reveals nothing.

    `path` is the request's, with its query, for the surfaces that repeat it.
    """
    known = error if isinstance(error, PlatformError) else PlatformError(BUG)
    status = status_of(known)
    headers = {}
    if retry_after_s := getattr(known, "retry_after_s", None):
        headers["Retry-After"] = str(retry_after_s)
    if isinstance(known, errors.Unavailable):
        headers["Retry-After"] = "1"
    if isinstance(known, MethodNotAllowed):
        headers["Allow"] = known.allowed
    body = SURFACES[surface](known, status, request_id)
    if surface in WITH_PATH:
        body["path"] = path
    return Failure(status, body, headers)


def _interactor(error: PlatformError, status: int, request_id: str) -> dict[str, Any]:
    body: dict[str, Any] = {
        "error": error.message,
        "type": type(error).__name__ if status != 500 else "Internal",
        "description": (type(error).__doc__ or "").split(". ")[0].split("\n")[0].rstrip(".") + ".",
        "status": status,
    }
    details = dict(error.details)
    if isinstance(error, errors.InvalidInput) and error.faults:
        details["faults"] = [fault.__dict__ for fault in error.faults]
    if status >= 500:
        details["requestId"] = request_id
    if details:
        body["details"] = details
    return body


def _novu(error: PlatformError, status: int, request_id: str) -> dict[str, Any]:
    body: dict[str, Any] = {
        "statusCode": status,
        "timestamp": clock.iso_ms(clock.now_ms()),
        "path": "",
        "message": error.message.removeprefix("body."),
        "error": HTTPStatus(status).phrase,
    }
    faults: dict[str, dict[str, list[str]]] = {}
    for fault in getattr(error, "faults", ()):
        name = fault.location.removeprefix("body.")
        faults.setdefault(name, {"messages": []})["messages"].append(fault.message)
    if faults or status == 422:  # typed clients ask for the member wherever the status is 422
        body["errors"] = faults
    if status >= 500:
        body["errorId"] = request_id
    return body


INTERACTOR, NOVU = "interactor", "novu"
SURFACES: dict[str, Callable[[PlatformError, int, str], Any]] = {INTERACTOR: _interactor, NOVU: _novu}
WITH_PATH = frozenset({NOVU})

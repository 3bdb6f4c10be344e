"""Errors as answers: one table of statuses, one rendering for each surface."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from chalicelib.core import clock, config, errors
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


def status_of(error: PlatformError, surface: str = "") -> int:
    """Give the HTTP status of an error by its nearest class in the surface's table, then in the common one."""
    if isinstance(error, MethodNotAllowed):
        return 405
    if own := getattr(error, "http_status", None):  # a surface that asks for another status than the meaning's
        return int(own)
    own_table = STATUS_OF_SURFACE.get(surface, {})
    for kind in type(error).__mro__:
        if kind in own_table or kind in STATUS:
            return own_table.get(kind) or STATUS[kind]
    return 500


def render(surface: str, error: Exception, request_id: str, path: str = "") -> Failure:
    """Turn an error into an answer in the surface's own shape; anything unexpected reveals nothing.

    `path` is the request's, with its query, for the surfaces that repeat it.
    """
    known = error if isinstance(error, PlatformError) else PlatformError(BUG)
    status = status_of(known, surface)
    headers = {}
    if retry_after_s := getattr(known, "retry_after_s", None):
        headers["Retry-After"] = str(retry_after_s)
    if isinstance(known, errors.Unavailable):
        headers["Retry-After"] = "1"
    if isinstance(known, MethodNotAllowed):
        headers["Allow"] = known.allowed
    if surface == NOVU and isinstance(known, errors.InProgress):
        headers["Link"] = f'<{config.settings().public_url}/docs>; rel="help"'
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
        "message": _without_place(error.message),
        "error": HTTPStatus(status).phrase,
    }
    faults: dict[str, dict[str, list[str]]] = {}
    for fault in getattr(error, "faults", ()):
        name = _without_place(fault.location)
        faults.setdefault(name, {"messages": []})["messages"].append(fault.message)
    if faults or status == 422:  # typed clients ask for the member wherever the status is 422
        body["errors"] = faults
    if status >= 500:
        body["errorId"] = request_id
    return body


def _without_place(text: str) -> str:
    """Name a field as this surface does: alone, wherever it stood."""
    return text.removeprefix("body.").removeprefix("query.").removeprefix("path.")


_BOTPRESS_TYPES: dict[type[PlatformError], str] = {
    MethodNotAllowed: "MethodNotFound",
    errors.InvalidInput: "InvalidPayload",
    errors.Unauthenticated: "Unauthorized",
    errors.Forbidden: "Forbidden",
    errors.NotFound: "ResourceNotFound",
    errors.Gone: "ResourceNotFound",
    errors.AlreadyExists: "AlreadyExists",
    errors.Conflict: "RelationConflict",
    errors.TooLarge: "PayloadTooLarge",
    errors.UnsupportedMedia: "UnsupportedMediaType",
    errors.RateLimited: "RateLimited",
    errors.LogicFailed: "Runtime",
    errors.UpstreamFailed: "Runtime",
}
_BOTPRESS_KINDS = {  # what a fault says of itself, where that makes another type of error
    "json_schema": "InvalidJsonSchema",
    "data_format": "InvalidDataFormat",
    "identifier": "InvalidIdentifier",
    "reference": "ReferenceNotFound",
    "runtime": "Runtime",
}
_BOTPRESS_MEANINGS = {
    "Unknown": "Something failed for a reason that is not known.",
    "Internal": "The service itself failed.",
    "Unauthorized": "The request must prove who is asking.",
    "Forbidden": "Whoever asks may not do this.",
    "PayloadTooLarge": "The body of the request is too large.",
    "InvalidPayload": "The body of the request does not fit the operation.",
    "UnsupportedMediaType": "The content type of the request is not read here.",
    "MethodNotFound": "The path does not take this method.",
    "ResourceNotFound": "What the request names does not exist.",
    "InvalidJsonSchema": "A schema in the request is not a JSON Schema that can be used.",
    "InvalidDataFormat": "The data does not fit the JSON Schema declared for it.",
    "InvalidIdentifier": "A name must begin with a small letter and have 2 to 100 letters and digits.",
    "RelationConflict": "Things named together do not belong together.",
    "ReferenceNotFound": "Something the body refers to does not exist.",
    "InvalidQuery": "A parameter of the query cannot be used.",
    "Runtime": "A bot or an integration failed while it ran.",
    "AlreadyExists": "There is one of these already.",
    "RateLimited": "There were too many requests.",
}


def botpress_type(error: PlatformError) -> str:
    """Name an error as the Botpress surface does. Source: contract/botpress.yaml, x-error-table."""
    if isinstance(error, errors.InvalidInput) and error.faults:
        first = error.faults[0]
        if first.kind in _BOTPRESS_KINDS:
            return _BOTPRESS_KINDS[first.kind]
        if first.location.startswith("query."):
            return "InvalidQuery"
    for kind in type(error).__mro__:
        if kind in _BOTPRESS_TYPES:
            return _BOTPRESS_TYPES[kind]
    return "Unknown" if type(error) is PlatformError else "Internal"


def _botpress(error: PlatformError, status: int, request_id: str) -> dict[str, Any]:
    named = botpress_type(error)
    return {
        "id": f"err_{request_id.replace('-', '')}",
        "code": status,
        "type": named,
        "message": error.message.removeprefix("body."),
        "description": _BOTPRESS_MEANINGS[named],
        "status": status,
    }


def _contactflow(error: PlatformError, status: int, request_id: str) -> dict[str, Any]:
    body: dict[str, Any] = {"message": error.message.removeprefix("body."), "logref": request_id}
    if error.details:
        body["data"] = dict(error.details)
    body["errors"] = [
        {"path": pointer(fault.location), "message": fault.message, "code": fault.kind}
        for fault in getattr(error, "faults", ())
    ]
    return body


def surface_below(path: str) -> str:
    """Say which surface answers for a path that nothing is at; `path` has no slash in front."""
    return next((surface for start, surface in _BELOW.items() if path.startswith(start)), INTERACTOR)


def pointer(location: str) -> str:
    """Spell where a fault lies: a JSON pointer into the body, or the name of a parameter."""
    place, _, rest = location.partition(".")
    if place != "body":
        return rest or location
    parts = [part.replace("~", "~0").replace("/", "~1") for part in rest.split(".") if part]
    return "".join(f"/{part}" for part in parts)


INTERACTOR, NOVU, BOTPRESS, CONTACTFLOW = "interactor", "novu", "botpress", "contactflow"
SURFACES: dict[str, Callable[[PlatformError, int, str], Any]] = {
    INTERACTOR: _interactor,
    NOVU: _novu,
    BOTPRESS: _botpress,
    CONTACTFLOW: _contactflow,
}
STATUS_OF_SURFACE: dict[str, dict[type[PlatformError], int]] = {
    BOTPRESS: {errors.Gone: 404, errors.LogicFailed: 400, errors.UpstreamTimeout: 400, errors.UpstreamFailed: 400}
}
WITH_PATH = frozenset({NOVU})
REFUSES_ITSELF = frozenset({BOTPRESS, CONTACTFLOW, NOVU})  # other verbs of its paths are refused in its own shape
_BELOW = {"v1/chat/": BOTPRESS, "v1/storage/": BOTPRESS, "v1/admin/": BOTPRESS, "flow/": CONTACTFLOW}

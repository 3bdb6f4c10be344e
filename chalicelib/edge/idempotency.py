"""`Idempotency-Key`: the first outcome of a POST is replayed for a day.

What keeps the outcomes is plugged in by app.py. Nothing is stored before execution begins: a request that is refused
as malformed, unknown or too early may be sent again under the same key, also changed. One that was answered 503 may
have done a part, so its repeat is the same request and makes the same things.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from chalicelib.adapters import logs
from chalicelib.core import errors
from chalicelib.core.call import Call
from chalicelib.core.errors import Conflict, InProgress, InvalidInput, PlatformError
from chalicelib.edge.failures import BUG, CONTACTFLOW, INTERACTOR, NOVU, render

if TYPE_CHECKING:
    from chalicelib.edge.failures import Failure
    from chalicelib.edge.route import Answer

HEADER = "idempotency-key"
_NOT_BEGUN = (errors.InvalidInput, errors.NotFound, errors.RateLimited, errors.InProgress)


@dataclass(frozen=True)
class Dialect:
    """How a surface spells idempotency: which verbs take the header, and what a replay and a misused key look like."""

    verbs: frozenset[str] = frozenset({"POST"})
    replayed: str = "Idempotent-Replayed"
    echoes_key: bool = False
    mismatch_status: int = 409
    not_begun: tuple[type[PlatformError], ...] = _NOT_BEGUN
    max_key: int = 255


_INTERACTOR = Dialect()
DIALECTS = {
    NOVU: Dialect(
        frozenset({"POST", "PATCH"}),
        "Idempotency-Replay",
        echoes_key=True,
        mismatch_status=422,
        not_begun=tuple(kind for kind in _NOT_BEGUN if kind is not errors.NotFound),
    ),
    CONTACTFLOW: Dialect(max_key=128),
}


class Running:
    """The first request under this key has not finished; ask again after `retry_after_s`."""

    def __init__(self, retry_after_s: int) -> None:
        self.retry_after_s = retry_after_s


class Mismatch:
    """The key was used for another request."""


class Fresh(Protocol):
    """The right to run, once; exactly one of the three is called. `begun_ms` is when the first run began.

    A run that was left is gone on with by a repeat of the same request; one that was abandoned never was.
    """

    @property
    def begun_ms(self) -> int: ...
    def finish(self, outcome: dict[str, Any]) -> None: ...
    def leave(self) -> None: ...
    def abandon(self) -> None: ...


class Outcomes(Protocol):
    """Keeps the first outcome of each key for 24 hours."""

    def begin(self, workspace_id: str, key: str, fingerprint: str) -> Fresh | dict[str, Any] | Running | Mismatch: ...


_outcomes: Outcomes | None = None


def use(outcomes: Outcomes) -> None:
    """Say what keeps the outcomes."""
    global _outcomes
    _outcomes = outcomes


def dialect_of(surface: str) -> Dialect:
    """Give how a surface spells idempotency."""
    return DIALECTS.get(surface, _INTERACTOR)


def once(call: Call, fingerprint: str, run: Callable[[], Answer], surface: str = INTERACTOR, path: str = "") -> Answer:
    """Run under the request's idempotency key, or replay what came out the first time.

    Raises Conflict when the key was used for another request, InProgress while the first is running.
    """
    from chalicelib.edge.route import Answer

    key = call.headers.get(HEADER)
    if key is None:
        return run()
    dialect = dialect_of(surface)
    call.idempotency_key = _checked(key, dialect.max_key)
    if _outcomes is None:
        raise RuntimeError("idempotency.use() was not called")
    first = _outcomes.begin(call.workspace_id, key, fingerprint)
    if isinstance(first, dict):
        return Answer(first["body"], first["status"], {**first["headers"], dialect.replayed: "true"})
    if isinstance(first, Mismatch):
        raise _misused(dialect)
    if isinstance(first, Running):
        raise InProgress("the first request under this Idempotency-Key is still running", first.retry_after_s)
    call.begun_ms = first.begun_ms
    if dialect.echoes_key:
        call.answer_headers["Idempotency-Key"] = key
    return _first_run(call, first, run, lambda error: render(surface, error, call.request_id, path), dialect)


def _misused(dialect: Dialect) -> Conflict:
    error = Conflict("this Idempotency-Key was used for another request")
    error.http_status = dialect.mismatch_status
    return error


def _first_run(
    call: Call, fresh: Fresh, run: Callable[[], Answer], shown: Callable[[PlatformError], Failure], dialect: Dialect
) -> Answer:
    from chalicelib.edge.route import Answer

    try:
        answer = run()
    except errors.Unavailable:  # a part may be done: a repeat must make the same things
        fresh.leave()
        raise
    except dialect.not_begun:
        fresh.abandon()
        raise
    except PlatformError as error:
        failure = shown(error)
        answer = Answer(failure.body, failure.status, {**failure.headers, **call.answer_headers})
    except Exception as error:  # noqa: BLE001 it may have acted before it broke, so a repeat must not act again
        logs.exception("request.bug", error)
        failure = shown(PlatformError(BUG))
        answer = Answer(failure.body, failure.status, failure.headers)
    fresh.finish(dataclasses.asdict(answer))
    return answer


def _checked(key: str, longest: int) -> str:
    if not 0 < len(key) <= longest or not key.isascii() or not key.isprintable():
        raise InvalidInput.at("header.Idempotency-Key", f"must be 1 to {longest} printable ASCII characters", "length")
    return key

"""Everything that can go wrong, by meaning.

PlatformError
|-- InvalidInput            400  the caller's data; carries faults, one per location
|-- Unauthenticated         401  nobody we know
|-- Forbidden               403  known, but not allowed
|-- NotFound                404  absent, or another workspace's
|-- Gone                    410  was here and ended for good
|-- Conflict                409  someone or something else got there first
|   |-- AlreadyExists            the name, id or key is taken
|   |-- InUse                    something still leans on it
|   |-- LimitReached             there are as many as there may be
|   |-- VersionConflict          it changed since it was read
|   `-- InProgress               the same request is still running; carries retry_after_s
|-- TooLarge                413  outside the stated limits
|   `-- ItemTooLarge             what came of it does not fit into one item
|-- UnsupportedMedia        415  not a content type we read
|-- RateLimited             429  carries retry_after_s
|   `-- QuotaExceeded            what may be used in a day is used up
|-- LogicFailed             422  a script threw, or ran out of time or memory
|-- UpstreamFailed          502  another service refused; carries retryable
|   `-- UpstreamTimeout     504  another service stayed silent
`-- Unavailable             503  our own table or queue is throttled

Raise by meaning; edge/failures.py alone turns a class into a status and a body.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Fault:
    """One thing wrong with the input: where (`body.name`, `query.version`), what, and a machine word for it."""

    location: str
    message: str
    kind: str = "invalid"


class PlatformError(Exception):
    """The root. `message` is for people, `details` for programs, `retryable` for workers."""

    retryable = False
    http_status: int | None = None  # where a surface asks for another status than the meaning's

    def __init__(self, message: str, *, details: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.details = details or {}


class InvalidInput(PlatformError):
    """Something in the request is wrong. `faults` names every place."""

    def __init__(self, message: str, faults: list[Fault] | None = None) -> None:
        super().__init__(message)
        self.faults = faults or []

    @classmethod
    def at(cls, location: str, message: str, kind: str = "invalid") -> InvalidInput:
        """Build the error for one fault, naming the field in the message too."""
        return cls(f"{location}: {message}", [Fault(location, message, kind)])


class Unauthenticated(PlatformError):
    """No credentials were sent, or unknown ones."""


class Forbidden(PlatformError):
    """The caller is known and may not do this."""


class NotFound(PlatformError):
    """It does not exist for this caller. Absent and another workspace's are never told apart."""


class Gone(PlatformError):
    """It was here and ended for good."""


class Conflict(PlatformError):
    """Someone or something else got there first."""


class AlreadyExists(Conflict):
    """The name, id or key is taken."""


class InUse(Conflict):
    """Something still leans on it."""


class LimitReached(Conflict):
    """There are as many as there may be; one has to go before another can come."""


class VersionConflict(Conflict):
    """It changed since it was read."""


class InProgress(Conflict):
    """The first request under this idempotency key is still running."""

    def __init__(self, message: str, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class TooLarge(PlatformError):
    """The request is outside the stated limits."""


class ItemTooLarge(TooLarge):
    """What is to be stored is larger than one item may be. Work that ends so is given up where one can see it."""

    retryable = True


class UnsupportedMedia(PlatformError):
    """This operation does not read that content type."""


class RateLimited(PlatformError):
    """Too many calls; the same call may succeed after `retry_after_s`."""

    retryable = True

    def __init__(self, message: str, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class QuotaExceeded(RateLimited):
    """What a workspace may use in a day is used up; the same call may succeed after `retry_after_s`.

    Work that was accepted rests for `pause_s` and looks again: the quota may have been raised before the day is over.
    """

    MAX_PAUSE_S = 3_600

    @property
    def pause_s(self) -> int:
        """How long work is put off before it looks again."""
        return min(self.retry_after_s, self.MAX_PAUSE_S)


class LogicFailed(PlatformError):
    """A script threw, or ran out of its limits.

    `kind` is one of threw, timeout, memory, stack, output, syntax, stuck; line and column count from 1 in the
    user's own code, or are None. `logs` are the console lines printed before the end. `cpu_ms` is what the run used,
    where its end was not forced from outside.
    """

    cpu_ms: float | None = None

    def __init__(
        self,
        message: str,
        *,
        kind: str = "threw",
        line: int | None = None,
        column: int | None = None,
        logs: list[dict[str, Any]] | None = None,
    ) -> None:
        super().__init__(message, details={"kind": kind, "line": line, "column": column})
        self.kind, self.line, self.column = kind, line, column
        self.logs = logs or []


class UpstreamFailed(PlatformError):
    """Another service refused or could not be reached. `status` is its HTTP status, when it gave one."""

    def __init__(self, message: str, *, status: int | None = None, retryable: bool = False) -> None:
        super().__init__(message, details={} if status is None else {"upstreamStatus": status})
        self.status = status
        self.retryable = retryable


class UpstreamTimeout(UpstreamFailed):
    """Another service stayed silent."""

    def __init__(self, message: str) -> None:
        super().__init__(message, retryable=True)


class AddressRefused(UpstreamFailed):
    """The guarded client will not dial this address; nothing was sent."""


class Unavailable(PlatformError):
    """Our own table or queue is throttled or out of reach; the same call may succeed later."""

    retryable = True

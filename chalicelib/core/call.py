"""Call: who asks, in which workspace, for what. Every operation takes one and nothing else."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from chalicelib.core import ids
from chalicelib.core.errors import InvalidInput

MAX_TEXT = 256
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True)
class Caller:
    """Whom a credential stands for: a workspace, the key that was shown, and what it may do.

    `subject` is set when the credential was made for one bot or integration (`bot:<id>`, `integration:<id>`) and may
    act only as that one, at run time. `limits` are rate limits of the credential's own: requests a second by kind.
    """

    workspace_id: str
    key_id: str
    scopes: frozenset[str]
    subject: str = ""
    limits: Mapping[str, int] = field(default_factory=dict, hash=False)


@dataclass
class Call:
    """One request, read and checked.

    `path` and `query` are decoded once, `query_lists` holds every value of a repeated parameter, `raw_path` and
    `raw_query` are path and query as text; `body` is what the row's `takes` made of it (None without a body); `headers`
    have lower-case names. `answer_headers` may be added to by the operation. `begun_ms` is when the first run under the
    idempotency key began, whichever this is.
    """

    operation: str
    caller: Caller
    request_id: str
    path: dict[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    query_lists: Mapping[str, list[str]] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    raw_body: bytes = b""
    method: str = ""
    raw_path: str = ""
    raw_query: str = ""
    idempotency_key: str | None = None
    begun_ms: int = 0
    deadline_ms: int = 0
    answer_headers: dict[str, str] = field(default_factory=dict)

    @property
    def workspace_id(self) -> str:
        """The workspace the credential belongs to: never taken from the request itself."""
        return self.caller.workspace_id

    @property
    def user_id(self) -> str | None:
        """The user named in the query, if any. Raises InvalidInput when it is not a usable text."""
        value = self.query.get("userId")
        return None if value is None else usable_text(value, "query.userId")

    @property
    def is_async(self) -> bool:
        """Whether the caller would rather not wait: `?async=true`, or `Prefer: respond-async`. Raises InvalidInput."""
        asked = self.query.get("async", "false")
        if asked not in ("true", "false"):
            raise InvalidInput.at("query.async", "must be true or false", "choice")
        return asked == "true" or "respond-async" in self.headers.get("prefer", "").lower()

    def check_query(self, *names: str) -> None:
        """Refuse query parameters that were sent and cannot name anything. Raises InvalidInput."""
        for name in names:
            if name in self.query:
                usable_text(self.query[name], f"query.{name}")

    def required_query(self, name: str) -> str:
        """Read a query parameter that must be there. Raises InvalidInput naming it."""
        value = self.query.get(name)
        if not value:  # of blanks alone it is a name, though hardly anybody's
            raise InvalidInput.at(f"query.{name}", "is required", "missing")
        return usable_text(value, f"query.{name}")

    def new_id(self, kind: str) -> str:
        """Mint the id of what this call creates: the same one when it is repeated under its idempotency key."""
        if self.idempotency_key is None:
            return ids.new_uuid()
        return ids.derived_uuid(self.workspace_id, kind, self.operation, self.idempotency_key)

    def new_ordered_id(self, kind: str) -> str:
        """Do so for what is listed in order of creation: the id sorts by when this call was first made."""
        if self.idempotency_key is None:
            return ids.new_ordered_uuid()
        key = f"{self.idempotency_key}|{hashlib.sha256(self.raw_body).hexdigest()}"
        return ids.derived_uuid_at(self.begun_ms, self.workspace_id, kind, self.operation, key)


def usable_text(value: str, where: str, max_length: int = MAX_TEXT) -> str:
    """Check a text that names something. Raises InvalidInput when empty, too long, or holding control characters."""
    if not value or len(value) > max_length:
        raise InvalidInput.at(where, f"must have 1 to {max_length} characters", "length")
    if _CONTROL.search(value):
        raise InvalidInput.at(where, "must not hold control characters", "characters")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise InvalidInput.at(where, "is not valid text", "encoding") from None
    return value

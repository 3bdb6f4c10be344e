"""What goes out and what comes back, and which headers a caller may set."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from chalicelib.core.errors import InvalidInput

MAX_HEADERS = 64
MAX_HEADER_BYTES = 16_384

IDEMPOTENT_METHODS = frozenset({"GET", "HEAD", "PUT", "DELETE", "OPTIONS"})
REPEAT_KEYS = frozenset({"idempotency-key", "webhook-id"})
REFUSED_METHODS = frozenset({"CONNECT", "TRACE", "TRACK"})
REFUSED_HEADERS = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "keep-alive", "upgrade", "te", "trailer", "expect"}
)
# What may travel to another host after a redirect. A list of what is harmless, because any other header may be a key.
HARMLESS_HEADERS = frozenset(
    {"accept", "accept-language", "cache-control", "content-language", "content-type", "idempotency-key", "user-agent"}
)

_METHOD = re.compile(r"[A-Z]{1,20}")
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,200}")
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")


class Headers(Mapping[str, str]):
    """Headers whose names are equal in any case. A name that came several times holds its values joined by commas."""

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        self._pairs: dict[str, tuple[str, str]] = {}
        for name, value in pairs:
            known = self._pairs.get(name.lower())
            self._pairs[name.lower()] = (name, value) if known is None else (known[0], f"{known[1]}, {value}")

    def __getitem__(self, name: str) -> str:
        return self._pairs[name.lower()][1]

    def __iter__(self) -> Iterator[str]:
        return (name for name, _ in self._pairs.values())

    def __len__(self) -> int:
        return len(self._pairs)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._pairs

    def __repr__(self) -> str:
        return f"Headers({', '.join(self)})"  # names only: values may be secrets


@dataclass(frozen=True)
class Request:
    """One request, with its limits.

    timeout_s runs from the name lookup to the last byte, redirects included. Bytes of the answer beyond
    max_response_bytes are not read. With max_redirects 0 a redirect is an answer like any other; otherwise every hop
    is checked anew and headers that may hold credentials stay with their host. may_resend says whether the request
    may be sent again when a kept connection turns out dead; None decides by method and idempotency header.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)
    timeout_s: float = 15.0
    connect_timeout_s: float = 10.0
    max_response_bytes: int = 65_536
    max_redirects: int = 0
    may_resend: bool | None = None


@dataclass(frozen=True)
class Response:
    """One answer. `url` is where it came from, after redirects; `truncated` says the body was longer than allowed."""

    status: int
    headers: Headers = field(repr=False)
    body: bytes = field(repr=False)
    truncated: bool
    elapsed_ms: float
    url: str = field(repr=False)


def checked_method(method: str) -> str:
    """Return the method in capitals. Raises InvalidInput."""
    name = method.upper() if method.isascii() else ""
    if not _METHOD.fullmatch(name) or name in REFUSED_METHODS:
        raise InvalidInput.at("method", "is not a method that can be sent")
    return name


def checked_headers(headers: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the headers as they will be sent. Raises InvalidInput naming the first header that may not be set."""
    if len(headers) > MAX_HEADERS:
        raise InvalidInput.at("headers", f"there may be at most {MAX_HEADERS}", "too_many")
    checked, size_bytes = [], 0
    for name, raw in headers.items():
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise InvalidInput.at("headers", "a name holds characters that headers cannot carry")
        lower = name.lower()
        if lower in REFUSED_HEADERS or lower.startswith("proxy-"):
            raise InvalidInput.at(f"headers.{name}", "is set by the platform", "forbidden")
        if not isinstance(raw, str) or not _VALUE.fullmatch(raw):
            raise InvalidInput.at(f"headers.{name}", "holds characters that headers cannot carry")
        value = raw.strip(" \t")
        size_bytes += len(name) + len(value) + 4
        if lower != "accept-encoding":  # the answer is asked for as it is, so that its size means something
            checked.append((name, value))
    if size_bytes > MAX_HEADER_BYTES:
        raise InvalidInput.at("headers", f"together at most {MAX_HEADER_BYTES} bytes", "too_large")
    return checked


def is_resendable(request: Request, method: str) -> bool:
    """Say whether sending the request twice does no more than sending it once."""
    if request.may_resend is not None:
        return request.may_resend
    return method in IDEMPOTENT_METHODS or any(name.lower() in REPEAT_KEYS for name in request.headers)

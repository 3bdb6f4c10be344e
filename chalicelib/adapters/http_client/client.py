"""send: one request of a workspace, over a kept or a new connection, along its redirects, in our own errors."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from chalicelib.adapters.http_client import urls
from chalicelib.adapters.http_client.messages import (
    HARMLESS_HEADERS,
    Headers,
    Request,
    Response,
    checked_headers,
    checked_method,
    is_resendable,
)
from chalicelib.adapters.http_client.urls import Target
from chalicelib.core import figures
from chalicelib.core.errors import AddressRefused, InvalidInput, UpstreamFailed, UpstreamTimeout

if TYPE_CHECKING:
    from chalicelib.adapters.http_client.pool import Pool
    from chalicelib.adapters.http_client.wire import Connection

REDIRECTS = frozenset({301, 302, 303, 307, 308})
SAFE_IDLE_S = 2.0  # a request that may not be sent twice takes only connections used this recently

Answer = tuple[int, Headers, bytes, bool]


@dataclass(frozen=True)
class _Hop:
    """One request of a chain of redirects."""

    workspace_id: str
    target: Target
    method: str
    headers: list[tuple[str, str]]
    body: bytes | None
    max_bytes: int
    connect_timeout_s: float
    deadline: float
    is_resendable: bool


def check_url(url: str) -> str:
    """Read a URL that shall be stored and return it in its one spelling, without fragment.

    https is required, except in development and for hosts on the allow-list. Raises InvalidInput for its form,
    AddressRefused for a forbidden name, port or literal address. Names are looked up only when sending.
    """
    target = urls.parse(url)
    if target.scheme == "http" and not urls.may_be_plain():
        raise InvalidInput.at("url", "must begin with https://", "insecure")
    urls.vet(target)
    return target.url


def send(workspace_id: str, request: Request) -> Response:
    """Send one request of a workspace and return the answer, whatever its status.

    Raises InvalidInput before anything is done, AddressRefused when the address is forbidden (nothing was sent to
    it), UpstreamTimeout when the deadline passed, UpstreamFailed for every other failure.
    """
    started = time.monotonic()
    try:
        answer = _send(workspace_id, request, started)
    except AddressRefused:
        raise
    except UpstreamFailed:
        _count(workspace_id, request, "OutboundFailures")
        raise
    _count(workspace_id, request, "OutboundBytes", len(answer.body))
    return answer


def _count(workspace_id: str, request: Request, also: str, amount: int = 1) -> None:
    figures.add("OutboundRequests", workspace_id=workspace_id)
    figures.add(also, amount, workspace_id=workspace_id)
    if request.body:
        figures.add("OutboundBytes", len(request.body), workspace_id=workspace_id)


def _send(workspace_id: str, request: Request, started: float) -> Response:
    method = checked_method(request.method)
    hop = _Hop(
        workspace_id=workspace_id,
        target=urls.parse(request.url),
        method=method,
        headers=checked_headers(request.headers),
        body=request.body,
        max_bytes=request.max_response_bytes,
        connect_timeout_s=request.connect_timeout_s,
        deadline=started + request.timeout_s,
        is_resendable=is_resendable(request, method),
    )
    for left in range(request.max_redirects, -1, -1):
        urls.vet(hop.target)
        status, headers, body, is_cut = _exchange(hop)
        if status not in REDIRECTS or not request.max_redirects or "location" not in headers:
            return Response(status, headers, body, is_cut, (time.monotonic() - started) * 1000, hop.target.url)
        if left:
            hop = _next_hop(hop, status, headers["location"])
    raise UpstreamFailed(f"{hop.target.origin} redirected more than {request.max_redirects} times", status=status)


def close_idle() -> None:
    """End all kept connections (tests, and the local stack when it stops)."""
    _pool().close_all()


@lru_cache(maxsize=1)
def _pool() -> Pool:
    from chalicelib.adapters.http_client.pool import Pool

    return Pool()


def _exchange(hop: _Hop) -> Answer:
    from chalicelib.adapters.http_client import pool, wire  # heavy

    target = hop.target
    key = (hop.workspace_id, target.scheme, target.host, target.port)
    with in_our_words(target):
        kept = _pool().take(key, pool.IDLE_S if hop.is_resendable else SAFE_IDLE_S)
        if kept:
            try:
                return _exchange_on(kept, key, hop)
            except wire.Stale as stale:
                if not hop.is_resendable:
                    raise UpstreamFailed(f"{target.origin} closed the connection", retryable=True) from stale
        fresh = wire.Connection(target, min(hop.deadline, time.monotonic() + hop.connect_timeout_s))
        return _exchange_on(fresh, key, hop)


def _exchange_on(connection: Connection, key: tuple[str, str, str, int], hop: _Hop) -> Answer:
    from chalicelib.adapters.http_client.wire import head_of

    try:
        head = head_of(hop.target, hop.method, hop.headers, hop.body)
        answer = connection.exchange(head, hop.body, method=hop.method, max_bytes=hop.max_bytes, deadline=hop.deadline)
    except BaseException:
        connection.close()
        raise
    if connection.is_reusable:
        _pool().put(key, connection)
    else:
        connection.close()
    return answer


@contextmanager
def in_our_words(target: Target) -> Iterator[None]:
    """Turn what sockets, TLS, HTTP and compression raise into UpstreamFailed and UpstreamTimeout.

    Messages name the origin only: paths and queries may be secrets, addresses are ours to know.
    """
    import ssl  # heavy
    import zlib
    from http.client import HTTPException  # heavy

    origin = target.origin
    try:
        yield
    except TimeoutError as error:
        raise UpstreamTimeout(f"{origin} did not answer in time") from error
    except ssl.SSLCertVerificationError as error:
        reason = f"The certificate of {origin} is not valid: {error.verify_message}"
        raise UpstreamFailed(reason, retryable=True) from error
    except ssl.SSLError as error:
        raise UpstreamFailed(f"No secure connection with {origin}", retryable=True) from error
    except ConnectionRefusedError as error:
        raise UpstreamFailed(f"{origin} refused the connection", retryable=True) from error
    except OSError as error:
        raise UpstreamFailed(f"{origin} cannot be reached, or broke the connection", retryable=True) from error
    except (HTTPException, ValueError, zlib.error) as error:
        raise UpstreamFailed(f"{origin} did not answer in HTTP that can be read", retryable=True) from error


def _next_hop(hop: _Hop, status: int, location: str) -> _Hop:
    """Follow a redirect as browsers do, except that neither credentials nor a body go to another host."""
    target = urls.follow(hop.target, location)
    becomes_get = (status == 303 and hop.method != "HEAD") or (status in (301, 302) and hop.method == "POST")
    if becomes_get and hop.method != "GET":
        headers = [pair for pair in hop.headers if not pair[0].lower().startswith("content-")]
        hop = replace(hop, method="GET", body=None, headers=headers, is_resendable=True)
    if not _is_same_place(hop.target, target):
        if hop.body:
            raise UpstreamFailed(f"{hop.target.origin} redirected a request with a body to another host", status=status)
        hop = replace(hop, headers=[pair for pair in hop.headers if pair[0].lower() in HARMLESS_HEADERS])
    return replace(hop, target=target)


def _is_same_place(old: Target, new: Target) -> bool:
    """Say whether a redirect stays with the same server, or only moves it from plain http to its https."""
    is_upgrade = (old.scheme, old.port, new.scheme, new.port) == ("http", 80, "https", 443)
    return old.host == new.host and (is_upgrade or (old.scheme, old.port) == (new.scheme, new.port))

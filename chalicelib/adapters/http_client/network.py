"""From a target to an open socket: look the name up once, check every address, dial one that was checked.

The resolver, the dialler and the TLS context are replaceable here and nowhere else.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from chalicelib.adapters.http_client.addresses import is_link_local, is_public_address
from chalicelib.adapters.http_client.urls import Target, is_allow_listed
from chalicelib.core.errors import AddressRefused, UpstreamFailed

if TYPE_CHECKING:
    import ssl

Resolver = Callable[[str, int], Sequence[str]]
Dialler = Callable[[str, int, float], socket.socket]

MAX_DIALLED = 4
MAX_LOOKUPS = 64
_lookups = threading.BoundedSemaphore(MAX_LOOKUPS)


def _system_resolver(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host.encode("ascii"), port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


def _system_dialler(address: str, port: int, timeout_s: float) -> socket.socket:
    connection = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
    try:
        connection.settimeout(timeout_s)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.connect((address, port))
    except BaseException:
        connection.close()
        raise
    return connection


@lru_cache(maxsize=1)
def _system_tls() -> ssl.SSLContext:
    import os
    import ssl  # heavy

    import certifi  # heavy

    context = ssl.create_default_context(cafile=os.environ.get("SSL_CERT_FILE") or certifi.where())
    context.set_alpn_protocols(["http/1.1"])
    return context


_resolver: Resolver = _system_resolver
_dialler: Dialler = _system_dialler
_tls: Callable[[], ssl.SSLContext] = _system_tls


def use(
    *, resolver: Resolver | None = None, dialler: Dialler | None = None, tls: Callable[[], ssl.SSLContext] | None = None
) -> None:
    """Replace the ways to the network (tests); what is not given becomes the system's again."""
    global _resolver, _dialler, _tls
    _resolver, _dialler, _tls = resolver or _system_resolver, dialler or _system_dialler, tls or _system_tls


def seconds_left(deadline: float) -> float:
    """Tell how long until a moment of time.monotonic(). Raises TimeoutError when it has passed."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("the deadline has passed")
    return left


def connect(target: Target, deadline: float, protocol: str = "") -> socket.socket:
    """Open a connection to a checked address of the target, with TLS for https.

    `protocol` offers another protocol than HTTP/1.1 (ALPN: "h2"), which the other side may decline. Raises
    AddressRefused when any address of the name is forbidden, UpstreamFailed when the name is unknown, and
    TimeoutError or OSError from the socket.
    """
    found = [target.host] if target.is_literal else _look_up(target, deadline)
    checked = _checked(target, list(dict.fromkeys(found)))
    plain = _dial(checked[:MAX_DIALLED], target.port, deadline)
    if target.scheme == "http":
        return plain
    try:
        plain.settimeout(seconds_left(deadline))
        return _tls_for(protocol).wrap_socket(plain, server_hostname=target.host)
    except BaseException:
        plain.close()
        raise


@lru_cache(maxsize=4)
def _own_tls(made_by: Callable[[], ssl.SSLContext], protocol: str) -> ssl.SSLContext:
    context = getattr(made_by, "__wrapped__", made_by)()  # not the one that offers HTTP/1.1
    context.set_alpn_protocols([protocol])
    return context


def _tls_for(protocol: str) -> ssl.SSLContext:
    return _own_tls(_tls, protocol) if protocol else _tls()


def _checked(target: Target, found: list[str]) -> list[str]:
    """Refuse all when one is forbidden. The allow-list opens private addresses, those of metadata only by literal."""
    if not found:
        raise UpstreamFailed(f"The name {target.host} has no address", retryable=True)
    is_listed = is_allow_listed(target)
    for address in found:
        is_open = is_listed and (target.is_literal or not is_link_local(address))
        if not is_open and not is_public_address(address):
            raise AddressRefused(f"{target.host} may not be called")
    return found


def _dial(addresses: list[str], port: int, deadline: float) -> socket.socket:
    last: OSError = OSError("no address")
    for tried, address in enumerate(addresses):
        try:
            return _dialler(address, port, seconds_left(deadline) / (len(addresses) - tried))
        except OSError as error:  # the next address may answer
            last = error
    raise last


def _look_up(target: Target, deadline: float) -> list[str]:
    """Resolve in a thread, because the system's resolver knows no deadline."""
    if not _lookups.acquire(timeout=seconds_left(deadline)):
        raise TimeoutError("too many lookups at once")
    answers: list[Sequence[str]] = []
    failures: list[Exception] = []
    resolver = _resolver

    def work() -> None:
        try:
            answers.append(resolver(target.host, target.port))
        except (OSError, UnicodeError) as error:
            failures.append(error)
        finally:
            _lookups.release()

    thread = threading.Thread(target=work, name="lookup", daemon=True)
    try:
        thread.start()
    except RuntimeError as error:  # the process may have no more threads
        _lookups.release()
        raise UpstreamFailed(f"The name {target.host} cannot be looked up now", retryable=True) from error
    thread.join(max(0.0, deadline - time.monotonic()))
    if thread.is_alive():
        raise TimeoutError("the name lookup took too long")
    if not answers:
        raise UpstreamFailed(f"The name {target.host} cannot be resolved", retryable=True) from failures[0]
    return list(answers[0])


def connect_mail(host: str, port: int, timeout_s: float) -> socket.socket:
    """Open a plain connection to a mail server a tenant named, under the same checks as for HTTP.

    Ports are free, because mail has its own. Raises AddressRefused, UpstreamFailed, TimeoutError, OSError.
    """
    from chalicelib.adapters.http_client import urls

    target = urls.parse(f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}")
    urls.vet_host(target)
    return connect(replace(target, scheme="http"), time.monotonic() + timeout_s)


def mail_tls(*, is_checked: bool) -> ssl.SSLContext:
    """Give what mail connections are secured with; unchecked certificates only where the tenant asked for it."""
    import os
    import ssl  # heavy

    import certifi  # heavy

    context = ssl.create_default_context(cafile=os.environ.get("SSL_CERT_FILE") or certifi.where())
    if not is_checked:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context

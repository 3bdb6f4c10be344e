"""Mail servers that want TLS, and what a tenant may say about it."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from chalicelib.adapters.mail import Server, send
from chalicelib.core import config
from chalicelib.core.errors import UpstreamFailed
from infra.harness.stack import free_port
from tests.real.provider_receiver import certificate
from tests.workers.channels.test_mail import Mailbox

MESSAGE = b"From: a@example.com\r\nTo: b@example.com\r\nSubject: S\r\n\r\nhello\r\n"
Start = Callable[..., tuple[Mailbox, int]]


@pytest.fixture
def pem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("MILLRACE_EGRESS_ALLOW", "127.0.0.1:*")
    config.forget()
    yield certificate(tmp_path)
    config.forget()


@pytest.fixture
def start(pem: Path) -> Iterator[Start]:
    servers: list[Controller] = []

    def run(*, is_secure: bool = False, offers_tls: bool = True, requires_tls: bool = False) -> tuple[Mailbox, int]:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        box, port = Mailbox(), free_port()
        own: dict[str, Any] = {"authenticator": box.authenticate, "auth_require_tls": not is_secure and offers_tls}
        if is_secure:
            own["ssl_context"] = context
        elif offers_tls:
            own |= {"tls_context": context, "require_starttls": requires_tls}
        servers.append(Controller(box, hostname="127.0.0.1", port=port, **own))
        servers[-1].start()
        return box, port

    yield run
    for server in servers:
        server.stop()


def deliver(port: int, **more: Any) -> None:
    send(Server("127.0.0.1", port, **more), "a@example.com", ["b@example.com"], MESSAGE, timeout_s=5)


def test_starttls_comes_before_the_password(start: Start) -> None:
    box, port = start(requires_tls=True)
    deliver(port, user="u", password="secret", checks_certificate=False)
    assert (len(box.envelopes), box.logins) == (1, [(b"u", b"secret")])


def test_a_certificate_nobody_vouches_for_is_refused(start: Start) -> None:
    box, port = start()
    with pytest.raises(UpstreamFailed):
        deliver(port, user="u", password="secret")
    assert (box.envelopes, box.logins) == ([], [])


def test_a_certificate_that_is_known_is_taken(start: Start, pem: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    box, port = start()
    deliver(port)
    assert len(box.envelopes) == 1


def test_tls_from_the_first_byte(start: Start) -> None:
    box, port = start(is_secure=True)
    deliver(port, is_secure=True, checks_certificate=False, user="u", password="secret")
    assert (len(box.envelopes), box.logins) == (1, [(b"u", b"secret")])
    with pytest.raises(UpstreamFailed):
        deliver(port, is_secure=True)


def test_a_server_without_tls_is_refused_where_it_is_required(start: Start) -> None:
    box, port = start(offers_tls=False)
    with pytest.raises(UpstreamFailed, match="STARTTLS"):
        deliver(port, requires_tls=True)
    deliver(port)
    assert len(box.envelopes) == 1


def test_tls_that_is_offered_can_be_ignored(start: Start) -> None:
    box, port = start()
    deliver(port, ignores_tls=True)
    assert len(box.envelopes) == 1


def test_a_wrong_password_is_told_for_good(start: Start) -> None:
    _, port = start()
    with pytest.raises(UpstreamFailed, match="535") as failed:
        deliver(port, user="u", password="wrong", checks_certificate=False)
    assert not failed.value.retryable

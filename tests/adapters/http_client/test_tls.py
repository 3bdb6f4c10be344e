"""TLS: the certificate must be trusted and name the host that was asked for, not the address that was dialled."""

from __future__ import annotations

import datetime
import ipaddress
import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from chalicelib.adapters.http_client import Request, network, send, urls
from chalicelib.core.errors import UpstreamFailed, UpstreamTimeout
from tests.adapters.http_client.conftest import Spy
from tests.adapters.http_client.servers import Server, polite, serving


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for right.example, signed by itself, and its key."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "right.example")])
    now = datetime.datetime.now(datetime.UTC)
    names = [x509.DNSName("right.example"), x509.IPAddress(ipaddress.ip_address("93.184.216.34"))]
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + private)
    return path


@pytest.fixture
def server(pem: Path, spy: Spy) -> Iterator[Server]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    with serving(polite, context) as running:
        spy.real_port = running.port
        yield running


def trust(pem: Path, spy: Spy) -> None:
    context = ssl.create_default_context(cafile=pem)
    network.use(resolver=spy.resolve, dialler=spy.dial, tls=lambda: context)


def test_a_trusted_name_is_answered_and_the_connection_kept(pem: Path, server: Server, spy: Spy) -> None:
    trust(pem, spy)
    for size in (1, 2_000_000):
        assert send("w", Request("POST", "https://right.example/", {}, b"x" * size)).status == 200
    assert server.visits == 1
    assert server.requests[0][0].split(b"\r\n")[1] == b"Host: right.example"
    assert spy.dialled == [("93.184.216.34", 443)]


def test_a_trusted_address_is_answered(pem: Path, server: Server, spy: Spy) -> None:
    trust(pem, spy)
    assert send("w", Request("GET", "https://93.184.216.34/")).status == 200


def test_another_name_fails_though_the_address_is_right(pem: Path, server: Server, spy: Spy) -> None:
    trust(pem, spy)
    with pytest.raises(UpstreamFailed, match="certificate"):
        send("w", Request("GET", "https://wrong.example/"))
    assert server.requests == []


def test_an_unknown_issuer_fails(server: Server) -> None:
    with pytest.raises(UpstreamFailed, match="certificate") as failure:
        send("w", Request("GET", "https://right.example/"))
    assert failure.value.retryable
    assert server.requests == []


def test_a_server_without_tls_fails(spy: Spy) -> None:
    def plain(visit) -> None:  # type: ignore[no-untyped-def]
        visit.connection.recv(1000)
        visit.say(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with serving(plain) as running:
        spy.real_port = running.port
        with pytest.raises(UpstreamFailed, match="secure"):
            send("w", Request("GET", "https://right.example/"))


def test_a_silent_handshake_ends_at_the_deadline(spy: Spy) -> None:
    with serving(lambda visit: visit.server.ended.wait(2) and None) as running:
        spy.real_port = running.port
        with pytest.raises(UpstreamTimeout):
            send("w", Request("GET", "https://right.example/", connect_timeout_s=0.1))


def test_a_connection_whose_time_is_over_before_the_handshake_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:

        def dial(_address: str, _port: int, _timeout_s: float) -> socket.socket:
            monkeypatch.setattr(network, "seconds_left", late)
            return ours

        network.use(resolver=lambda *_: ["93.184.216.34"], dialler=dial)
        with pytest.raises(TimeoutError):
            network.connect(urls.parse("https://right.example/"), time.monotonic() + 60)
        assert ours.fileno() == -1


def test_a_handshake_has_what_is_left_of_the_time() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(10)
        network.use(resolver=lambda *_: ["93.184.216.34"], dialler=lambda *_: ours)
        started = time.monotonic()
        with pytest.raises(TimeoutError):
            network.connect(urls.parse("https://right.example/"), started + 0.1)
        assert time.monotonic() - started < 5


@pytest.mark.parametrize(("asked", "spoken"), [("", "http/1.1"), ("h2", "h2")])
def test_one_protocol_is_offered(asked: str, spoken: str, pem: Path, spy: Spy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    monkeypatch.setattr(network, "_tls", network._system_tls.__wrapped__)
    network._own_tls.cache_clear()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    context.set_alpn_protocols(["h2", "http/1.1"])
    with serving(polite, context) as running:
        spy.real_port = running.port
        line = network.connect(urls.parse("https://right.example/"), time.monotonic() + 5, asked)
        assert isinstance(line, ssl.SSLSocket)
        with line:
            assert line.selected_alpn_protocol() == spoken
    network._own_tls.cache_clear()


def test_what_is_not_replaced_is_the_systems_own() -> None:
    ways = network._system_resolver, network._system_dialler, network._system_tls
    network.use(resolver=lambda *_: [], dialler=lambda *_: socket.socket(), tls=ssl.create_default_context)
    assert not {network._resolver, network._dialler, network._tls} & set(ways)
    network.use()
    assert (network._resolver, network._dialler, network._tls) == ways


def late(_deadline: float) -> float:
    raise TimeoutError


def test_time_that_is_over_is_an_error() -> None:
    assert network.seconds_left(time.monotonic() + 60) > 1
    with pytest.raises(TimeoutError):
        network.seconds_left(time.monotonic())


def test_certificates_are_checked_against_the_list_that_comes_along(pem: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.setattr("certifi.where", lambda: str(pem))
    for context in (network._system_tls.__wrapped__(), network.mail_tls(is_checked=True)):
        assert [dict(pair for (pair,) in found["subject"]) for found in context.get_ca_certs()] == [
            {"commonName": "right.example"}
        ]
        assert (context.check_hostname, context.verify_mode) == (True, ssl.CERT_REQUIRED)


def test_a_list_of_the_deployments_own_comes_first(pem: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    for context in (network._system_tls.__wrapped__(), network.mail_tls(is_checked=True)):
        assert len(context.get_ca_certs()) == 1
    assert network.mail_tls(is_checked=False).verify_mode == ssl.CERT_NONE

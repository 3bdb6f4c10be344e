"""TLS: the certificate must be trusted and name the host that was asked for, not the address that was dialled."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from chalicelib.adapters.http_client import Request, network, send
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

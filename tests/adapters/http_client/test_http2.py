"""HTTP/2 against servers that answer, and servers that do not."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import RequestReceived, StreamEnded
from h2.exceptions import H2Error

from chalicelib.adapters.http_client import Request, network
from chalicelib.adapters.http_client.http2 import Http2
from chalicelib.core.errors import AddressRefused, UpstreamFailed, UpstreamTimeout
from tests.real.provider_receiver import certificate

URL = "https://push.example.com/3/device/t"
Act = Callable[[H2Connection, int, ssl.SSLSocket], None]


class Server:
    """One thread that takes connections and does to every request what `act` says."""

    def __init__(self, pem: Path) -> None:
        self.act: Act = answered
        self.protocol = "h2"
        self.seen: list[dict[str, str]] = []
        self.connections = 0
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(pem)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def _accept(self) -> None:
        while True:
            try:
                plain, _ = self._listener.accept()
            except OSError:
                return
            self._context.set_alpn_protocols([self.protocol])
            with (
                suppress(OSError, ValueError, H2Error),
                self._context.wrap_socket(plain, server_side=True) as connection,
            ):
                self.connections += 1
                connection.settimeout(10)
                self._serve(connection)

    def _serve(self, connection: ssl.SSLSocket) -> None:
        protocol = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
        protocol.initiate_connection()
        connection.sendall(protocol.data_to_send())
        while data := connection.recv(65_536):
            for event in protocol.receive_data(data):
                if isinstance(event, RequestReceived):
                    self.seen.append({str(name): str(value) for name, value in event.headers})
                elif isinstance(event, StreamEnded):
                    self.act(protocol, event.stream_id, connection)
            connection.sendall(protocol.data_to_send())

    def dial(self, _address: str, _port: int, timeout_s: float) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout_s)

    def stop(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(15)


def answered(protocol: H2Connection, stream: int, connection: ssl.SSLSocket) -> None:
    protocol.send_headers(stream, [(":status", "200"), ("x-id", str(stream))])
    protocol.send_data(stream, b"good", end_stream=True)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    pem = certificate(tmp_path)
    made = Server(pem)

    def trusting() -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(pem))
        context.check_hostname = False
        return context

    network.use(resolver=lambda host, port: ["8.8.8.8"], dialler=made.dial, tls=trusting)
    yield made
    network.use()
    made.stop()


def ask(client: Http2, **more: Any) -> Any:
    return client.send(Request("POST", URL, {"X-A": "1"}, b"{}", **{"timeout_s": 5.0, **more}))


def test_requests_share_a_connection(server: Server) -> None:
    with Http2("https://push.example.com") as client:
        answers = [ask(client) for _ in range(3)]
    assert [(one.status, one.body, one.headers["X-Id"]) for one in answers] == [
        (200, b"good", "1"), (200, b"good", "3"), (200, b"good", "5"),
    ]  # fmt: skip
    assert (server.connections, server.seen[0][":path"], server.seen[0]["x-a"]) == (1, "/3/device/t", "1")


def reset(protocol: H2Connection, stream: int, connection: ssl.SSLSocket) -> None:
    protocol.reset_stream(stream)


def away(protocol: H2Connection, stream: int, connection: ssl.SSLSocket) -> None:
    protocol.close_connection(error_code=11, last_stream_id=0)


def hung_up(protocol: H2Connection, stream: int, connection: ssl.SSLSocket) -> None:
    connection.close()


def garbage(protocol: H2Connection, stream: int, connection: ssl.SSLSocket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n" * 10)


@pytest.mark.parametrize("act", [reset, away, hung_up, garbage])
def test_a_server_that_breaks_off_may_answer_later(server: Server, act: Act) -> None:
    server.act = act
    with Http2("https://push.example.com") as client:
        with pytest.raises(UpstreamFailed) as failed:
            ask(client)
        assert failed.value.retryable
        server.act = answered
        assert ask(client).status == 200
    assert server.connections == 2


def test_a_flood_is_cut(server: Server) -> None:
    def flood(protocol: H2Connection, stream: int, connection: ssl.SSLSocket) -> None:
        protocol.send_headers(stream, [(":status", "200")])
        for _ in range(1_000):
            protocol.ping(b"12345678")
            connection.sendall(protocol.data_to_send() * 20)

    server.act = flood
    with Http2("https://push.example.com") as client, pytest.raises(UpstreamFailed):
        ask(client)


def test_silence_ends_at_the_deadline(server: Server) -> None:
    server.act = lambda protocol, stream, connection: None
    started = time.monotonic()
    with Http2("https://push.example.com") as client, pytest.raises(UpstreamTimeout):
        ask(client, timeout_s=0.3)
    assert time.monotonic() - started < 3


def test_another_protocol_is_told(server: Server) -> None:
    server.protocol = "http/1.1"
    with Http2("https://push.example.com") as client, pytest.raises(UpstreamFailed, match="does not speak HTTP/2"):
        ask(client)


def test_addresses_inside_are_not_dialled() -> None:
    for origin in ("https://10.0.0.1", "https://localhost", "https://push.example.com:6379"):
        with Http2(origin) as client, pytest.raises(AddressRefused):
            client.send(Request("POST", f"{origin}/x", {}, b"{}"))


def test_a_name_that_leads_inside_is_not_dialled(server: Server) -> None:
    network.use(resolver=lambda host, port: ["169.254.169.254"], dialler=server.dial)
    with Http2("https://push.example.com") as client, pytest.raises(AddressRefused):
        ask(client)
    assert server.connections == 0

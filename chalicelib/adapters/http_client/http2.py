"""HTTP/2 for the few services that speak nothing else: requests one after the other over one checked connection.

    with Http2("https://api.push.apple.com") as server:
        response = server.send(Request("POST", url, headers, body))

h2 knows the protocol and no sockets; the connection is opened like every other, and every read and write knows the
deadline. Nothing is kept between uses, redirects are answers like any other.
"""

from __future__ import annotations

import socket
import time
from types import TracebackType
from typing import TYPE_CHECKING, Any

from chalicelib.adapters.http_client import network, urls
from chalicelib.adapters.http_client.client import in_our_words
from chalicelib.adapters.http_client.messages import Headers, Request, Response, checked_headers, checked_method
from chalicelib.core.errors import UpstreamFailed

if TYPE_CHECKING:
    from h2.connection import H2Connection

READ_BYTES = 65_536
CONNECT_S = 10.0
SPARE_BYTES = 131_072  # frames and headers beside the body of an answer


class Http2:
    """A connection to one origin, opened with the first request and closed at the end of the context."""

    def __init__(self, origin: str) -> None:
        self._target = urls.parse(origin)
        self._socket: socket.socket | None = None
        self._protocol: H2Connection | None = None

    def __enter__(self) -> Http2:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._close()

    def send(self, request: Request) -> Response:
        """Send one request to the origin and give the answer, whatever its status.

        Raises what http_client.send raises. After a failure the next request opens a new connection.
        """
        from h2.exceptions import H2Error  # heavy

        started = time.monotonic()
        target, method = urls.parse(request.url), checked_method(request.method)
        if target.origin != self._target.origin:
            raise ValueError("this connection leads elsewhere")
        headers = [(name.lower(), value) for name, value in checked_headers(request.headers)]
        head = [(":method", method), (":authority", target.authority), (":scheme", "https"), (":path", target.path)]
        deadline = started + request.timeout_s
        try:
            with in_our_words(target):
                self._open(min(deadline, time.monotonic() + CONNECT_S))
                stream = self._write(head + headers, request.body or b"", deadline)
                answer = _Answer(stream, request.max_response_bytes)
                while not answer.is_whole:
                    self._read(answer, deadline)
        except H2Error as error:
            self._close()
            raise UpstreamFailed(
                f"{target.origin} did not answer in HTTP/2 that can be read", retryable=True
            ) from error
        except BaseException:
            self._close()
            raise
        elapsed_ms = (time.monotonic() - started) * 1000
        return Response(answer.status, Headers(answer.headers), bytes(answer.body), False, elapsed_ms, target.url)

    def _open(self, deadline: float) -> None:
        from h2.config import H2Configuration  # heavy
        from h2.connection import H2Connection

        if self._socket is not None:
            return
        urls.vet(self._target)
        self._socket = network.connect(self._target, deadline, "h2")
        if getattr(self._socket, "selected_alpn_protocol", lambda: None)() != "h2":
            raise UpstreamFailed(f"{self._target.origin} does not speak HTTP/2", retryable=True)
        self._protocol = H2Connection(H2Configuration(client_side=True, header_encoding="utf-8"))
        self._protocol.initiate_connection()

    def _close(self) -> None:
        if self._socket is not None:
            self._socket.close()
        self._socket = self._protocol = None

    def _write(self, headers: list[tuple[str, str]], body: bytes, deadline: float) -> int:
        """Begin a stream. A body must fit what a server takes before it answers: 64 KB unless it said otherwise."""
        protocol = self._live()
        stream = protocol.get_next_available_stream_id()
        protocol.send_headers(stream, headers, end_stream=not body)
        if len(body) > protocol.local_flow_control_window(stream):
            raise UpstreamFailed(f"{self._target.origin} does not take a body of {len(body)} bytes at once")
        size = protocol.max_outbound_frame_size
        for start in range(0, len(body), size):
            protocol.send_data(stream, body[start : start + size], end_stream=start + size >= len(body))
        self._flush(deadline)
        return stream

    def _read(self, answer: _Answer, deadline: float) -> None:
        from h2.events import DataReceived  # heavy

        found = self._connected()
        found.settimeout(network.seconds_left(deadline))
        data = found.recv(READ_BYTES)
        if not data:
            raise ConnectionError("closed amid an answer")
        answer.count(len(data))
        protocol = self._live()
        for event in protocol.receive_data(data):
            answer.take(event)
            if isinstance(event, DataReceived) and event.flow_controlled_length:
                protocol.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        self._flush(deadline)

    def _flush(self, deadline: float) -> None:
        data = self._live().data_to_send()
        if data:
            found = self._connected()
            found.settimeout(network.seconds_left(deadline))
            found.sendall(data)

    def _live(self) -> H2Connection:
        if self._protocol is None:
            raise ConnectionError("not connected")
        return self._protocol

    def _connected(self) -> socket.socket:
        if self._socket is None:
            raise ConnectionError("not connected")
        return self._socket


class _Answer:
    """What has come of one answer."""

    def __init__(self, stream: int, most_bytes: int) -> None:
        self.stream = stream
        self.status = 0
        self.headers: list[tuple[str, str]] = []
        self.body = bytearray()
        self.is_whole = False
        self._most_bytes, self._received = most_bytes, 0

    def count(self, size: int) -> None:
        """Note bytes that came. Raises ValueError when there are far more than the answer needs."""
        self._received += size
        if self._received > self._most_bytes + SPARE_BYTES:
            raise ValueError("far more bytes than the answer needs")

    def take(self, event: Any) -> None:
        """Note an event of the connection. Raises ConnectionError when the server ended the stream or all of them."""
        from h2 import events  # heavy

        is_end = isinstance(event, events.ConnectionTerminated)
        if is_end and (event.error_code or (event.last_stream_id or 0) < self.stream):
            raise ConnectionError("the server ended the connection")
        if getattr(event, "stream_id", None) != self.stream:
            return
        if isinstance(event, events.ResponseReceived):
            pairs = [(str(name), str(value)) for name, value in event.headers]
            self.status = int(dict(pairs)[":status"])
            self.headers = [pair for pair in pairs if not pair[0].startswith(":")]
        elif isinstance(event, events.DataReceived):
            self.body += event.data
        elif isinstance(event, events.StreamEnded):
            self.is_whole = True
        elif isinstance(event, events.StreamReset):
            raise ConnectionError("the server ended the stream")

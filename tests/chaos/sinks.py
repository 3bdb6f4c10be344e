"""Receivers that fail in twelve ways and heal after a while, beside good ones; all of them write down what came.

Everything is served by one thread on one port; each dead receiver has a port of its own that refuses until it heals.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from infra.harness.receiver import is_genuine

RETRY_AFTER_S = 4
HUGE_BYTES = 20_000_000
DRIP_S = 0.5


class Ill(Enum):
    """What a receiver does to a request."""

    ERROR = "answers 500"
    RESET = "resets the connection"
    HALF = "breaks off in the middle of its answer"
    NOT_HTTP = "does not speak HTTP"
    SLOW = "answers a byte at a time"
    TOO_MANY = "answers 429 with Retry-After"
    UNAVAILABLE = "answers 503 with Retry-After"
    GONE = "answers 410"
    REDIRECT = "sends on to somewhere else"
    HUGE = "answers with 20 MB"
    DEAD = "refuses connections"
    SILENT = "never answers"


@dataclass(frozen=True)
class Received:
    """One request that arrived whole. `at` is monotonic, in seconds; `ill` what was done to it, None: answered well."""

    path: str
    query: str
    method: str
    headers: Mapping[str, str]
    body: bytes
    at: float
    ill: Ill | None

    @property
    def message_id(self) -> str:
        """The id of a signed message."""
        return self.headers.get("webhook-id", "")

    @property
    def key(self) -> str:
        """The idempotency key it came with."""
        return self.headers.get("idempotency-key", "")


Reply = tuple[int, dict[str, str], bytes]
Answering = Callable[[Received], Reply]
WELL: Reply = (204, {}, b"")


@dataclass
class Sink:
    """One path: how ill it is and until when (monotonic), what it answers otherwise, whose signatures it checks."""

    path: str
    url: str
    ill: Ill | None = None
    until: float = 0.0
    answers: Answering | None = None
    secret: str = ""
    received: list[Received] = field(default_factory=list)
    forged: int = 0

    @property
    def good(self) -> list[Received]:
        """What came and was answered well."""
        return [one for one in self.received if one.ill is None or one.ill is Ill.HUGE]

    def ids(self) -> Counter[str]:
        """Count what was answered well by the id of the message."""
        return Counter(one.message_id for one in self.good)


class Sinks(threading.Thread):
    """The server, in a thread of its own. `sink(path)` makes or finds a receiver."""

    def __init__(self) -> None:
        super().__init__(daemon=True, name="sinks")
        self.sinks: dict[str, Sink] = {}
        self.strays: list[Received] = []  # what came to where a redirect led
        self.port = 0
        self._ready, self._guard = threading.Event(), threading.Lock()
        self._loop = asyncio.new_event_loop()
        self.start()
        self._ready.wait()

    def sink(
        self,
        path: str,
        *,
        ill: Ill | None = None,
        for_s: float = 0.0,
        answers: Answering | None = None,
        secret: str = "",
    ) -> Sink:
        """Make the receiver of a path (`/a/b`; longer paths below it are its own too), ill for so many seconds.

        `answers` says what a request is answered with, else 204; `secret` is checked against Standard Webhooks.
        """
        until = time.monotonic() + for_s
        with self._guard:
            found = self.sinks.get(path)
            if found is None:
                port = self._dead_port(until) if ill is Ill.DEAD else self.port
                found = self.sinks[path] = Sink(path, f"http://127.0.0.1:{port}{path}", ill, until)
            found.answers, found.secret = answers or found.answers, secret or found.secret
        return found

    def heal(self) -> None:
        """Make every receiver well now, except those gone for good; a dead port opens when its time comes."""
        for sink in list(self.sinks.values()):
            if sink.ill not in (Ill.GONE, Ill.DEAD):
                sink.until = 0.0

    def all(self) -> list[Received]:
        """Give everything that came anywhere, in order of time."""
        found = [one for sink in list(self.sinks.values()) for one in list(sink.received)]
        return sorted(found, key=lambda one: one.at)

    def run(self) -> None:
        """Serve for as long as the process lives."""
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())
        self._loop.run_forever()

    async def _serve(self) -> None:
        server = await self._loop.create_server(lambda: _Connection(self), "127.0.0.1", 0, backlog=512)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()

    def _dead_port(self, until: float) -> int:
        refusing = socket.socket()  # bound, and not listening before it heals: it refuses
        refusing.bind(("127.0.0.1", 0))

        async def open_() -> None:
            await asyncio.sleep(max(0.0, until - time.monotonic()))
            await self._loop.create_server(lambda: _Connection(self), sock=refusing, backlog=512)

        asyncio.run_coroutine_threadsafe(open_(), self._loop)
        return int(refusing.getsockname()[1])

    def take(self, method: str, target: str, headers: dict[str, str], body: bytes) -> tuple[Ill | None, Reply]:
        """Write one request down; say what is done to it."""
        path, _, query = target.partition("?")
        sink = self._find(path)
        ill = sink.ill if sink and (sink.ill is Ill.GONE or sink.until > time.monotonic()) else None
        one = Received(path, query, method, headers, body, time.monotonic(), ill)
        if sink is None:
            self.strays.append(one)
            return None, (404, {}, b"")
        if sink.secret and not is_genuine(
            sink.secret, {name.encode(): value.encode("latin-1") for name, value in headers.items()}, body
        ):
            sink.forged += 1
        sink.received.append(one)
        return ill, sink.answers(one) if sink.answers and ill is None else WELL

    def _find(self, path: str) -> Sink | None:
        while path:
            found = self.sinks.get(path)
            if found is not None:
                return found
            path = path.rpartition("/")[0]
        return None


class _Connection(asyncio.Protocol):
    """As much of HTTP/1.1 as senders use: requests with a Content-Length, kept alive."""

    def __init__(self, sinks: Sinks) -> None:
        self._sinks, self._buffer = sinks, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while True:
            head, separator, rest = self._buffer.partition(b"\r\n\r\n")
            if not separator:
                return
            first, *lines = head.decode("latin-1").split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            length = int(headers.get("content-length", "0"))
            if len(rest) < length:
                return
            self._buffer = rest[length:]
            method, target, _ = first.split(" ")
            self._answer(*self._sinks.take(method, target, headers, rest[:length]))

    def _answer(self, ill: Ill | None, reply: Reply) -> None:
        write = self._transport.write
        if ill is None:
            write(_spell(*reply))
        elif ill is Ill.SLOW:
            self._drip(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + b"x" * 1000)
        elif ill is Ill.RESET:
            linger = struct.pack("ii", 1, 0)  # closing now sends RST
            self._transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self._transport.abort()
        elif ill in _BROKEN:
            write(_BROKEN[ill])
            self._transport.close()
        elif ill is not Ill.SILENT:
            write(_spell(*_refusal(ill, self._sinks.port)))

    def _drip(self, text: bytes) -> None:
        if not self._transport.is_closing() and text:
            self._transport.write(text[:1])
            asyncio.get_running_loop().call_later(DRIP_S, self._drip, text[1:])


_BROKEN = {
    Ill.HALF: b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"half":',
    Ill.NOT_HTTP: b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 220 mail.example.com ESMTP\r\n",
}


def _refusal(ill: Ill, port: int) -> Reply:
    if ill is Ill.HUGE:
        return 200, {"Content-Type": "text/plain"}, b"x" * HUGE_BYTES
    if ill is Ill.REDIRECT:
        return 307, {"Location": f"http://127.0.0.1:{port}/stray"}, b""
    status = {Ill.ERROR: 500, Ill.TOO_MANY: 429, Ill.UNAVAILABLE: 503, Ill.GONE: 410}[ill]
    wish = {"Retry-After": str(RETRY_AFTER_S)} if ill in (Ill.TOO_MANY, Ill.UNAVAILABLE) else {}
    return status, wish, b""


def _spell(status: int, headers: Mapping[str, str], body: bytes) -> bytes:
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    length = "" if status == 204 else f"Content-Length: {len(body)}\r\n"
    return f"HTTP/1.1 {status} Answer\r\n{lines}{length}\r\n".encode("latin-1") + body

"""Small servers on 127.0.0.1 that behave, or misbehave, on request."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

Handler = Callable[["Visit"], None]


@dataclass
class Visit:
    """One connection of a client, as a handler sees it."""

    connection: socket.socket
    server: Server
    number: int
    rest: bytes = b""

    def request(self) -> tuple[bytes, bytes] | None:
        """Read one request, head and body; None when the client has gone."""
        while b"\r\n\r\n" not in self.rest:
            if not (piece := self.connection.recv(65_536)):
                return None
            self.rest += piece
        head, _, rest = self.rest.partition(b"\r\n\r\n")
        size = next((int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0)
        while len(rest) < size:
            rest += self.connection.recv(65_536)
        self.rest = rest[size:]
        self.server.requests.append((head, rest[:size]))
        return head, rest[:size]

    def say(self, raw: bytes) -> None:
        """Send bytes as they are."""
        self.connection.sendall(raw)

    def answer(self, body: bytes = b"ok", status: str = "200 OK", headers: str = "") -> None:
        """Send one well-formed answer."""
        self.say(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{headers}\r\n".encode() + body)


@dataclass
class Server:
    """What a test needs to know about its server."""

    port: int = 0
    visits: int = 0
    requests: list[tuple[bytes, bytes]] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def serving(handler: Handler, tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    """Run a server; the handler is called once for each connection, in a thread of its own."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = Server(port=listener.getsockname()[1])
    threads: list[threading.Thread] = []
    open_now: set[socket.socket] = set()

    def visit(connection: socket.socket, number: int) -> None:
        try:
            connection.settimeout(5)
            if tls:
                connection = tls.wrap_socket(connection, server_side=True)
            open_now.add(connection)
            handler(Visit(connection, server, number))
        except OSError:
            pass
        finally:
            open_now.discard(connection)
            connection.close()

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            server.visits += 1
            threads.append(threading.Thread(target=visit, args=(connection, server.visits), daemon=True))
            threads[-1].start()

    acceptor = threading.Thread(target=accept, daemon=True)
    acceptor.start()
    try:
        yield server
    finally:
        server.ended.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        acceptor.join(2)
        for connection in list(open_now):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join(2)


def polite(visit: Visit) -> None:
    """Answer every request of a connection with ok."""
    while visit.request():
        visit.answer()


def once(raw: bytes) -> Handler:
    """Answer the first request with these bytes and close."""

    def handler(visit: Visit) -> None:
        visit.request()
        visit.say(raw)

    return handler


def always(raw: bytes) -> Handler:
    """Answer every request of a connection with these bytes."""

    def handler(visit: Visit) -> None:
        while visit.request():
            visit.say(raw)

    return handler

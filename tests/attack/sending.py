"""Plain HTTP, byte by byte: what a decent client refuses to send has to be sent here."""

from __future__ import annotations

import contextlib
import json
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

PATIENCE_S = 30.0
Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Reply:
    """What came back; `ms` runs from the first byte sent to the last one read."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    ms: float

    @property
    def json(self) -> Any:
        """The body as JSON, or None."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    def ok(self) -> Any:
        """Give the body of a success; whoever goes on from a failure is only confused."""
        assert 200 <= self.status < 300, f"{self.status} {self.body[:600]!r}"
        return self.json


class Wire:
    """One kept connection to the platform, opened again whenever it was closed. Not for several threads."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._socket: socket.socket | None = None
        self._read = b""

    def __del__(self) -> None:
        self.close()

    def exchange(self, raw: bytes) -> Reply:
        """Send bytes as they are and read one answer. Raises OSError when there is none."""
        for is_last in (False, True):
            started = time.monotonic()
            fresh = self._socket is None
            try:
                status, headers, body = self._exchange(raw)
            except OSError:
                self.close()
                if fresh or is_last:
                    raise
                continue  # the kept connection had been closed meanwhile
            if headers.get("connection", "").lower() == "close":
                self.close()
            return Reply(status, headers, body, (time.monotonic() - started) * 1000)
        raise AssertionError

    def close(self) -> None:
        """Close the connection."""
        if self._socket is not None:
            self._socket.close()
        self._socket, self._read = None, b""

    def _exchange(self, raw: bytes) -> tuple[int, dict[str, str], bytes]:
        if self._socket is None:
            self._socket = socket.create_connection(("127.0.0.1", self.port), PATIENCE_S)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # an answer may stand there all the same
            self._socket.sendall(raw)
        while b"\r\n\r\n" not in self._read:
            self._more()
        head, _, self._read = self._read.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        length = 0 if raw.startswith(b"HEAD ") else int(headers.get("content-length", "0"))
        while len(self._read) < length:
            self._more()
        body, self._read = self._read[:length], self._read[length:]
        return int(first.split(" ")[1]), headers, body

    def _more(self) -> None:
        assert self._socket is not None
        found = self._socket.recv(1 << 16)
        if not found:
            raise ConnectionResetError("closed without an answer")
        self._read += found


def message(method: str, target: str, headers: Pairs = (), body: bytes | None = None) -> bytes:
    """Spell a request; the length is added when there is a body and the headers say nothing of it."""
    pairs = [("Host", "localhost"), *headers]
    if body is not None and not {"content-length", "transfer-encoding"} & {name.lower() for name, _ in pairs}:
        pairs.append(("Content-Length", str(len(body))))
    lines = "".join(f"{name}: {value}\r\n" for name, value in pairs)
    return f"{method} {target} HTTP/1.1\r\n{lines}\r\n".encode("latin-1") + (body or b"")


class Api:
    """A caller with a key, and headers that every call of a surface needs."""

    def __init__(self, port: int, key: str | None, headers: Pairs = ()) -> None:
        self.port, self.key, self.headers = port, key, headers
        self._wire = Wire(port)

    def also(self, *headers: tuple[str, str], key: str | None = "") -> Api:
        """Give the same caller with more headers, or with another key."""
        return Api(self.port, self.key if key == "" else key, (*self.headers, *headers))

    def call(
        self, method: str, path: str, body: Any = None, *, headers: Pairs = (), raw: bytes | None = None, **query: str
    ) -> Reply:
        """Send a request; the body is JSON unless raw bytes are given."""
        sent = raw if raw is not None or body is None else json.dumps(body).encode()
        kind = (("Content-Type", "application/json"),) if sent is not None else ()
        key = (("api_key", self.key),) if self.key is not None else ()
        target = f"{path}{'&' if '?' in path else '?'}{urlencode(query)}" if query else path
        return self._wire.exchange(message(method, target, (*key, *kind, *self.headers, *headers), sent))

    def get(self, path: str, **query: str) -> Reply:
        """GET a path."""
        return self.call("GET", path, **query)

    def post(self, path: str, body: Any = None, **query: str) -> Reply:
        """POST JSON."""
        return self.call("POST", path, {} if body is None else body, **query)

    def put(self, path: str, body: Any = None, **query: str) -> Reply:
        """PUT JSON."""
        return self.call("PUT", path, body, **query)

    def close(self) -> None:
        """Close the connection."""
        self._wire.close()

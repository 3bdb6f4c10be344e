"""HTTP/1.1 on one connection: send a request, read its answer, under one deadline and one cap on bytes.

http.client reads the answer (status, headers, chunks); this module owns the socket below it, so that every single
read and write knows the deadline, and counts what arrives.
"""

from __future__ import annotations

import io
import select
import socket
import time
import zlib
from http.client import HTTPException, HTTPResponse, IncompleteRead, parse_headers
from typing import Any

from chalicelib.adapters.http_client.messages import Headers
from chalicelib.adapters.http_client.network import connect, seconds_left
from chalicelib.adapters.http_client.urls import Target

READ_BYTES = 65_536
BUFFER_BYTES = 16_384
MAX_INFORMAL = 8  # 1xx answers before the real one


class Stale(Exception):
    """A kept connection was dead: it ended before a byte of the answer."""


class _Source(io.RawIOBase):
    """A socket's bytes, each read bounded by the deadline, all reads together by an allowance."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.deadline = 0.0
        self.allowance = 0
        self.received = 0
        self.has_ended = False
        self.is_paused = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if self.is_paused:
            return None
        self.connection.settimeout(seconds_left(self.deadline))
        size = self.connection.recv_into(buffer)
        self.received += size
        self.has_ended = not size
        if self.received > self.allowance:
            raise HTTPException("far more bytes than the answer needs")
        return size


class _Stream(io.BufferedReader):
    """One reader for all answers of a connection; http.client closes its reader after each."""

    def close(self) -> None:
        """Stay open: Connection.close ends the socket."""


class _Answer(HTTPResponse):
    """http.client's response, passing over every 1xx answer and not only over 100."""

    def _read_status(self) -> tuple[str, int, str]:
        for _ in range(MAX_INFORMAL):
            status = super()._read_status()  # type: ignore[misc]
            if not 100 <= status[1] < 200 or status[1] == 101:
                return status
            parse_headers(self.fp)
        raise HTTPException("only informal answers")


class Connection:
    """An open connection to one origin, usable for one request after the other."""

    def __init__(self, target: Target, deadline: float) -> None:
        self._socket = connect(target, deadline)
        self._source = _Source(self._socket)
        self._stream = _Stream(self._source, BUFFER_BYTES)
        self.born_at = self.idle_since = time.monotonic()
        self.is_reused = False
        self.is_reusable = False

    def makefile(self, _mode: str) -> _Stream:
        """Give http.client its reader."""
        return self._stream

    def close(self) -> None:
        """End the connection."""
        self._socket.close()

    def has_news(self) -> bool:
        """Say whether an idle connection was closed by the other side, or holds bytes nobody asked for."""
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        pending = getattr(self._socket, "pending", lambda: 0)  # what TLS has deciphered and nobody has read
        return bool(poll.poll(0)) or pending() > 0

    def exchange(
        self, head: bytes, body: bytes | None, *, method: str, max_bytes: int, deadline: float
    ) -> tuple[int, Headers, bytes, bool]:
        """Send one request and read status, headers and body; the last value says whether the body was cut.

        Raises Stale when this is a kept connection and nothing came back, else TimeoutError, OSError, HTTPException,
        ValueError or zlib.error.
        """
        source = self._source
        source.deadline, source.received, source.allowance = deadline, 0, 8 * max_bytes + 131_072
        self.is_reusable = False
        try:
            return self._exchange(head, body, method, max_bytes)
        except TimeoutError:
            raise
        except (OSError, HTTPException) as error:
            if self.is_reused and not source.received:
                raise Stale from error
            raise

    def _exchange(
        self, head: bytes, body: bytes | None, method: str, max_bytes: int
    ) -> tuple[int, Headers, bytes, bool]:
        refused = self._send(head, body)
        answer = _Answer(self, method=method)  # type: ignore[arg-type]
        try:
            answer.begin()
            if self._source.has_ended:  # http.client takes an end amid the headers for their end
                raise IncompleteRead(b"")
        except (OSError, HTTPException):
            if refused:
                raise refused from None
            raise
        content, is_cut = _read(answer, max_bytes)
        headers = [
            (name, " ".join(value.split("\r\n")) if "\n" in value else value) for name, value in answer.getheaders()
        ]
        coding = answer.headers.get("content-encoding", "")
        if content and _is_known(coding):
            content, is_longer = _decoded(content, coding, max_bytes, is_cut)
            is_cut = is_cut or is_longer
            headers = [pair for pair in headers if pair[0].lower() not in ("content-encoding", "content-length")]
        is_whole = answer.isclosed() and not answer.will_close and answer.status != 101
        self.is_reusable = is_whole and refused is None and not self._has_leftovers()
        return answer.status, Headers(headers), content, is_cut

    def _send(self, head: bytes, body: bytes | None) -> OSError | None:
        """Write the request. A receiver that answers early and closes is heard: its error is returned, not raised."""
        first, rest = (head + body, b"") if body and len(body) <= READ_BYTES else (head, body or b"")
        try:
            for part in (first, rest):
                view = memoryview(part)
                while view:
                    self._socket.settimeout(seconds_left(self._source.deadline))
                    view = view[self._socket.send(view) :]
        except (BrokenPipeError, ConnectionResetError) as error:
            return error
        return None

    def _has_leftovers(self) -> bool:
        self._source.is_paused = True
        try:
            return bool(self._stream.peek(1))
        finally:
            self._source.is_paused = False


def head_of(target: Target, method: str, headers: list[tuple[str, str]], body: bytes | None) -> bytes:
    """Write the request line and the headers. They were checked before: nothing here can break a line."""
    given = {name.lower() for name, _ in headers}
    lines = [f"{method} {target.request_target} HTTP/1.1", f"Host: {target.authority}", "Accept-Encoding: identity"]
    if "user-agent" not in given:
        lines.append("User-Agent: Millrace")
    if "accept" not in given:
        lines.append("Accept: */*")
    lines += [f"{name}: {value}" for name, value in headers]
    if body is not None or method in ("POST", "PUT", "PATCH"):
        lines.append(f"Content-Length: {len(body or b'')}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def _read(answer: HTTPResponse, max_bytes: int) -> tuple[bytes, bool]:
    is_cut = answer.length is not None and answer.length > max_bytes
    wanted = max_bytes if is_cut else max_bytes + 1  # one byte more tells an answer that fits from one that does not
    content = bytearray()
    while len(content) < wanted:
        piece = answer.read(min(READ_BYTES, wanted - len(content)))
        if not piece:
            if answer.length:
                raise IncompleteRead(b"")
            break
        content += piece
    return bytes(content[:max_bytes]), is_cut or len(content) > max_bytes


def _is_known(coding: str) -> bool:
    return coding.strip().lower() in ("gzip", "x-gzip", "deflate")


def _decoded(content: bytes, coding: str, max_bytes: int, is_cut: bool) -> tuple[bytes, bool]:
    """Undo a compression nobody asked for, no further than max_bytes."""
    is_bare = coding.strip().lower() == "deflate" and (content[0] & 0x0F != 8 or content[0] >> 4 > 7)
    decoded = bytearray()
    while content and len(decoded) <= max_bytes:
        decoder = zlib.decompressobj(-15 if is_bare else 47)
        decoded += decoder.decompress(content, max_bytes + 1 - len(decoded))
        if not decoder.eof:
            if not is_cut and not decoder.unconsumed_tail and len(decoded) <= max_bytes:
                raise zlib.error("the compressed answer ends too early")
            break
        content = decoder.unused_data
    return bytes(decoded[:max_bytes]), len(decoded) > max_bytes

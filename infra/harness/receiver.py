"""A receiver of signed webhooks: checks every signature by the published rules and counts message ids."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import threading
import time
from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Inbox:
    """What arrived on one path."""

    secret: str = ""
    ids: Counter[str] = field(default_factory=Counter)
    first_at: dict[str, float] = field(default_factory=dict)
    bodies: list[bytes] = field(default_factory=list)
    forged: int = 0


class Receiver(threading.Thread):
    """An HTTP server on 127.0.0.1 in a thread of its own; `inbox(path)` says what arrived there."""

    def __init__(self, *, keep_bodies: bool = False) -> None:
        super().__init__(daemon=True)
        self.inboxes: dict[str, Inbox] = {}
        self.keep_bodies = keep_bodies
        self._ready = threading.Event()
        self.port = 0
        self.start()
        self._ready.wait()

    def url(self, path: str) -> str:
        """Give the address of a path."""
        return f"http://127.0.0.1:{self.port}{path}"

    def inbox(self, path: str, secret: str | None = None) -> Inbox:
        """Give the inbox of a path, made on first use; `secret` is what its sender signs with."""
        inbox = self.inboxes.setdefault(path, Inbox())
        if secret is not None:
            inbox.secret = secret
        return inbox

    def run(self) -> None:
        """Serve for as long as the process lives."""
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: _Connection(self), "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await server.serve_forever()

    def take(self, path: str, headers: dict[bytes, bytes], body: bytes) -> None:
        """Check and count one message."""
        inbox = self.inbox(path)
        message_id = headers.get(b"webhook-id", b"").decode()
        if not is_genuine(inbox.secret, headers, body):
            inbox.forged += 1
            return
        inbox.ids[message_id] += 1
        inbox.first_at.setdefault(message_id, time.monotonic())
        if self.keep_bodies:
            inbox.bodies.append(body)


def is_genuine(secret: str, headers: dict[bytes, bytes], body: bytes) -> bool:
    """Verify a Standard Webhooks v1 signature (standardwebhooks.com, specification 1.0.0)."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = b".".join((headers.get(b"webhook-id", b""), headers.get(b"webhook-timestamp", b""), body))
    expected = b"v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256))
    return any(
        hmac.compare_digest(expected, candidate) for candidate in headers.get(b"webhook-signature", b"").split(b" ")
    )


class _Connection(asyncio.Protocol):
    """As much of HTTP/1.1 as the senders here use: requests with a Content-Length, kept alive."""

    def __init__(self, receiver: Receiver) -> None:
        self._receiver, self._buffer = receiver, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while True:
            head, separator, rest = self._buffer.partition(b"\r\n\r\n")
            if not separator:
                return
            first, *lines = head.split(b"\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(b":") for line in lines)}
            length = int(headers.get(b"content-length", b"0"))
            if len(rest) < length:
                return
            self._buffer = rest[length:]
            self._receiver.take(first.split(b" ")[1].decode(), headers, rest[:length])
            self._transport.write(b"HTTP/1.1 204 No Content\r\n\r\n")  # type: ignore[attr-defined]

"""Send notifications over a few kept-alive connections and note how long each took to be accepted."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass
class Accepted:
    """One notification the platform said yes to: when it was sent, and how long the yes took."""

    sent_at: float
    took_s: float


@dataclass
class Load:
    """A number of notifications, by how many connections, at most how many a second."""

    url: str
    body_of: Callable[[int], bytes]
    count: int
    connections: int = 8
    per_second: float | None = None
    retry: bool = False
    prefix: str = "n"
    # What the body of a yes holds, for those who say 200 while they start up.
    yes: bytes = b""
    accepted: dict[int, Accepted] = field(default_factory=dict)
    refused: int = 0

    def run(self) -> float:
        """Send them all; answer the seconds it took."""
        started = time.monotonic()
        asyncio.run(self._run(started))
        return time.monotonic() - started

    async def _run(self, started: float) -> None:
        await asyncio.gather(*(self._connection(number, started) for number in range(self.connections)))

    async def _connection(self, first: int, started: float) -> None:
        link = _Link(self.url)
        for number in range(first, self.count, self.connections):
            if self.per_second:
                await asyncio.sleep(max(0.0, started + number / self.per_second - time.monotonic()))
            await self._send(link, number)
        link.close()

    async def _send(self, link: _Link, number: int) -> None:
        body = self.body_of(number)
        while True:
            sent_at = time.monotonic()
            try:
                status, answer = await asyncio.wait_for(link.post(body, f"{self.prefix}-{number}"), 10)
            except (OSError, EOFError, asyncio.IncompleteReadError, TimeoutError, IndexError, ValueError):
                link.close()
                status, answer = 0, b""
            if 200 <= status < 300 and self.yes in answer:
                self.accepted[number] = Accepted(sent_at, time.monotonic() - sent_at)
                return
            self.refused += 1
            if not self.retry:
                return
            await asyncio.sleep(0.05)


class _Link:
    """One connection, opened again when it breaks."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host, self._port, self._path = "127.0.0.1", parts.port or 80, parts.path
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def post(self, body: bytes, delivery_id: str) -> tuple[int, bytes]:
        if self._writer is None:
            self._reader, self._writer = await asyncio.open_connection(self._host, self._port)
        head = (
            f"POST {self._path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            f"X-Delivery-Id: {delivery_id}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        self._writer.write(head.encode() + body)
        assert self._reader is not None
        answer = await self._reader.readuntil(b"\r\n\r\n")
        length = int(answer.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        return int(answer.split(b" ")[1]), await self._reader.readexactly(length)

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self._reader = self._writer = None

"""What this machine takes at least for each part of an event: the same work with nothing around it.

Every figure is CPU time of this process and its children, so other work on the machine hardly changes it.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import os
import resource
import sqlite3
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

from benchmarks.workload import TRANSFORM, body_of

EVENT = body_of(1)


def floors_us(times: int) -> dict[str, float]:
    """Measure each part of an event alone; give CPU microseconds an event, by what the part is called in cost.py.

    An event is committed twice, as what came in and as what was delivered, goes through two queues, runs two scripts.
    """
    answered, posted = _exchange(times)
    return {
        "HTTP in": answered,
        "rows and messages as JSON": 2 * _codec(times),
        "database": 2 * _commit(times) + 2 * _message(times),
        "scripts": _script(times, "return 'order.placed';") + _script(times, TRANSFORM),
        "signature": _signature(times),
        "HTTP out": posted,
    }


def _cpu_us(act: Callable[[], object], times: int) -> float:
    """Repeat an act; give the CPU microseconds of one."""
    for _ in range(20):
        act()
    before = _used_s()
    for _ in range(times):
        act()
    return (_used_s() - before) / times * 1e6


def _used_s() -> float:
    own = resource.getrusage(resource.RUSAGE_SELF)
    return own.ru_utime + own.ru_stime


def _codec(times: int) -> float:
    import orjson

    return _cpu_us(lambda: orjson.dumps(orjson.loads(EVENT)), times)


def _signature(times: int) -> float:
    key, text = os.urandom(32), b"msg_0123456789.1700000000." + EVENT
    return _cpu_us(lambda: hmac.digest(key, text, hashlib.sha256), times)


def _script(times: int, code: str) -> float:
    import quickjs

    event = json.dumps({"body": json.loads(EVENT)})

    def run() -> object:
        context = quickjs.Context()
        return context.eval("(text) => JSON.stringify(((notification) => {" + code + "})(JSON.parse(text)))")(event)

    return _cpu_us(run, times)


def _database(folder: str) -> sqlite3.Connection:
    made = sqlite3.connect(Path(folder) / "bare.db", isolation_level=None)
    made.execute("PRAGMA journal_mode = WAL")
    made.execute("PRAGMA synchronous = NORMAL")
    return made


def _commit(times: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        database, numbers = _database(folder), iter(range(10**9))
        database.execute("CREATE TABLE t (pk TEXT, sk TEXT, body BLOB, PRIMARY KEY (pk, sk)) WITHOUT ROWID")
        insert = "INSERT INTO t VALUES (?, ?, ?)"
        cost_us = _cpu_us(lambda: database.execute(insert, (f"bench#EV#{next(numbers)}", "E", EVENT)), times)
        database.close()
        return cost_us


def _message(times: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        database = _database(folder)
        database.execute("CREATE TABLE q (id INTEGER PRIMARY KEY, visible_at INTEGER, body TEXT)")
        database.execute("CREATE INDEX q_due ON q (visible_at)")

        def pass_on() -> None:
            database.execute("INSERT INTO q (visible_at, body) VALUES (1, ?)", ('{"w":"bench","ev":"0123456789"}',))
            taken = "SELECT id FROM q WHERE visible_at <= 2 ORDER BY visible_at LIMIT 10"
            (row,) = database.execute(taken).fetchall()
            database.execute("UPDATE q SET visible_at = 30 WHERE id = ?", row)
            database.execute("DELETE FROM q WHERE id = ?", row)

        cost_us = _cpu_us(pass_on, times)
        database.close()
        return cost_us


class _Echo(asyncio.Protocol):
    """Answers every request it has the whole body of."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport, self.buffer = transport, b""

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        _, separator, body = self.buffer.partition(b"\r\n\r\n")
        if separator and len(body) >= len(EVENT):
            self.buffer = b""
            self.transport.write(b"HTTP/1.1 204 No Content\r\n\r\n")  # type: ignore[attr-defined]


class _Served:
    """That server in a thread of its own, and a kept connection to it."""

    def __init__(self) -> None:
        import socket

        self.loop, ready, self.thread_s = asyncio.new_event_loop(), threading.Event(), [0.0]
        self.port = 0

        async def serve() -> None:
            server = await self.loop.create_server(_Echo, "127.0.0.1", 0)
            self.port = server.sockets[0].getsockname()[1]
            ready.set()

        def run() -> None:
            self.loop.create_task(serve())
            self.loop.run_forever()

        self.thread = threading.Thread(target=run, daemon=True)
        self.thread.start()
        ready.wait()
        self.link = socket.create_connection(("127.0.0.1", self.port))

    def server_s(self) -> float:
        """CPU seconds of the server's thread."""
        return time_of(self.thread)

    def post(self) -> None:
        """Send a request and wait for its answer."""
        head = f"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(EVENT)}\r\n\r\n".encode()
        self.link.sendall(head + EVENT)
        self.link.recv(4096)

    def close(self) -> None:
        """End both."""
        self.link.close()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()


def time_of(thread: threading.Thread) -> float:
    """Give the CPU seconds of another thread."""
    import time

    return time.clock_gettime(time.pthread_getcpuclockid(thread.ident or 0))


def _exchange(times: int) -> tuple[float, float]:
    """Give what a request takes on the side of the server, and on that of the client."""
    served = _Served()
    for _ in range(20):
        served.post()
    before, client = served.server_s(), time_of(threading.current_thread())
    for _ in range(times):
        served.post()
    found = served.server_s() - before, time_of(threading.current_thread()) - client
    served.close()
    return found[0] / times * 1e6, found[1] / times * 1e6

"""A small HTTP server that keeps every delivery it receives."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any


@dataclass(frozen=True)
class Received:
    """One delivery: the path it came to, its headers (lower case) and its exact body."""

    path: str
    headers: dict[str, str]
    body: bytes


class Receiver:
    """Answers 204 to every POST and remembers it; a context manager."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self._lock = threading.Lock()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                headers = {name.lower(): value for name, value in self.headers.items()}
                with receiver._lock:
                    receiver.received.append(Received(self.path, headers, body))
                self.send_response(204)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Receiver:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def snapshot(self) -> list[Received]:
        """Copy what was received so far."""
        with self._lock:
            return list(self.received)

    def wait_until(self, is_enough: Callable[[list[Received]], bool], limit_s: float) -> bool:
        """Wait until what was received is enough; says whether that came in time."""
        deadline = time.monotonic() + limit_s
        while time.monotonic() < deadline:
            if is_enough(self.snapshot()):
                return True
            time.sleep(0.1)
        return is_enough(self.snapshot())

"""The world outside the platform: one server that may be called and keeps what came, and ones that only count."""

from __future__ import annotations

import json
import socket
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Asked:
    """One request that arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Outside(ThreadingHTTPServer):
    """Answers 200 and JSON to everything; `/redirect?status=302&to=<url>` leads elsewhere."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        super().__init__(("127.0.0.1", 0), _Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.server_port}"

    def at(self, path: str) -> list[Asked]:
        """Give what came to a path."""
        return [one for one in self.asked if urlsplit(one.path).path == path]

    def handle_error(self, *_: Any) -> None:
        """Say nothing of callers that went away."""


class _Handler(BaseHTTPRequestHandler):
    server: Outside
    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.asked.append(Asked(self.command, self.path, headers, body))
        url = urlsplit(self.path)
        query = parse_qs(url.query)
        is_redirect = url.path == "/redirect"
        text = b"" if is_redirect else json.dumps(_said(headers.get("x-bp-operation", ""))).encode()
        self.send_response(int(query.get("status", ["302"])[0]) if is_redirect else 200)
        if is_redirect:
            self.send_header("Location", query["to"][0])
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815 http.server looks for these names

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def _said(operation: str) -> dict[str, Any]:
    known: dict[str, dict[str, Any]] = {
        "action_triggered": {"output": {"greeted": True}},
        "webhook_received": {"status": 200, "body": "taken"},
    }
    return known.get(operation, {})


class Sentinel(threading.Thread):
    """Listens on 127.0.0.1, counts who comes, and hangs up."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.visits = 0
        self.start()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}/"

    def run(self) -> None:
        """Count for as long as the process lives."""
        while True:
            visitor, _ = self._listener.accept()
            self.visits += 1
            visitor.close()

"""A stand-in for the third parties of the automation in the README: an on-call service, and GitHub's comments.

`python -m infra.harness.standin 9000` serves it on 127.0.0.1 and prints what it is asked for.
"""

from __future__ import annotations

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Json = dict[str, Any]


def answer(path: str, body: Json) -> tuple[int, Json]:
    """Answer one POST as the third party would."""
    if path == "/pages":
        return 201, {"id": f"page-{body.get('number', 0)}", "state": "open"}
    if path.startswith("/repos/") and path.endswith("/comments"):
        repository, number = path.removeprefix("/repos/").split("/issues/")
        number = number.removesuffix("/comments")
        return 201, {
            "id": 1,
            "body": body.get("body"),
            "html_url": f"https://github.com/{repository}/issues/{number}#issuecomment-1",
            "user": {"id": 1, "login": "ada", "type": "User", "html_url": "https://github.com/ada"},
            "author_association": "OWNER",
            "created_at": "2026-11-22T10:00:00Z",
            "updated_at": "2026-11-22T10:00:00Z",
        }
    return 404, {"message": "Not Found"}


def reply(handler: BaseHTTPRequestHandler, status: int, said: Any) -> None:
    """Answer a request with JSON."""
    text = json.dumps(said).encode()
    handler.send_response(status)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", str(len(text)))
    handler.end_headers()
    handler.wfile.write(text)


class Standin(ThreadingHTTPServer):
    """Serves in a thread of its own; `asked` lists what came, as (path, body)."""

    daemon_threads = True

    def __init__(self, port: int = 0, *, is_loud: bool = False) -> None:
        self.asked: list[tuple[str, Json]] = []
        self.is_loud = is_loud
        super().__init__(("127.0.0.1", port), _Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, *_: Any) -> None:
        """Say nothing of callers that were killed."""


class _Handler(BaseHTTPRequestHandler):
    server: Standin

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("content-length", 0))) or b"{}")
        self.server.asked.append((self.path, body))
        if self.server.is_loud:
            print(f"POST {self.path} {json.dumps(body)}", flush=True)
        reply(self, *answer(self.path, body))

    def log_message(self, *_: Any) -> None:
        """Say nothing; what matters is printed above."""


if __name__ == "__main__":
    print(f"listening on {Standin(int(sys.argv[1]), is_loud=True).url}", flush=True)
    threading.Event().wait()

"""Both ends of the platform as the figures use them: its API over HTTP, and third parties that misbehave on purpose."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests

from benchmarks.figures.crew import KEY
from infra.harness.standin import reply

USER = "bench"


class Api:
    """Makes requests as one workspace; safe to use from many threads."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._local = threading.local()

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> requests.Response:
        """Send a request; answers of every status are given. Raises OSError."""
        session = self._local.__dict__.get("session") or requests.Session()
        self._local.session = session
        sent = {"api_key": KEY, **{name.replace("_", "-"): value for name, value in headers.items()}}
        return session.request(method, self.url + path, json=body, headers=sent, timeout=60)

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """Send a request that must succeed, and give the parsed answer. Raises RuntimeError."""
        answer = self.ask(method, path, body, **headers)
        if not 200 <= answer.status_code < 300:
            raise RuntimeError(f"{method} {path}: {answer.status_code} {answer.text[:500]}")
        return answer.json() if answer.content else None

    def service(self, name: str, **more: Any) -> str:
        """Make a user, and a service with a version; give the service's path."""
        self.ask("POST", "/v1/user", {"userId": USER})
        self.call("POST", f"/v1/service?userId={USER}", {"name": name, **more})
        self.call("POST", f"/v1/service/{name}/version?userId={USER}", {"name": "1.0.0", "published": True})
        return f"/v1/service/{name}"

    def part(self, service: str, kind: str, name: str, **fields: Any) -> dict[str, Any]:
        """Make an action, trigger, event, security or variable of a service."""
        made: dict[str, Any] = self.call("POST", f"{service}/{kind}?userId={USER}", {"name": name, **fields})
        return made

    def automation(self, name: str, steps: list[Any]) -> str:
        """Make an automation with a published version; give the version's path."""
        body = {"name": name, "definition": {"steps": steps}}
        made = self.call("POST", f"/v1/automation/import?userId={USER}", body)
        path = f"/v1/automation/{made['id']}/version/{made['versionId']}"
        self.call("POST", f"{path}/publish?userId={USER}")
        return path


def javascript(code: str) -> dict[str, str]:
    """Spell a hook."""
    return {"language": "javascript", "code": code}


class Party(ThreadingHTTPServer):
    """A third party on 127.0.0.1. `does(method, path, query, headers, body)` gives status and JSON."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, does: Callable[[str, str, dict[str, str], dict[str, str], bytes], tuple[int, Any]]) -> None:
        self.does = does
        super().__init__(("127.0.0.1", 0), _Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.server_port}"

    def close(self) -> None:
        """Answer no more."""
        self.shutdown()
        self.server_close()

    def handle_error(self, *_: Any) -> None:
        """Say nothing of callers that were killed."""


class _Handler(BaseHTTPRequestHandler):
    server: Party
    protocol_version = "HTTP/1.1"

    def _serve(self) -> None:
        url = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        reply(self, *self.server.does(self.command, url.path, dict(parse_qsl(url.query)), headers, body))

    do_GET = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815 http.server looks for these names

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def wait_until(holds: Callable[[], bool], timeout_s: float, every_s: float = 0.02) -> bool:
    """Wait until something holds; say whether it did in time."""
    ends = time.monotonic() + timeout_s
    while time.monotonic() < ends:
        if holds():
            return True
        time.sleep(every_s)
    return holds()

"""Outside: how a script reaches third parties, through the guarded HTTP client and within the run's limits."""

from __future__ import annotations

import base64
import threading
import time
from typing import Any

from chalicelib.adapters import http_client
from chalicelib.connectors.failures import UNAUTHORIZED
from chalicelib.core.errors import AddressRefused, UpstreamFailed, UpstreamTimeout

MAX_CALLS = 50
MAX_RESPONSE_BYTES = 5 * 1024 * 1024
MAX_REDIRECTS = 3
_READING = frozenset({"GET", "HEAD", "OPTIONS"})


class Outside:
    """The runner's Host for one run: at most 50 calls, 5 MB an answer, 3 redirects, all within the run's time."""

    def __init__(self, workspace_id: str, timeout_s: float) -> None:
        self._workspace_id = workspace_id
        self.timeout_s = timeout_s
        self._deadline = time.monotonic() + timeout_s
        self._lock = threading.Lock()
        self._calls = 0
        self._open = 0
        self.has_acted = False  # a third party may have changed something

    @property
    def is_waiting(self) -> bool:
        """Say whether a third party still owes an answer."""
        return self._open > 0

    def http(self, request: dict[str, Any]) -> dict[str, Any]:
        """Send one request of a script. Raises InvalidInput, AddressRefused, UpstreamTimeout, UpstreamFailed."""
        with self._lock:
            if self._calls >= MAX_CALLS:
                raise UpstreamFailed(f"a script may make at most {MAX_CALLS} calls")
            self._calls += 1
            self._open += 1
        is_answered = True
        try:
            return self._send(request)
        except UpstreamTimeout:
            is_answered = False
            raise
        finally:
            if is_answered:
                with self._lock:
                    self._open -= 1

    def _send(self, request: dict[str, Any]) -> dict[str, Any]:
        remaining_s = self._deadline - time.monotonic()
        if remaining_s <= 0:
            raise UpstreamTimeout("the time of this run is over")
        made = _request(request, remaining_s)
        try:
            response = http_client.send(self._workspace_id, made)
        except UpstreamFailed as error:
            self.has_acted |= made.method.upper() not in _READING and not isinstance(error, AddressRefused)
            raise
        self.has_acted |= made.method.upper() not in _READING and response.status != UNAUTHORIZED
        if response.truncated:
            raise UpstreamFailed(f"the answer is larger than {MAX_RESPONSE_BYTES // 1024 // 1024} MB")
        headers = {name.lower(): value for name, value in response.headers.items()}
        return {"status": response.status, "headers": headers, **_body(response.body)}


def _request(asked: dict[str, Any], remaining_s: float) -> http_client.Request:
    body = asked.get("body")
    if body is not None:
        body = base64.b64decode(body) if asked.get("base64") else str(body).encode()
    timeout_ms, redirects = asked.get("timeout_ms"), asked.get("max_redirects")
    return http_client.Request(
        method=str(asked.get("method") or "GET"),
        url=str(asked.get("url") or ""),
        headers={str(name): str(value) for name, value in (asked.get("headers") or {}).items()},
        body=body,
        timeout_s=min(remaining_s, timeout_ms / 1000) if timeout_ms else remaining_s,
        max_response_bytes=MAX_RESPONSE_BYTES,
        max_redirects=MAX_REDIRECTS if redirects is None else max(0, min(MAX_REDIRECTS, int(redirects))),
    )


def _body(raw: bytes) -> dict[str, Any]:
    try:
        return {"body": raw.decode()}
    except UnicodeDecodeError:
        return {"body": base64.b64encode(raw).decode(), "base64": True}

"""The outside of a script, through the platform's guarded HTTP client."""

from __future__ import annotations

import base64
from typing import Any


class GuardedHost:
    """Answers a script's HTTP calls as the platform does, and keeps what was asked."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []

    def http(self, request: dict[str, Any]) -> dict[str, Any]:
        from chalicelib.adapters.http_client import Request, send

        self.asked.append(request)
        body = request["body"]
        if body is not None:
            body = base64.b64decode(body) if request["base64"] else body.encode()
        timeout_s = (request.get("timeout_ms") or 15_000) / 1000
        asked = Request(
            request["method"], request["url"], request["headers"], body, timeout_s, max_response_bytes=2**20
        )
        answer = send("test-workspace", asked)
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return {"status": answer.status, "headers": headers, "body": answer.body.decode()}

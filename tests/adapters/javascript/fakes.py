"""An outside for scripts, in memory."""

from __future__ import annotations

import json
import threading
from typing import Any

from chalicelib.core.errors import AddressRefused, UpstreamFailed, UpstreamTimeout


class Web:
    """Answers by the path of the address and remembers what was asked."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.together: threading.Barrier | None = None

    def http(self, request: dict[str, Any]) -> dict[str, Any]:
        self.requests.append(request)
        url = request["url"]
        if self.together is not None:
            self.together.wait(2)
        if "://down" in url:
            raise UpstreamFailed("connection refused")
        if "://slow" in url:
            raise UpstreamTimeout("no answer in time")
        if "://inside" in url:
            raise AddressRefused("this address is not reached from here")
        if "://bug" in url:
            raise RuntimeError("a bug of ours")
        if "/status/" in url:
            status = int(url.rsplit("/", 1)[1])
            return {"status": status, "headers": {"content-type": "application/json"}, "body": '{"error": "no"}'}
        if "/text" in url:
            return {"status": 200, "headers": {"content-type": "text/plain"}, "body": "12 not json"}
        if "/bytes" in url:
            return {"status": 200, "headers": {}, "body": "AP8=", "base64": True}
        echo = {"method": request["method"], "url": url, "body": request["body"]}
        return {"status": 200, "headers": {"content-type": "application/json"}, "body": json.dumps(echo)}

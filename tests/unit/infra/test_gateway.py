"""The local gateway: what it makes of requests before the app sees them."""

from __future__ import annotations

import io
from typing import Any

from infra.local.gateway import Gateway


class App:
    """Keeps the event it is called with."""

    routes: dict[str, Any] = {"/v1/thing": {"GET": None}, "/{proxy+}": {"GET": None}}  # noqa: RUF012
    event: dict[str, Any]

    def __call__(self, event: dict[str, Any], _context: None) -> dict[str, Any]:
        self.event = event
        return {"statusCode": 200, "headers": {}, "body": ""}


def test_many_query_parameters_reach_the_app() -> None:
    app = App()
    query = "&".join(f"p{number}={number}" for number in range(1_000))
    environ = {"REQUEST_METHOD": "GET", "REQUEST_URI": f"/v1/thing?{query}", "wsgi.input": io.BytesIO()}
    Gateway(app)(environ, lambda *_: None)
    assert app.event["queryStringParameters"]["p999"] == "999"

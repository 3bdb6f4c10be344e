"""The local gateway: what it makes of requests before the app sees them."""

from __future__ import annotations

import io
from typing import Any

import pytest

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


class View:
    """A route's entry, as far as the gateway looks."""

    def __init__(self, name: str) -> None:
        self.view_name = name


@pytest.mark.parametrize("verb", ["TRACE", "QUERY", "OPTIONS", "CONNECT", "HEAD"])
@pytest.mark.parametrize(("path", "status"), [("/v1/thing", "405"), ("/v1/thing/?a=1", "405"), ("/v1/other", "404")])
def test_a_verb_that_no_path_has_never_reaches_the_app(verb: str, path: str, status: str) -> None:
    app = App()
    app.routes = {"/v1/thing": {"GET": View("readThing"), "PUT": View("refuse_/v1/thing")}, "/{proxy+}": {}}
    said: list[Any] = []
    environ = {"REQUEST_METHOD": verb, "REQUEST_URI": path, "wsgi.input": io.BytesIO()}
    body = b"".join(Gateway(app)(environ, lambda *answer: said.extend(answer)))
    assert (said[0].startswith(status), bool(body)) == (True, verb != "HEAD")
    assert dict(said[1]).get("Allow") == ("GET" if status == "405" else None)
    assert not hasattr(app, "event")

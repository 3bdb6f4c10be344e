"""The local gateway: what it makes of requests before the app sees them."""

from __future__ import annotations

import io
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from infra.local.gateway import MAX_BODY_BYTES, Gateway, serve


class App:
    """Keeps the event it is called with."""

    routes: dict[str, Any] = {"/v1/thing": {"GET": None}, "/{proxy+}": {"GET": None}}  # noqa: RUF012
    event: dict[str, Any]
    answer: dict[str, Any] = {"statusCode": 200, "headers": {}, "body": ""}  # noqa: RUF012

    def __call__(self, event: dict[str, Any], _context: None) -> dict[str, Any]:
        self.event = event
        return self.answer


@contextmanager
def serving(app: App) -> Iterator[int]:
    """Serve an app for a while; give the port."""
    server = serve(app, "127.0.0.1", 0)

    def run() -> None:
        with suppress(OSError):  # when it is closed its sockets are taken away under it
            server.run()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield server.effective_port
    finally:
        server.close()
        thread.join(10)


def test_many_query_parameters_reach_the_app() -> None:
    app = App()
    query = "&".join(f"p{number}={number}" for number in range(1_000))
    environ = {"REQUEST_METHOD": "GET", "REQUEST_URI": f"/v1/thing?{query}", "wsgi.input": io.BytesIO()}
    Gateway(app)(environ, lambda *_: None)
    assert app.event["queryStringParameters"]["p999"] == "999"


def test_an_answer_reaches_the_client_as_the_app_gave_it() -> None:
    app = App()
    said: list[Any] = []
    environ = {"REQUEST_METHOD": "GET", "REQUEST_URI": "/v1/thing", "wsgi.input": io.BytesIO()}

    def ask() -> bytes:
        said.clear()
        return b"".join(Gateway(app)(environ, lambda *answer: said.extend(answer)))

    app.answer = {"statusCode": 201, "headers": {"A": 1}, "multiValueHeaders": {"B": ["x", "y"]}, "body": "ü"}
    assert ask() == "ü".encode()
    assert said == ["201 Created", [("A", "1"), ("B", "x"), ("B", "y"), ("Content-Length", "2")]]
    app.answer = {"statusCode": 299, "body": "AP8=", "isBase64Encoded": True}
    assert ask() == b"\0\xff"
    assert said == ["299 Status", [("Content-Length", "2")]]


def test_headers_reach_the_app_in_lower_case_and_those_of_the_body_when_there_is_one() -> None:
    app = App()
    environ = {"REQUEST_METHOD": "GET", "REQUEST_URI": "/v1/thing", "HTTP_X_API_KEY": "k", "CONTENT_LENGTH": ""}
    Gateway(app)({**environ, "wsgi.input": io.BytesIO()}, lambda *_: None)
    assert app.event["headers"] == {"x-api-key": "k"}
    sent = {**environ, "CONTENT_TYPE": "a/b", "CONTENT_LENGTH": "2", "wsgi.input": io.BytesIO(b"\0\xff")}
    Gateway(app)(sent, lambda *_: None)
    assert app.event["headers"] == {"x-api-key": "k", "content-type": "a/b", "content-length": "2"}
    assert (app.event["body"], app.event["isBase64Encoded"]) == ("AP8=", True)


def test_a_target_with_scheme_and_host_is_read_by_its_path() -> None:
    app = App()
    environ = {"REQUEST_METHOD": "GET", "REQUEST_URI": "http://any.host/v1/thing?a=1", "wsgi.input": io.BytesIO()}
    Gateway(app)(environ, lambda *_: None)
    assert (app.event["resource"], app.event["path"]) == ("/v1/thing", "/v1/thing")
    assert app.event["queryStringParameters"] == {"a": "1"}


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


SHAPES = {
    "/v1/chat/messages": {"id", "code", "type", "message", "description", "status"},
    "/v1/admin/bots": {"id", "code", "type", "message", "description", "status"},
    "/v1/thing": {"error", "type", "description", "status"},
}


@pytest.mark.parametrize("path", SHAPES)
def test_a_body_that_is_too_large_is_refused_in_the_shape_of_its_path(path: str) -> None:
    said: list[str] = []
    environ = {"REQUEST_METHOD": "POST", "REQUEST_URI": path, "CONTENT_LENGTH": str(MAX_BODY_BYTES + 1)}
    (raw,) = Gateway(App())(environ, lambda status, _: said.append(status))
    body = json.loads(raw)
    assert said == ["413 Request Entity Too Large"]
    assert (set(body), body["status"]) == (SHAPES[path], 413)
    assert body["type"] == ("TooLarge" if path == "/v1/thing" else "PayloadTooLarge")


@pytest.mark.parametrize("header", ["Content-Length: many", "Transfer-Encoding: strange"])
@pytest.mark.parametrize("path", SHAPES)
def test_what_the_http_layer_refuses_has_the_shape_of_its_path(path: str, header: str) -> None:
    with serving(App()) as port, socket.create_connection(("127.0.0.1", port), timeout=10) as line:
        line.sendall(f"POST {path} HTTP/1.1\r\nHost: a\r\n{header}\r\n\r\n".encode())
        answer = b""
        while part := line.recv(65_536):
            answer += part
    head, _, raw = answer.partition(b"\r\n\r\n")
    body = json.loads(raw)
    assert head.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert b"content-type: application/json" in head.lower()
    assert body["type"] == ("InvalidInput" if path == "/v1/thing" else "InvalidPayload")
    assert (set(body), body["status"]) == (SHAPES[path], 400)


def test_as_many_callers_of_one_workspace_as_may_wait_do_not_hold_up_others() -> None:
    waiting, go = threading.Semaphore(0), threading.Event()

    class Slow(App):
        def __call__(self, event: dict[str, Any], _context: None) -> dict[str, Any]:
            if event["queryStringParameters"]:
                waiting.release()
                assert go.wait(30)
            return self.answer

    with serving(Slow()) as port:
        lines = [socket.create_connection(("127.0.0.1", port), timeout=10) for _ in range(33)]
        try:
            for line in lines[:32]:  # the default of MILLRACE_EXECUTIONS_AT_ONCE
                line.sendall(b"GET /v1/thing?wait=1 HTTP/1.1\r\nHost: a\r\n\r\n")
            assert all(waiting.acquire(timeout=10) for _ in range(32))
            lines[32].sendall(b"GET /v1/thing HTTP/1.1\r\nHost: a\r\n\r\n")
            assert lines[32].recv(12) == b"HTTP/1.1 200"
        finally:
            go.set()
            for line in lines:
                line.close()

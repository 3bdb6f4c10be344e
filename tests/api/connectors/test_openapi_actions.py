"""Imported actions really call: what arrives at a server of this machine, through the guarded client."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from chalicelib.core import config
from tests.api.connectors.openapi_documents import Json, document, imported, operation
from tests.builders import USER, execute, make_token, make_user
from tests.client import Answer, Client


class _Echo(BaseHTTPRequestHandler):
    """Answers what it was asked."""

    def _answer(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        body = self.rfile.read(length).decode()
        target = urlsplit(self.path)
        status = 418 if target.path.endswith("teapot") else 200
        asked = {
            "method": self.command,
            "path": target.path,
            "query": parse_qs(target.query),
            "headers": {name.lower(): value for name, value in self.headers.items()},
            "body": body,
        }
        answer = json.dumps({"message": "short and stout"} if status == 418 else asked).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST = do_DELETE = _answer  # noqa: N815

    def log_message(self, *_: Any) -> None:
        return


@pytest.fixture
def echo(workspace: str) -> Iterator[str]:
    """A server of this machine that may be called."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Echo)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    settings = config.settings()
    object.__setattr__(settings, "egress_allow", frozenset({"127.0.0.1:*"}))
    yield f"http://127.0.0.1:{server.server_port}"
    object.__setattr__(settings, "egress_allow", frozenset())
    server.shutdown()
    server.server_close()


def run(client: Client, made: Json, data: Json, token: Json | None = None) -> Answer:
    """Import a document and run its action `run` as a user who holds a token for its first security."""
    service = imported(client, made)["serviceId"]
    make_user(client)
    if token is not None:
        [security, *_] = client.get(f"/v1/service/{service}/security").ok()
        make_token(client, security["id"], **token)
    return execute(client, service, "run", data, USER)


def called(client: Client, url: str, path: str, data: Json, method: str = "get", **more: Any) -> Json:
    """Give what arrived of a call of one operation."""
    made = document({path: {method: operation(**more)}}, servers=[{"url": url + "/api/"}])
    output: Json = run(client, made, data).ok()["output"]
    return output


def query(name: str, **more: Any) -> Json:
    return {"name": name, "in": "query", "schema": {}, **more}


def test_path_query_and_headers_arrive(client: Client, echo: str) -> None:
    parameters = [query("q"), query("none"), {"name": "X-Trace", "in": "header", "schema": {"type": "string"}}]
    data = {"id": "a/b c", "q": "x&y", "X-Trace": "t"}
    asked = called(client, echo, "/pets/{id}", data, parameters=parameters)
    assert (asked["method"], asked["path"], asked["query"]) == ("GET", "/api/pets/a%2Fb%20c", {"q": ["x&y"]})
    assert asked["headers"]["x-trace"] == "t"


def test_lists_and_objects_arrive_in_their_style(client: Client, echo: str) -> None:
    parameters = [
        query("many"),
        query("commas", explode=False),
        query("pipes", style="pipeDelimited", explode=False),
        query("deep", style="deepObject"),
        {"name": "json", "in": "query", "content": {"application/json": {"schema": {}}}},
    ]
    values = {"many": ["a", "b"], "commas": ["a", "b"], "pipes": [1, 2], "deep": {"k": "v"}, "json": {"n": [1]}}
    asked = called(client, echo, "/x", values, parameters=parameters)
    assert asked["query"] == {
        "many": ["a", "b"],
        "commas": ["a,b"],
        "pipes": ["1|2"],
        "deep[k]": ["v"],
        "json": ['{"n":[1]}'],
    }


@pytest.mark.parametrize(
    ("media", "data", "sent"),
    [
        ("application/json", {"name": "Rex", "age": None}, '{"name":"Rex","age":null}'),
        ("application/merge-patch+json", {"name": "Rex"}, '{"name":"Rex"}'),
        ("application/x-www-form-urlencoded", {"name": "a b&", "age": 3}, "name=a%20b%26&age=3"),
        ("text/plain", {"body": "Hello"}, "Hello"),
        ("application/json", {}, ""),
    ],
)
def test_bodies_arrive_in_their_media_type(client: Client, echo: str, media: str, data: Json, sent: str) -> None:
    schema = {"properties": {"name": {}, "age": {}}}
    asked = called(client, echo, "/x", data, "post", requestBody={"content": {media: {"schema": schema}}})
    assert asked["body"] == sent
    assert asked["headers"].get("content-type") == (media if sent else asked["headers"].get("content-type"))


@pytest.mark.parametrize(
    ("scheme", "token", "place", "value"),
    [
        ({"type": "http", "scheme": "bearer"}, {"key": "k"}, "authorization", "Bearer k"),
        (
            {"type": "http", "scheme": "basic"},
            {"basic": {"username": "a", "password": "b"}},
            "authorization",
            "Basic YTpi",
        ),
        ({"type": "apiKey", "in": "header", "name": "X-Key"}, {"key": "k"}, "x-key", "k"),
        ({"type": "apiKey", "in": "query", "name": "key"}, {"key": "k"}, "?key", ["k"]),
        ({"type": "apiKey", "in": "header", "name": "X-Key"}, {"key": {"way": "k"}}, "x-key", "k"),
        (
            {"type": "oauth2", "flows": {"authorizationCode": {"tokenUrl": "https://t.example", "scopes": {}}}},
            {"oauth": {"accessToken": "t"}},
            "authorization",
            "Bearer t",
        ),
    ],
)
def test_tokens_are_sent_as_their_security_says(
    client: Client, echo: str, scheme: Json, token: Json, place: str, value: Any
) -> None:
    made = document(
        {"/x": {"get": operation()}}, servers=[{"url": echo}], components={"securitySchemes": {"way": scheme}}
    )
    asked = run(client, made, {}, token).ok()["output"]
    assert (asked["query"].get(place[1:]) if place[0] == "?" else asked["headers"].get(place)) == value


def test_a_users_own_address_comes_first(client: Client, echo: str) -> None:
    schemes = {"k": {"type": "http", "scheme": "bearer"}}
    made = document({"/x": {"get": operation()}}, servers=[{"url": "/v9"}], components={"securitySchemes": schemes})
    asked = run(client, made, {}, {"key": "k", "serviceUrl": f"{echo}/own"}).ok()["output"]
    assert asked["path"] == "/own/x"


def test_without_any_address_the_error_says_so(client: Client) -> None:
    answer = run(client, document({"/x": {"get": operation()}}, servers=[{"url": "/v9"}]), {})
    assert (answer.status, "needs a serviceUrl" in answer.body["error"]) == (422, True)


def test_a_server_without_a_host_is_relative_to_the_url_sent_along(client: Client, echo: str) -> None:
    server = {"url": "/{version}", "variables": {"version": {"default": "v2"}}}
    service = imported(client, document({"/x": {"get": operation()}}, servers=[server]), url=echo)["serviceId"]
    make_user(client)
    assert execute(client, service, "run", {}, USER).ok()["output"]["path"] == "/v2/x"


def test_input_is_checked_before_anything_is_called(client: Client, echo: str) -> None:
    made = document(
        {"/x": {"get": operation(parameters=[query("n", required=True, schema={"type": "integer"})])}},
        servers=[{"url": echo}],
    )
    service = imported(client, made)["serviceId"]
    make_user(client)
    wrong = execute(client, service, "run", {"n": "one"}, USER)
    assert (wrong.status, wrong.body["details"]["faults"][0]["location"]) == (400, "body.n")
    assert execute(client, service, "run", {}, USER).status == 400


def test_a_refusal_surfaces_with_its_message_and_status(client: Client, echo: str) -> None:
    answer = run(client, document({"/teapot": {"get": operation()}}, servers=[{"url": echo}]), {})
    assert (answer.status, answer.body["error"]) == (422, "the service answered 418: short and stout")


@pytest.mark.parametrize("value", ["..", ".", "", "%2e%2e"])
def test_a_path_cannot_be_climbed(client: Client, echo: str, value: str) -> None:
    made = document({"/a/{id}/b": {"get": operation()}}, servers=[{"url": echo}])
    answer = run(client, made, {"id": value})
    if answer.status == 200:
        assert answer.body["output"]["path"] == "/a/%252e%252e/b"
    else:
        assert answer.status == 422


def test_texts_of_a_document_cannot_become_code(client: Client, echo: str) -> None:
    nasty = "a\u2028throw 1; `${x}` \"'\\ */ \n throw 2;"
    made = document(
        {"/x": {"get": operation(summary=nasty, externalDocs={"url": nasty}, parameters=[query(nasty)])}},
        servers=[{"url": echo}],
    )
    assert run(client, made, {nasty: "v"}).ok()["output"]["query"] == {nasty: ["v"]}

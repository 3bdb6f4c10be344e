"""API Gateway on one machine: HTTP requests become proxy events for the Chalice app, and its answers become HTTP.

waitress reads and writes the sockets. Three things are bent to what API Gateway does: header names with an underscore
(`api_key`) pass, errors of the HTTP layer itself are JSON, and path values reach the app still quoted.

What is refused before the app answers in the shape of the surface its path belongs to. That goes further than API
Gateway, whose own answers (GatewayResponse) have one shape for all paths of an API.
"""

from __future__ import annotations

import base64
import re
import socket
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

import orjson
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.server import create_server
from waitress.task import ErrorTask

from chalicelib.core import ids
from chalicelib.core.errors import InvalidInput, NotFound, PlatformError, TooLarge
from chalicelib.edge import failures
from chalicelib.edge.failures import MethodNotAllowed

MAX_BODY_BYTES = 10 * 1_048_576  # what API Gateway takes
UPLOADS, UPLOAD_BYTES = "/v1/storage/files", 14 * 1_048_576  # files of 10 MB in base64, on one machine
_MAX_SWALLOWED_BYTES = 64 * MAX_BODY_BYTES  # read and dropped, so that the sender gets to see the answer
THREADS = 48  # more than the callers of one workspace that may wait for executions, so that none holds up others
_API_KEY_HEADER = re.compile(rb"(\r\n)api_key([ \t]*:)", re.IGNORECASE)
_VERBS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})  # no HEAD: API Gateway knows none either
_REASONS = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}
Start = Callable[..., Any]


class Router:
    """Finds the resource path of a request among the app's routes: literal segments first, then variables."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._root: dict[str, Any] = {}
        for path in paths:
            node = self._root
            for segment in _segments(path):
                key = "{}" if segment.startswith("{") else segment
                node = node.setdefault(key, {})
                if key == "{}":
                    node.setdefault("=name", segment[1:-1])
            node["=path"] = path

    def find(self, path: str) -> tuple[str, dict[str, str]]:
        """Give the resource path and the raw values of its variables; `/{proxy+}` when nothing fits."""
        found = self._walk(self._root, _segments(path), {})
        return found if found is not None else ("/{proxy+}", {"proxy": path.strip("/")})

    def _walk(self, node: dict[str, Any], rest: list[str], values: dict[str, str]) -> tuple[str, dict[str, str]] | None:
        if not rest:
            return (node["=path"], values) if "=path" in node else None
        head, tail = rest[0], rest[1:]
        if head in node and not head.startswith(("=", "{")):
            found = self._walk(node[head], tail, values)
            if found is not None:
                return found
        child = node.get("{}")
        if child is None or not head:
            return None
        return self._walk(child, tail, {**values, child["=name"]: head})


def _segments(path: str) -> list[str]:
    trimmed = path.strip("/")
    return trimmed.split("/") if trimmed else []


class Gateway:
    """The WSGI application in front of the Chalice app."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self._router = Router(path for path in app.routes if path != "/{proxy+}")

    def __call__(self, environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        most = UPLOAD_BYTES if environ.get("PATH_INFO") == UPLOADS else MAX_BODY_BYTES
        if int(environ.get("CONTENT_LENGTH") or 0) > most:
            return _refuse(environ, start_response, TooLarge(f"the body is larger than {most} bytes"))
        if environ["REQUEST_METHOD"] not in _VERBS:
            refused = self._refuse_verb(environ, start_response)
            return [] if environ["REQUEST_METHOD"] == "HEAD" else refused  # a body would be read as the next answer
        event = self._event(environ)
        answer = self._app(event, None)
        body = answer.get("body", "")
        raw = base64.b64decode(body) if answer.get("isBase64Encoded") else body.encode("utf-8", "replace")
        headers = [(name, str(value)) for name, value in answer.get("headers", {}).items()]
        for name, values in answer.get("multiValueHeaders", {}).items():
            headers += [(name, str(value)) for value in values]
        headers.append(("Content-Length", str(len(raw))))
        status = answer["statusCode"]
        start_response(_REASONS.get(status, f"{status} Status"), headers)
        return [raw]

    def _refuse_verb(self, environ: dict[str, Any], start_response: Start) -> list[bytes]:
        """Answer a verb that no resource has: nothing of it reaches the app."""
        resource = self._router.find(_target(environ)[0])[0]
        if resource in ("/", "/{proxy+}"):
            return _refuse(environ, start_response, NotFound("there is nothing at this path"))
        entries = self._app.routes[resource]
        allowed = ", ".join(sorted(verb for verb in entries if not entries[verb].view_name.startswith("refuse_")))
        return _refuse(environ, start_response, MethodNotAllowed(allowed))

    def _event(self, environ: dict[str, Any]) -> dict[str, Any]:
        method = environ["REQUEST_METHOD"]
        target, query = _target(environ)
        resource, values = self._router.find(target)
        if method not in self._app.routes[resource]:
            resource, values = "/{proxy+}", {"proxy": target.strip("/")}
        pairs = parse_qsl(query, keep_blank_values=True, errors="replace") if query else []
        many: dict[str, list[str]] = {}
        for name, value in pairs:
            many.setdefault(name, []).append(value)
        headers = _headers(environ)
        raw = environ["wsgi.input"].read()
        body, is_base64 = _body(raw)
        return {
            "resource": resource,
            "path": target,
            "httpMethod": method,
            "headers": headers,
            "multiValueHeaders": {name: [value] for name, value in headers.items()},
            "queryStringParameters": {name: values[-1] for name, values in many.items()} or None,
            "multiValueQueryStringParameters": many or None,
            "pathParameters": values or None,
            "stageVariables": None,
            "requestContext": {
                "resourcePath": resource,
                "httpMethod": method,
                "path": target,
                "requestId": ids.new_uuid(),
                "identity": {"sourceIp": environ.get("REMOTE_ADDR", "")},
            },
            "body": body,
            "isBase64Encoded": is_base64,
        }


def _target(environ: dict[str, Any]) -> tuple[str, str]:
    target, _, query = environ.get("REQUEST_URI", "/").partition("?")
    if "://" in target:
        target = "/" + target.split("://", 1)[1].partition("/")[2]
    return target, query


def _refuse(environ: dict[str, Any], start_response: Start, error: PlatformError) -> list[bytes]:
    failure = _rendered(error, _target(environ)[0])
    raw = orjson.dumps(failure.body)
    sent = {"Content-Type": "application/json", "Content-Length": str(len(raw)), **failure.headers}
    start_response(_REASONS[failure.status], list(sent.items()))
    return [raw]


def _rendered(error: PlatformError, path: str) -> failures.Failure:
    return failures.render(failures.surface_below(path.lstrip("/")), error, ids.new_uuid(), path)


def _headers(environ: dict[str, Any]) -> dict[str, str]:
    headers = {name[5:].replace("_", "-").lower(): value for name, value in environ.items() if name.startswith("HTTP_")}
    for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if environ.get(name):
            headers[name.replace("_", "-").lower()] = environ[name]
    return headers


def _body(raw: bytes) -> tuple[str, bool]:
    try:
        return raw.decode(), False
    except UnicodeDecodeError:
        return base64.b64encode(raw).decode(), True


class _Parser(HTTPRequestParser):  # type: ignore[misc]
    """waitress drops header names with an underscore; the one that clients of this API send gets a twin."""

    def parse_header(self, header_plus: bytes) -> None:
        super().parse_header(_API_KEY_HEADER.sub(rb"\1api-key\2", header_plus))


class _JsonError(ErrorTask):  # type: ignore[misc]
    """What waitress refuses by itself (malformed, too large, timed out), in the API's shape."""

    def execute(self) -> None:
        error = self.request.error
        code = 400 if error.code == 501 else error.code  # a coding we do not read is the caller's to change
        reason = error.reason if code == error.code else HTTPStatus(code).phrase
        kind = TooLarge if code == 413 else InvalidInput if code < 500 else PlatformError
        refusal = kind(f"{reason}: {str(error.body)[:200]}")
        refusal.http_status = code
        body = orjson.dumps(_rendered(refusal, getattr(self.request, "path", "")).body)
        self.status = f"{code} {reason}"
        self.response_headers.append(("Content-Type", "application/json"))
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)


class _Channel(HTTPChannel):  # type: ignore[misc]
    parser_class = _Parser
    error_task_class = _JsonError


def serve(app: Any, host: str, port: int) -> Any:
    """Bind the address and give the server; its `run()` serves until `close()`. Raises OSError when it is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    server = create_server(
        Gateway(app),
        sockets=[listener],
        threads=THREADS,
        ident=None,
        channel_timeout=65,
        connection_limit=1000,
        backlog=1024,
        max_request_body_size=_MAX_SWALLOWED_BYTES,
        max_request_header_size=32_768,
        clear_untrusted_proxy_headers=True,
    )
    server.channel_class = _Channel
    return server

"""Calls the app as API Gateway does: one event in, one answer out, no socket."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode


@dataclass(frozen=True)
class Answer:
    """What came back: status, the body parsed (or as text), headers with lower-case names."""

    status: int
    body: Any
    headers: dict[str, str]

    def ok(self) -> Any:
        """Give the body of a success; a test that goes on from a failure would only confuse."""
        assert self.status == 200, f"{self.status} {self.body}"
        return self.body


class Client:
    """Sends requests as one caller; `key` of a call overrides the caller's own.

    Calls that ask who does it, and do not say, are the actor's; None leaves them as they are.
    """

    actor: str | None = "developer"

    def __init__(self, key: str = "default") -> None:
        self.key = key

    def get(self, path: str, **more: Any) -> Answer:
        """GET a path."""
        return self.send("GET", path, **more)

    def post(self, path: str, body: Any = None, **more: Any) -> Answer:
        """POST a body as JSON."""
        return self.send("POST", path, body, **more)

    def put(self, path: str, body: Any = None, **more: Any) -> Answer:
        """PUT a body as JSON."""
        return self.send("PUT", path, body, **more)

    def patch(self, path: str, body: Any = None, **more: Any) -> Answer:
        """PATCH with a body as JSON."""
        return self.send("PATCH", path, body, **more)

    def delete(self, path: str, **more: Any) -> Answer:
        """DELETE a path."""
        return self.send("DELETE", path, **more)

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        key: str | None = "",
        headers: dict[str, str] | None = None,
        query: dict[str, str] | None = None,
        raw: bytes | None = None,
    ) -> Answer:
        """Send a request. key None sends no credentials; raw replaces the JSON body."""
        import app

        chosen = self.key if key == "" else key
        sent = {"content-type": "application/json", **({"api_key": chosen} if chosen is not None else {})}
        query = {**self._acting(method, path), **(query or {})}
        made = event(method, path, body, raw=raw, headers={**sent, **(headers or {})}, query=query)
        answered = app.app(made, None)
        shown = {name.lower(): str(value) for name, value in answered["headers"].items()}
        return Answer(answered["statusCode"], _parsed(answered["body"]), shown)

    def _acting(self, method: str, path: str) -> dict[str, str]:
        plain, _, text = path.partition("?")
        asks = (resolve(plain)[0], method) in _asking_who() and "userId" not in dict(parse_qsl(text))
        return {"userId": self.actor} if asks and self.actor is not None else {}


def event(
    method: str,
    path: str,
    body: Any = None,
    *,
    raw: bytes | None = None,
    headers: dict[str, str] | None = None,
    query: dict[str, str] | None = None,
) -> dict[str, Any]:
    """Build the event of a REST API's proxy integration. `path` is as it stands in the URL, quoted, with its query."""
    plain, _, text = path.partition("?")
    pairs = [*parse_qsl(text, keep_blank_values=True), *(query or {}).items()]
    resource, values = resolve(plain)
    content: str | None = None if body is None else json.dumps(body)
    if raw is not None:
        content = raw.decode("utf-8", "surrogateescape")
    many: dict[str, list[str]] = {}
    for name, value in pairs:
        many.setdefault(name, []).append(value)
    return {
        "resource": resource,
        "path": plain,
        "httpMethod": method,
        "headers": headers or {},
        "multiValueHeaders": {name: [value] for name, value in (headers or {}).items()},
        "queryStringParameters": dict(pairs) or None,
        "multiValueQueryStringParameters": many or None,
        "pathParameters": values or None,
        "stageVariables": None,
        "requestContext": {
            "resourcePath": resource,
            "httpMethod": method,
            "path": plain,
            "requestId": "request-1",
            "identity": {"sourceIp": "127.0.0.1"},
        },
        "body": content,
        "isBase64Encoded": False,
    }


def resolve(path: str) -> tuple[str, dict[str, str]]:
    """Find the resource API Gateway would choose: literal segments before variables, `{proxy+}` last."""
    parts = path.strip("/").split("/")
    for resource, pattern in _resources():
        values = _matched(pattern, parts)
        if values is not None:
            return resource, values
    return ("/", {}) if path == "/" else ("/{proxy+}", {"proxy": path.lstrip("/")})


def quoted(*segments: str) -> str:
    """Join segments into a path, each of them quoted."""
    return "/" + "/".join(quote(segment, safe="") for segment in segments)


def with_query(path: str, **query: str) -> str:
    """Add a query to a path."""
    return f"{path}?{urlencode(query)}"


@lru_cache(maxsize=1)
def _asking_who() -> set[tuple[str, str]]:
    import app
    from chalicelib.edge.route import ROWS

    assert app.app.routes
    return {(row.path, verb) for _, row in ROWS if "userId" in row.needs for verb in row.verbs.split(",")}


@lru_cache(maxsize=1)
def _resources() -> list[tuple[str, list[str]]]:
    import app

    patterns = [(resource, resource.strip("/").split("/")) for resource in app.app.routes if "+" not in resource]
    return sorted(patterns, key=lambda pair: [segment.startswith("{") for segment in pair[1]])


def _matched(pattern: list[str], parts: list[str]) -> dict[str, str] | None:
    if len(pattern) != len(parts) or parts == [""]:
        return None
    values = {}
    for expected, part in zip(pattern, parts, strict=True):
        if expected.startswith("{"):
            values[expected[1:-1]] = part
        elif expected != part:
            return None
    return values


def _parsed(body: Any) -> Any:
    try:
        return json.loads(body)
    except (TypeError, ValueError):
        return body

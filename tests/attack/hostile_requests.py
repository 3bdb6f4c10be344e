"""What is sent to every row: requests that must be refused, made from the row itself.

A case says who refuses: the surface, in its own shape, or the HTTP layer in front of it, whose shape is the same for
all (as API Gateway's is).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from chalicelib.edge.auth import PUBLIC
from chalicelib.edge.route import Body, Route
from chalicelib.edge.schema import In
from tests.attack.sending import Pairs, message
from tests.attack.world import World

VERBS = ("GET", "POST", "PUT", "PATCH", "DELETE")
STRANGE_VERBS = ("TRACE", "PROPFIND", "CONNECT", "OPTIONS", "HEAD", "get", "A" * 300)
LARGE_BYTES = 2_200_000
QUERY = "userId=ada@attack.example&version=minor&contributor_id=ada@attack.example"
MOST_FIELDS = 12

BROKEN_BODIES: dict[str, bytes] = {
    "cut off": b"{",
    "nothing but a comma": b",",
    "something behind it": b"{} {}",
    "single quotes": b"{'a': 1}",
    "a comment": b'{"a": 1 /* one */}',
    "a last comma": b'{"a": 1,}',
    "NaN": b'{"a": NaN}',
    "Infinity": b'{"a": [-Infinity]}',
    "a number beyond all": b'{"a": 1e999}',
    "an integer of 5,000 digits": b'{"a": ' + b"9" * 5_000 + b"}",
    "depth 10,000": b'{"a":' + b"[" * 10_000 + b"]" * 10_000 + b"}",
    "objects 10,000 deep": b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    "a name twice": b'{"name": "a", "name": "b"}',
    "a name twice, escaped": b'{"name": "a", "n\\u0061me": "b"}',
    "__proto__": b'{"__proto__": {"isAdmin": true}}',
    "__proto__ inside": b'{"name": "a", "data": {"__proto__": {"isAdmin": true}}}',
    "constructor": b'{"constructor": {"prototype": {"isAdmin": true}}}',
    "half a surrogate": b'{"a": "\\ud800"}',
    "bytes that are no text": b'{"a": "\xff\xfe"}',
    "a control character": b'{"a": "\x01"}',
    "text in UTF-16": '{"a": 1}'.encode("utf-16"),
    "too large": b'{"a": "' + b"x" * LARGE_BYTES + b'"}',
}
WRONG_TYPES = ("text/xml", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain", "x")
PATH_TRICKS = (
    "%00", "a%00b", "%0d%0aX-Evil:%201", "%2e%2e%2f%2e%2e%2fetc%2fpasswd", "..%2f..%2f", "%ff%fe", "%ed%a0%80",
    "a" * 257, "a" * 5_000, "%7f", "%E2%80%AE%00", "__proto__", "constructor", "%252e%252e%252f", "'%20OR%201=1--",
    "%7B%7B7*7%7D%7D", "%23", "%3F", "*", "-1", "00000000-0000-4000-8000-00000000000x", "W%23U%23ada", "null",
)  # fmt: skip
FORGED_TOKENS = ("AAAA", "eyJwIjoiVyNVIn0", "..", "%00", "-1", "x" * 3_000, "null")
TOKEN_NAMES = {
    "interactor": ("cursor",),
    "novu": (),
    "botpress": ("nextToken",),
    "contactflow": ("cursor",),
}


@dataclass(frozen=True)
class Case:
    """One hostile request: what it is, its bytes, and who refuses it."""

    surface: str
    operation: str
    name: str
    raw: bytes
    by_gateway: bool = False


class Maker:
    """Makes the cases of one row."""

    def __init__(self, world: World, surface: str, row: Route) -> None:
        self.world, self.surface, self.row = world, surface, row
        self.verb = row.verbs.split(",")[0]
        self.key: Pairs = () if row.scope == PUBLIC else (("api_key", world.key),)
        self.own = world.headers(surface, row)
        self.has_body = row.takes is not None and row.takes != Body.RAW and self.verb != "GET"

    def cases(self) -> Iterator[Case]:
        """Give all of them."""
        yield from self.credentials()
        yield from self.framing()
        yield from self.verbs()
        yield from self.paths()
        yield from self.tokens()
        if self.has_body:
            yield from self.bodies()
            yield from self.types()

    def case(self, name: str, *, by_gateway: bool = False, path: str = "", verb: str = "", **sent: Any) -> Case:
        target = (path or self.world.path(self.row)) + "?" + sent.get("query", QUERY)
        headers = (*sent.get("key", self.key), *self.own, *sent.get("headers", ()))
        body = sent.get("body", b"{}" if self.has_body and (not verb or verb == self.verb) else None)
        if body is not None and "content-type" not in {header.lower() for header, _ in headers}:
            headers = (("Content-Type", "application/json"), *headers)
        raw = message(verb or self.verb, target, headers, body)
        return Case(self.surface, self.row.operation_id, name, raw, by_gateway)

    def credentials(self) -> Iterator[Case]:
        """Nobody, and everybody who is not known."""
        if self.row.scope == PUBLIC:
            return
        shown: dict[str, Pairs] = {
            "no key": (),
            "an unknown key": (("api_key", "unknown"),),
            "an empty key": (("api_key", ""),),
            "a key too long": (("api_key", "k" * 600),),
            "two keys": (("api_key", self.world.key), ("api_key", "other")),
            "the name of a workspace": (("api_key", self.world.workspace),),
            "basic": (("Authorization", "Basic dmljdGltOnZpY3RpbQ=="),),
            "a token that signs itself": (("Authorization", "Bearer eyJhbGciOiJub25lIn0.eyJ3IjoidmljdGltIn0."),),
            "a key with bytes": (("api_key", "\xff\xfe\x80"),),
            "a key in a cookie": (("Cookie", f"api_key={self.world.key}"),),
            "the workspace in a header": (("x-workspace-id", self.world.workspace),),
        }
        for name, key in shown.items():
            yield self.case(name, key=key)
        yield self.case("a key in the query", key=(), query=f"{QUERY}&api_key={self.world.key}")

    def framing(self) -> Iterator[Case]:
        """Requests that are none, or two."""
        tricks: dict[str, Pairs] = {
            "headers of 40 KB": (("X-Large", "x" * 40_000),),
            "a header name with a space": (("X Evil", "1"),),
            "a line feed in a header": (("X-Evil", "a\nInjected: 1"),),
            "a carriage return in a header": (("X-Evil", "a\rInjected: 1"),),
            "two lengths": (("Content-Length", "2"), ("Content-Length", "3")),
            "a length below zero": (("Content-Length", "-1"),),
            "a length that is no number": (("Content-Length", "2_0"),),
            "a length and a coding": (("Content-Length", "2"), ("Transfer-Encoding", "xchunked")),
            "an unknown coding": (("Transfer-Encoding", "gzip, identity"),),
        }
        for name, headers in tricks.items():
            yield self.case(name, by_gateway=True, headers=headers, body=b"{}")
        yield self.case("20 MB announced", by_gateway=True, headers=(("Content-Length", "700000000"),), body=b"{}")
        if self.verb == "POST" and self.row.scope != PUBLIC:
            yield self.case("an idempotency key too long", headers=(("Idempotency-Key", "k" * 300),))
            yield self.case("an idempotency key with bytes", headers=(("Idempotency-Key", "k\xe9"),))

    def verbs(self) -> Iterator[Case]:
        """Verbs that no row has here."""
        from chalicelib.edge.route import ROWS

        taken = {verb for _, other in ROWS if other.path == self.row.path for verb in other.verbs.split(",")}
        for verb in VERBS:
            if verb not in taken:
                yield self.case(f"verb {verb}", verb=verb, body=None)
        for verb in STRANGE_VERBS:
            yield self.case(f"verb {verb[:9]}", by_gateway=True, verb=verb, body=None)

    def paths(self) -> Iterator[Case]:
        """Ids that are none, and ways around."""
        variables = [part[1:-1] for part in self.row.path.split("/") if part.startswith("{")]
        for variable in variables:
            for trick in PATH_TRICKS:
                yield self.case(f"{variable} {trick[:20]}", path=self.world.path(self.row, **{variable: trick}))
        path = self.world.path(self.row)
        nowhere = {  # paths of no surface
            "dots before": f"/v1/../..{path}x",
            "a slash quoted": path.replace("/", "%2f", 2).replace("%2f", "/", 1) + "x%2f",
            "dots quoted": f"{path}/%2e%2e/%2e%2e/x",
        }
        for name, place in nowhere.items():
            yield self.case(name, by_gateway=True, path=place)

    def tokens(self) -> Iterator[Case]:
        """Page tokens that nobody was given."""
        if self.verb == "GET" and self.row.operation_id in PAGED[self.surface]:
            for name in TOKEN_NAMES[self.surface]:
                for token in FORGED_TOKENS:
                    yield self.case(f"{name} {token[:12]}", query=f"{QUERY}&{name}={token}")

    def bodies(self) -> Iterator[Case]:
        """Bodies that cannot be read."""
        longest = self.row.takes.MAX_BYTES if isinstance(self.row.takes, type) else 0
        for name, raw in BROKEN_BODIES.items():
            large = b'{"a": "' + b"x" * longest + b'"}'
            yield self.case(name, body=large if name == "too large" and longest >= LARGE_BYTES else raw)
        for kind in WRONG_TYPES:
            yield self.case(f"type {kind[:12]}", headers=(("Content-Type", kind),), body=b'{"a": 1}')
        if isinstance(self.row.takes, type):
            for text in ("[]", '"text"', "1", "true", "[{}]"):
                yield self.case(f"body {text}", body=text.encode())

    def types(self) -> Iterator[Case]:
        """Every field with a value that its published shape does not allow."""
        if not (isinstance(self.row.takes, type) and issubclass(self.row.takes, In)):
            return
        for name, value in wrong_values(self.row.takes)[:MOST_FIELDS]:
            yield self.case(f"{name} {type(value).__name__}", body=json.dumps({name: value}).encode())


# Operations that hand out opaque page tokens, by surface.
PAGED: dict[str, frozenset[str]] = {
    "interactor": frozenset({"listDead", "listDeliveries", "listExecutions"}),
    "novu": frozenset(),
    "botpress": frozenset(
        {"listBots", "listIntegrations", "listWorkspaces", "listUsers", "listConversations", "listMessages"}
        | {"listEvents", "listFiles", "listPublicIntegrations"}
    ),
    "contactflow": frozenset({"searchTokens"}),
}


def wrong_values(shape: type[In]) -> list[tuple[str, Any]]:
    """List fields of a shape, each with a value the shape's JSON Schema does not allow, as [name, value]."""
    import jsonschema_rs

    schema = shape.model_json_schema(by_alias=True)
    found = []
    for name, field in schema.get("properties", {}).items():
        judge = jsonschema_rs.validator_for({**field, "$defs": schema.get("$defs", {})})
        for value in (["x", {"y": None}], {"x": ["y"]}, 1.5, "\x00", True, "x" * 400_000):
            if not judge.is_valid(value):
                found.append((name, value))
                break
    return found

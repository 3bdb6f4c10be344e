"""Rows become routes: the one place where a Chalice view is made.

Each view does the same: credentials, scope, path, body into the row's `takes`, the row's function, its `gives`, and
every error into the surface's shape. That happens inside the view, because Chalice answers unknown exceptions itself
before any middleware sees them, and says 405 and 415 in its own words.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlencode

import orjson
from chalice import Blueprint, Chalice, Response
from chalice.app import APIGateway
from pydantic.alias_generators import to_camel

from chalicelib.adapters import logs
from chalicelib.core import clock, ids, jsontext
from chalicelib.core.call import MAX_TEXT, Call, Caller, usable_text
from chalicelib.core.errors import InvalidInput, NotFound, PlatformError, UnsupportedMedia
from chalicelib.edge import auth, idempotency, limits, paths, reporting
from chalicelib.edge.failures import (
    BUG,
    CONTACTFLOW,
    INTERACTOR,
    REFUSES_ITSELF,
    MethodNotAllowed,
    render,
    surface_below,
)
from chalicelib.edge.schema import In, Out

VERBS = ("GET", "POST", "PUT", "PATCH", "DELETE")
ANY_TYPE = ["*/*"]  # Chalice answers 415 in its own shape; we check the type ourselves
BINARY_TYPES = frozenset(APIGateway().default_binary_types)
_JSON = {"Content-Type": "application/json"}
_NOBODY = Caller("", "", frozenset())
_TRACE = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}")
_BUDGET_MS = 25_000  # the gateway gives up at 29 s
# Whom a call acts for: part of what makes calls the same.
ACTS_FOR = ("x-workspace-id", "x-bot-id", "x-integration-id", "node")


class Body:
    """What `takes` may be beside a shape: the parsed value as it is, or the bytes."""

    ANY_JSON = "any json"
    RAW = "raw"


class Gives:
    """What `gives` may be beside a shape."""

    AS_IS = "as it is"
    EMPTY_STRING = "empty string"


@dataclass(frozen=True)
class Answer:
    """A whole HTTP answer, for operations whose status or headers are not always the same."""

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Route:
    """One operation: its name in the contract, verbs (`PUT,PATCH`), path, and who does the work.

    `needs` names the query parameters without which the call is refused, whether or not the work reads them.
    """

    operation_id: str
    verbs: str
    path: str
    does: Callable[[Call], Any]
    takes: type[In] | str | None
    gives: type[Out] | str | None
    scope: str
    needs: tuple[str, ...] = ()


_request: ContextVar[Any] = ContextVar("request")
ROWS: list[tuple[str, Route]] = []  # every row registered, with its surface: the map, the docs and the tests read it


def blueprint(module: str, rows: Sequence[Route], surface: str = INTERACTOR) -> Blueprint:
    """Turn rows into a Chalice blueprint."""
    made = Blueprint(module)
    taken: set[str] = set()
    for row in rows:
        ROWS.append((surface, row))
        name = row.operation_id if row.operation_id not in taken else f"{row.operation_id}_alias"
        taken.add(name)
        made.route(row.path, methods=row.verbs.split(","), name=name, content_types=ANY_TYPE)(_view(row, surface))
    return made


def complete(app: Chalice) -> None:
    """Add what API Gateway would answer in its own shape: the other verbs of each path, and every other path."""
    surfaces = {row.path: surface for surface, row in ROWS if surface in REFUSES_ITSELF}
    for path, entries in list(app.routes.items()):
        allowed = ", ".join(sorted(entries))
        missing = [verb for verb in VERBS if verb not in entries]
        if missing:
            view = _refusal(MethodNotAllowed(allowed), surfaces.get(path, INTERACTOR))
            app.route(path, methods=missing, name=f"refuse_{path}", content_types=ANY_TYPE)(view)
    for path in ("/", "/{proxy+}"):
        app.route(path, methods=list(VERBS), name=f"unknown_{path}", content_types=ANY_TYPE)(_unknown(app))


def bind_request(request: Any, get_response: Callable[[Any], Any]) -> Any:
    """Chalice middleware: keep the request where its own thread finds it; `current_request` is shared by all."""
    token = _request.set(request)
    try:
        return get_response(request)
    finally:
        _request.reset(token)


def _view(row: Route, surface: str) -> Callable[..., Response]:
    def view(**path: str) -> Response:
        return _answer(
            surface, row.operation_id, lambda request, request_id: _serve(surface, row, request, request_id, path)
        )

    view.__name__ = row.operation_id
    return view


def _unknown(app: Chalice) -> Callable[..., Response]:
    """Make the view of every other path: a slash too many at the end is forgiven, the rest is not there."""
    nothing = NotFound("there is nothing at this path")

    def view() -> Response:
        request = _request.get()
        path = (request.uri_params or {}).get("proxy", "")
        found = paths.find(app.routes, path)
        if found is None:
            return _refusal(nothing, surface_below(path))()
        resource, values = found
        return app.routes[resource][request.method].view_function(**values)

    return view


def _refusal(error: PlatformError, surface: str = INTERACTOR) -> Callable[..., Response]:
    def view(**_path: str) -> Response:
        def refuse(_request: Any, _request_id: str) -> Answer:
            raise error

        return _answer(surface, "refused", refuse)

    return view


def _answer(surface: str, operation: str, serve: Callable[[Any, str], Answer]) -> Response:
    request = _request.get()
    request_id = str(request.context.get("requestId") or ids.new_uuid())
    started_ms = clock.now_ms()
    with logs.bound(operation=operation, requestId=request_id), limits.observed() as spent:
        try:
            answer = serve(request, request_id)
        except PlatformError as error:
            answer = _failed(surface, error, request_id, request)
        except Exception as error:  # noqa: BLE001 the last place: a bug is logged and reveals nothing
            logs.exception("request.bug", error)
            answer = _failed(surface, error, request_id, request)
        took_ms = clock.now_ms() - started_ms
        logs.log("request.done", level="INFO" if answer.status >= 500 else "DEBUG", status=answer.status, ms=took_ms)
    reporting.after_request(surface, answer.status, took_ms)
    headers = {**_JSON, "X-Request-Id": request_id, **_traced(surface, request, request_id)}
    headers |= {**limits.headers_of(spent), **answer.headers}
    body = answer.body if isinstance(answer.body, str | bytes) and "raw" in headers else _dump(answer.body)
    headers.pop("raw", None)
    body = _as_sent(body, headers["Content-Type"])
    if isinstance(body, bytes) and "*/*" not in str(request.headers.get("accept", "")):
        request.headers = type(request.headers)({**dict(request.headers), "accept": "*/*"})  # else Chalice refuses
    return Response(body=body, status_code=answer.status, headers=headers)


def _as_sent(body: str | bytes, kind: str) -> str | bytes:
    """Give bytes for the types that Chalice takes for binary and text for all others: it fails on anything else."""
    if kind.partition(";")[0].strip().lower() in BINARY_TYPES:
        return body.encode() if isinstance(body, str) else body
    return body.decode("utf-8", "replace") if isinstance(body, bytes) else body


def _traced(surface: str, request: Any, request_id: str) -> dict[str, str]:
    """Give the header by which callers of one surface follow a request through their own logs."""
    if surface != CONTACTFLOW:
        return {}
    named = str(request.headers.get("x-tracing-id") or "")
    return {"X-Tracing-ID": named if _TRACE.fullmatch(named) else request_id}


def _failed(surface: str, error: Exception, request_id: str, request: Any) -> Answer:
    failure = render(surface, error, request_id, _path_of(request))
    return Answer(failure.body, failure.status, failure.headers)


def raw_answer(body: str, status: int, headers: Mapping[str, str]) -> Answer:
    """Make an answer whose body is text, not JSON."""
    return Answer(body, status, {**headers, "raw": "1"})


def _dump(body: Any) -> str:
    try:
        return orjson.dumps(body).decode()
    except orjson.JSONEncodeError as error:
        raise RuntimeError(BUG) from error


def _serve(surface: str, row: Route, request: Any, request_id: str, path: Mapping[str, str]) -> Answer:
    headers = {name.lower(): str(value) for name, value in request.headers.items()}
    caller = _NOBODY
    if row.scope != auth.PUBLIC:
        caller = auth.authenticate(headers)
        auth.check_scope(caller, row.scope)
        auth.check_subject(caller, row.path)
        limits.spend_by_scope(caller, row.scope)
        logs.bind(workspace=caller.workspace_id)
    call = Call(
        operation=row.operation_id,
        caller=caller,
        request_id=request_id,
        path={name: _path_value(name, value) for name, value in path.items()},
        query=dict(request.query_params or {}),
        query_lists=_lists(request),
        headers=headers,
        raw_body=_raw(request, row),
        method=request.method,
        raw_path=str(request.to_original_event().get("path") or ""),
        raw_query=_query_text(request),
        deadline_ms=clock.now_ms() + _BUDGET_MS,
    )
    if surface == INTERACTOR and row.scope != auth.PUBLIC:
        call.check_query("userId", "userCredentialId")  # also where nobody is looked for
    for name in row.needs:
        call.required_query(name)
    call.body = _read_body(row, call)
    if request.method in idempotency.dialect_of(surface).verbs and row.scope != auth.PUBLIC:
        fingerprint = _fingerprint(request, call)
        return idempotency.once(call, fingerprint, lambda: _run(row, call), surface, _path_of(request))
    return _run(row, call)


def _path_value(name: str, value: str) -> str:
    max_length = paths.MAX_REST if name == paths.REST[1:-1] else MAX_TEXT
    return usable_text(unquote(value), f"path.{to_camel(name)}", max_length)


def _run(row: Route, call: Call) -> Answer:
    result = row.does(call)
    if isinstance(result, Answer):
        return result
    return Answer(_shown(row.gives, result), 200, call.answer_headers)


def _shown(gives: type[Out] | str | None, result: Any) -> Any:
    if gives is None:
        return {}
    if gives == Gives.EMPTY_STRING:
        return ""
    if isinstance(gives, str):
        return result
    if isinstance(result, list):
        return [gives.of(item) for item in result]
    return gives.of(result)


def _raw(request: Any, row: Route) -> bytes:
    if row.takes is None:
        return b""
    try:
        return request.raw_body
    except (ValueError, UnicodeError) as error:
        raise InvalidInput.at("body", "cannot be decoded", "encoding") from error


def _read_body(row: Route, call: Call) -> Any:
    if row.takes is None or row.takes == Body.RAW:
        return None
    if call.raw_body.strip():
        kind = call.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
        if kind != "application/json" and not kind.endswith("+json"):
            raise UnsupportedMedia(f"the body must be application/json, not {kind[:80]}")
        max_bytes = jsontext.MAX_BYTES if isinstance(row.takes, str) else row.takes.MAX_BYTES
        parsed = jsontext.read(call.raw_body, max_bytes=max_bytes, integers=jsontext.Integers.REFUSED)
    else:
        parsed = {}
    return parsed if isinstance(row.takes, str) else row.takes.read(parsed)


def _lists(request: Any) -> dict[str, list[str]]:
    """Give every value of each query parameter; `name[]` is another spelling of `name`."""
    found: dict[str, list[str]] = {}
    for name in request.query_params or {}:
        found.setdefault(name.removesuffix("[]"), []).extend(request.query_params.getlist(name))
    return found


def _query_text(request: Any) -> str:
    """Spell the query as it was sent, as far as the gateway tells."""
    names = request.query_params
    return urlencode([(name, value) for name in names for value in names.getlist(name)]) if names else ""


def _path_of(request: Any) -> str:
    query = urlencode([(name, value) for name, values in _lists(request).items() for value in values])
    path = str(request.to_original_event().get("path") or request.path)  # Chalice's own is the resource's pattern
    return f"{path}?{query}" if query else path


def _fingerprint(request: Any, call: Call) -> str:
    path = "/".join(f"{name}={value}" for name, value in sorted(call.path.items()))
    query = "&".join(f"{name}={value}" for name, value in sorted(call.query.items()))
    acting = "".join(f"{name}:{call.headers[name]}\n" for name in ACTS_FOR if name in call.headers)
    text = f"{request.method} {request.path} {path}?{query}\n{call.caller.subject}{acting}".encode() + call.raw_body
    return hashlib.sha256(text).hexdigest()

"""What touches the world: one attempt of one task, under a key that stays the same however often it is repeated."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

import orjson

from chalicelib.adapters import http_client
from chalicelib.automations.rules import references
from chalicelib.automations.rules.journal import Json
from chalicelib.connectors import public as connectors
from chalicelib.connectors.public import HookRun
from chalicelib.core import jsontext
from chalicelib.core.config import settings
from chalicelib.core.errors import (
    Forbidden,
    InvalidInput,
    LogicFailed,
    TooLarge,
    UpstreamFailed,
)
from chalicelib.core.redaction import MIN_SECRET_CHARS, Redactor
from chalicelib.credentials import public as credentials

HTTP_TIMEOUT_S, MAX_TIMEOUT_S = 15.0, 25.0
MAX_ANSWER_BYTES = 2 * 1024 * 1024
MAX_SHOWN_BYTES = 16_000
HOP_HEADER = "X-Millrace-Hop"


@dataclass(frozen=True)
class Work:
    """One task with everything it needs, references resolved. `key` is the idempotency key of the step."""

    workspace_id: str
    user_id: str
    kind: str
    step: Json
    key: str
    now_ms: int
    timeout_s: float
    hop: int
    bindings: Json = field(default_factory=dict)
    code: str = ""


@dataclass(frozen=True)
class Done:
    """What an attempt produced. `secrets` are those that its output holds."""

    output: Any
    shown: Any = None
    logs: list[Json] = field(default_factory=list)
    used: Json = field(default_factory=dict)
    secrets: tuple[str, ...] = ()


class Failed(Exception):
    """An attempt failed; what it was given and what it used is worth keeping."""

    def __init__(self, error: Exception, shown: Any, logs: list[Json], used: Json) -> None:
        super().__init__(str(error))
        self.error, self.shown, self.logs, self.used = error, shown, logs, used


class Metered:
    """A script's way out that counts calls and bytes, and tells third parties how deep in a chain they are."""

    def __init__(self, inner: Any, hop: int) -> None:
        self._inner, self._hop = inner, hop
        self.calls = self.bytes = 0

    @property
    def is_waiting(self) -> bool:
        """Say whether a third party still owes an answer."""
        return bool(self._inner.is_waiting)

    def http(self, request: Json) -> Json:
        """Send one request of a script."""
        self.calls += 1
        headers = {**(request.get("headers") or {}), HOP_HEADER.lower(): str(self._hop)}
        answer: Json = self._inner.http({**request, "headers": headers})
        self.bytes += len(request.get("body") or "") + len(answer.get("body") or "")
        return answer


def run(work: Work) -> Done:
    """Make one attempt. Raises Failed with the cause, Unavailable when our own side is at fault."""
    return _KINDS[work.kind](work)


def _http(work: Work) -> Done:
    step = work.step
    headers = {str(name): _text(value) for name, value in (step.get("headers") or {}).items()}
    names = {name.lower() for name in headers}
    body = step.get("body")
    raw = body.encode() if isinstance(body, str) else None if body is None else orjson.dumps(body)
    if raw is not None and "content-type" not in names and not isinstance(body, str):
        headers["Content-Type"] = "application/json"
    if "idempotency-key" not in names:
        headers["Idempotency-Key"] = work.key
    headers[HOP_HEADER] = str(work.hop)
    url = _with_query(str(step["url"]), step.get("query") or {})
    method = str(step.get("method") or "GET")
    hide = Redactor()
    shown = clipped(hide.value({"method": method.upper(), "url": url, "headers": headers, "body": body}))
    request = http_client.Request(
        method, url, headers, raw, timeout_s=work.timeout_s, max_response_bytes=MAX_ANSWER_BYTES, max_redirects=3
    )
    used: Json = {"calls": 1, "bytes": len(raw or b"")}
    try:
        answer = http_client.send(work.workspace_id, request)
        used["bytes"] += len(answer.body)
        if answer.truncated:
            raise TooLarge(f"the answer is larger than {MAX_ANSWER_BYTES // 1024 // 1024} MB")
        output = {"status": answer.status, "headers": _lower(answer.headers), "body": _body(answer)}
        if answer.status >= 400:
            raise _refused(answer, output, hide)
    except Exception as error:
        raise Failed(error, shown, [], used) from error
    return Done(output, shown, [], used)


class HttpRefused(UpstreamFailed):
    """The server answered with a status of 400 or more."""


def _refused(answer: Any, output: Json, hide: Redactor) -> HttpRefused:
    text = orjson.dumps(hide.value(output["body"])).decode()[:300]
    error = HttpRefused(f"HTTP {answer.status}: {text}", status=answer.status)
    after = answer.headers.get("retry-after", "")
    if after.isdecimal():
        error.retry_after_s = int(after)  # type: ignore[attr-defined]
    return error


def _code(work: Work) -> Done:
    from chalicelib.adapters.javascript import Script, runner  # heavy

    outside = Metered(connectors.Outside(work.workspace_id, work.timeout_s), work.hop)
    script = Script(
        work.code or work.step["code"],
        work.bindings,
        timeout_s=work.timeout_s,
        now_ms=work.now_ms,
        seed=work.key,
    )
    hide, started = Redactor(), time.monotonic()
    try:
        outcome = runner().run(work.workspace_id, script, None if work.kind == "expression" else outside)
    except LogicFailed as error:
        if work.kind == "expression" and error.line is not None:
            error.line = max(1, error.line - 1)
            error.details["line"] = error.line
        raise Failed(error, None, hide.value(error.logs), _of(outside, _spent_ms(error, started))) from error
    except Exception as error:
        raise Failed(error, None, [], _of(outside)) from error
    return Done(outcome.value, None, hide.value(outcome.logs), _of(outside, outcome.cpu_ms))


def _component(work: Work) -> Done:
    """Run an action, a condition or a datatype's list of choices with the user's token."""
    step, kind = work.step, work.kind
    data = step.get("input") if step.get("input") is not None else {}
    shown, outside, logs = clipped(Redactor().value(data)), None, []
    cpu_ms, started = 0.0, 0.0
    try:
        found = connectors.definition(
            work.workspace_id, str(step["service"]), kind, str(step[kind]), step.get("serviceVersion")
        )
        if not found.service.enabled:
            raise Forbidden("this service is disabled")
        data = connectors.completed(found.component, data)
        connectors.validate_variables(found.component, data, "input")
        credential = credentials.credential_for(
            work.workspace_id,
            found.service,
            found.version,
            work.user_id,
            step.get("userCredentialId"),
            required=connectors.needs_token(found.component, data),
            cached=True,
        )
        values = credentials.variable_values(work.workspace_id, found.service, cached=True)
        secrets = [*(credential.secrets if credential else ()), *_texts(values)]
        hide = Redactor(secrets)
        shown = clipped(hide.value({"service": found.service.name, kind: found.component.name, "input": data}))
        outside = Metered(connectors.Outside(work.workspace_id, work.timeout_s), work.hop)
        query = step.get("query") or {}  # of a single action that was asked for
        bindings = {"input": {"data": data, "query": query}, "execution": work.bindings["execution"]}
        made = HookRun(
            workspace_id=work.workspace_id,
            service=found.service,
            component=found.component,
            hook="values" if kind == "datatype" else "execute",
            bindings=bindings,
            credential=credential,
            version=found.version,
            seed=work.key,
            now_ms=work.now_ms,
            timeout_s=work.timeout_s,
            outside=outside,
        )
        started = time.monotonic()
        outcome = _with_fresh_token(made, credential, outside)
        cpu_ms = outcome.cpu_ms
    except Exception as error:
        if isinstance(error, LogicFailed):
            logs, cpu_ms = error.logs, _spent_ms(error, started)
        raise Failed(error, shown, logs, _of(outside, cpu_ms)) from error
    text = orjson.dumps(outcome.value).decode()
    held = tuple(secret for secret in secrets if len(secret) >= MIN_SECRET_CHARS and secret in text)
    return Done(outcome.value, shown, outcome.logs, _of(outside, cpu_ms), held)


def _with_fresh_token(made: HookRun, credential: credentials.Credential | None, outside: Metered) -> Any:
    """Run, and once more with a renewed token when the third party rejects this one at the first call."""
    try:
        return connectors.run_hook(made)
    except LogicFailed as failed:
        if credential is None or failed.details.get("status") != 401:
            raise
        is_again = outside.calls <= 1
        fresh = credentials.credential_after_rejection(made.workspace_id, made.service, credential, may_wait=is_again)
        if fresh is None or not is_again:
            raise connectors.TokenRejected() from failed
    return connectors.run_hook(replace(made, credential=fresh))


_KINDS = {
    **{"http": _http, "code": _code, "expression": _code},
    **{"action": _component, "condition": _component, "datatype": _component},
}


def timeout_s(kind: str, asked: Any, left_s: float) -> float:
    """Say how long an attempt may take."""
    usual = HTTP_TIMEOUT_S if kind == "http" else settings().logic_timeout_s
    wanted = asked if isinstance(asked, int | float) and asked > 0 else usual
    return max(0.05, min(wanted, MAX_TIMEOUT_S, left_s))


def clipped(value: Any) -> Any:
    """Keep a value for the history, unless it is too big to be of use there."""
    size = len(orjson.dumps(value))
    return value if size <= MAX_SHOWN_BYTES else {"tooLargeToShow": size}


def hidden(value: Any) -> Any:
    """Mask by name what nobody registered as a secret."""
    return Redactor().value(value)


def _of(outside: Metered | None, cpu_ms: float = 0) -> Json:
    used: Json = {"cpuMs": round(cpu_ms, 3)}
    return used | ({"calls": outside.calls, "bytes": outside.bytes} if outside is not None else {})


def _spent_ms(error: LogicFailed, started: float) -> float:
    """Say how long a failed script ran; of one that was stopped only the time on the clock is known."""
    return (time.monotonic() - started) * 1000 if error.cpu_ms is None else error.cpu_ms


def _with_query(url: str, query: Mapping[str, Any]) -> str:
    if not query:
        return url
    try:
        parts = urlsplit(url)
    except ValueError:
        raise InvalidInput.at("url", "is not a URL") from None
    more = urlencode({name: _text(value) for name, value in query.items() if value is not None})
    return urlunsplit(parts._replace(query="&".join(filter(None, (parts.query, more)))))


def _text(value: Any) -> str:
    return references.resolve("${a} ", lambda _: value)[:-1] if not isinstance(value, str) else value


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _body(answer: Any) -> Any:
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json" or kind.endswith("+json"):
        try:
            if not answer.body.strip():
                return None
            return jsontext.read(answer.body, max_bytes=MAX_ANSWER_BYTES, integers=jsontext.Integers.DOUBLES)
        except (InvalidInput, TooLarge):
            pass
    try:
        return answer.body.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(answer.body).decode()}


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _texts(part)

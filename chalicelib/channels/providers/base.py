"""What every provider is given and gives back, and the few ways of asking over HTTP."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar
from urllib.parse import urlencode

import orjson

from chalicelib.adapters import http_client
from chalicelib.adapters.http_client import Request, Response
from chalicelib.core import clock
from chalicelib.core.errors import InvalidInput, UpstreamFailed

One = TypeVar("One")
TIMEOUT_S = 15.0
DOWN_AFTER = 3
MAX_RAW_CHARS = 2_000
MAX_RETRY_AFTER_S = 86_400
PASSING = frozenset({408, 425, 429})  # statuses of 4xx that say: not now
JSON = "application/json"


@dataclass(frozen=True)
class Attachment:
    """A file of a mail; one with a content id is shown inline."""

    name: str
    content: bytes = field(repr=False)
    mime: str = "application/octet-stream"
    content_id: str = ""


@dataclass(frozen=True)
class Mail:
    """A mail, rendered."""

    sender: str
    to: list[str]
    subject: str
    html: str
    text: str = ""
    sender_name: str = ""
    cc: list[str] = field(default_factory=list)
    bcc: list[str] = field(default_factory=list)
    reply_to: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    attachments: list[Attachment] = field(default_factory=list)
    ip_pool_name: str = ""
    metadata: dict[str, str] = field(default_factory=dict)
    custom: dict[str, Any] = field(default_factory=dict)  # what one provider alone understands

    @property
    def from_line(self) -> str:
        """The sender as a header shows it."""
        return f"{quoted(self.sender_name)} <{self.sender}>" if self.sender_name else self.sender

    @property
    def everyone(self) -> list[str]:
        """Every address the mail goes to."""
        return list(dict.fromkeys([*self.to, *self.cc, *self.bcc]))


@dataclass(frozen=True)
class Sms:
    """A text for a telephone."""

    to: str
    content: str
    sender: str = ""


@dataclass(frozen=True)
class Chat:
    """A text for a room."""

    content: str
    webhook_url: str = ""
    channel: str = ""
    more: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Push:
    """A text for devices; `facts` are subscriber and step, for receivers of the tenant's own."""

    tokens: list[str]
    title: str
    content: str
    payload: dict[str, Any] = field(default_factory=dict)
    overrides: dict[str, Any] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Order:
    """One delivery: for which workspace, with whose credentials, under which id a repeat can be known."""

    workspace_id: str
    credentials: Mapping[str, Any] = field(repr=False)
    letter: Any = field(repr=False)
    id: str = ""
    timeout_s: float | None = None  # None for as long as is usual

    def need(self, name: str) -> str:
        """Give a credential. Raises Refused when it is missing."""
        value = self.credentials.get(name)
        if not value or not isinstance(value, str):
            raise Refused(f"the integration has no {name}")
        return value

    def get(self, name: str, default: str = "") -> str:
        """Give a credential that may be missing."""
        value = self.credentials.get(name)
        return value if isinstance(value, str) and value else default


@dataclass(frozen=True)
class Sent:
    """What the provider calls the message, and its answer."""

    id: str = ""
    raw: str = ""


class Refused(UpstreamFailed):
    """The provider did not take the message and never will; `raw` is its own answer."""

    def __init__(self, message: str, raw: str = "", status: int | None = None) -> None:
        super().__init__(message, status=status)
        self.raw = raw


class Deferred(UpstreamFailed):
    """The provider did not take the message now; the same order may succeed later, not before `retry_after_s`."""

    def __init__(
        self, message: str, raw: str = "", status: int | None = None, retry_after_s: int | None = None
    ) -> None:
        super().__init__(message, status=status, retryable=True)
        self.raw = raw
        self.retry_after_s = retry_after_s


def quoted(name: str) -> str:
    """Spell a display name so that it cannot end its header or add an address."""
    clean = "".join(character for character in name if character.isprintable())
    return '"' + clean.replace("\\", "").replace('"', "'") + '"'


def post_json(order: Order, url: str, body: Any, headers: Mapping[str, str] | None = None) -> tuple[Any, Response]:
    """POST JSON; give the parsed answer. Raises Refused for every status but 2xx."""
    return post(order, url, orjson.dumps(body), {"Content-Type": JSON, **(headers or {})})


def post_form(
    order: Order, url: str, fields: Mapping[str, str], headers: Mapping[str, str] | None = None
) -> tuple[Any, Response]:
    """POST a form; give the parsed answer. Raises Refused for every status but 2xx."""
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    return post(order, url, urlencode(fields).encode(), {**kind, **(headers or {})})


def post_parts(
    order: Order,
    url: str,
    fields: list[tuple[str, str]],
    files: list[tuple[str, Attachment]],
    headers: Mapping[str, str],
) -> tuple[Any, Response]:
    """POST a form with files."""
    mark = "millrace" + hashlib.sha256(order.id.encode()).hexdigest()[:24]
    body = b"".join(
        f'--{mark}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields
    )
    for name, one in files:
        shown = one.name.translate({34: 39, 13: None, 10: None})
        head = f'--{mark}\r\nContent-Disposition: form-data; name="{name}"; filename="{shown}"\r\n'
        body += f"{head}Content-Type: {one.mime}\r\n\r\n".encode() + one.content + b"\r\n"
    kind = {"Content-Type": f"multipart/form-data; boundary={mark}"}
    return post(order, url, body + f"--{mark}--\r\n".encode(), {**kind, **headers})


def post(order: Order, url: str, body: bytes, headers: Mapping[str, str]) -> tuple[Any, Response]:
    """POST bytes; give the parsed answer. Raises Deferred for 408, 425, 429 and 5xx, Refused for the rest but 2xx."""
    request = Request("POST", url, {"Accept": JSON, **headers}, body, timeout_s=order.timeout_s or TIMEOUT_S)
    with in_two_words():
        response = http_client.send(order.workspace_id, request)
    text = response.body.decode("utf-8", "replace")[:MAX_RAW_CHARS]
    if not 200 <= response.status < 300:
        raise failure(response, text)
    try:
        return orjson.loads(response.body), response
    except orjson.JSONDecodeError:
        return text, response


@contextmanager
def in_two_words() -> Iterator[None]:
    """Turn what goes wrong on the way to a provider into Refused (for good) and Deferred (not now)."""
    try:
        yield
    except (Refused, Deferred):
        raise
    except InvalidInput as error:
        raise Refused(error.message) from error
    except UpstreamFailed as error:
        if error.retryable:
            raise Deferred(error.message, status=error.status) from error
        raise Refused(error.message, status=error.status) from error


def failure(response: Response, text: str) -> Refused | Deferred:
    """Tell a refusal for good from one that may pass; AWS throttles with status 400 too."""
    raw = orjson.dumps({"status": response.status, "body": text}).decode()
    message = f"the provider answered {response.status}"
    if response.status in PASSING or response.status >= 500 or (response.status == 400 and "Throttl" in text):
        return Deferred(message, raw, response.status, retry_after_s(response.headers.get("retry-after")))
    return Refused(message, raw, response.status)


def retry_after_s(value: str | None) -> int | None:
    """Read Retry-After, in seconds or as a date; None when there is none that can be read."""
    from datetime import UTC
    from email.utils import parsedate_to_datetime

    if not value:
        return None
    if value.strip().isdecimal():
        return min(int(value.strip()[:9]), MAX_RETRY_AFTER_S)
    try:
        at = parsedate_to_datetime(value)
    except (ValueError, TypeError):
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return min(max(0, int(at.timestamp()) - clock.now_s()), MAX_RETRY_AFTER_S)


def each(ones: Iterable[One], send: Callable[[One], Sent]) -> Sent:
    """Send to one after the other. One that is taken is enough, because a repeat would reach it twice.

    What was not taken stands in `raw`. Who is deferred thrice in a row is down, and not asked for the rest. Raises
    Deferred when none was taken and one may be later, else Refused.
    """
    sent: Sent | None = None
    failures: list[Refused | Deferred] = []
    in_a_row = 0
    for one in ones:
        try:
            sent, in_a_row = send(one), 0
        except Refused as refused:
            failures.append(refused)
            in_a_row = 0
        except Deferred as deferred:
            failures.append(deferred)
            in_a_row += 1
            if in_a_row == DOWN_AFTER:
                break
    if sent is not None:
        told = [{"error": one.message, "raw": one.raw} for one in failures]
        return replace(sent, raw=orjson.dumps({"id": sent.id, "refused": told}).decode()) if told else sent
    if not failures:
        raise Refused("there is nobody to send to")
    raise next((one for one in failures if isinstance(one, Deferred)), failures[-1])


def in_groups(ones: list[str], size: int) -> list[list[str]]:
    """Cut a list into lists of a size."""
    return [ones[start : start + size] for start in range(0, len(ones), size)]


def basic(user: str, password: str) -> dict[str, str]:
    """Give the header of basic authentication."""
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def bearer(token: str) -> dict[str, str]:
    """Give the header of a bearer token."""
    return {"Authorization": f"Bearer {token}"}


def signature(secret: str, body: bytes) -> str:
    """Sign a body as webhook receivers of this surface check it: hex HMAC-SHA256."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def base64_text(content: bytes) -> str:
    """Give the content of a file as providers want it in JSON."""
    return base64.b64encode(content).decode()


def without_nothing(body: dict[str, Any]) -> dict[str, Any]:
    """Leave out empty members."""
    return {name: value for name, value in body.items() if value not in ("", None, [], {})}


def text_at(value: Any, path: str) -> str:
    """Read a text at a path of names; empty when there is none."""
    for part in path.split("."):
        if isinstance(value, list) and part.isdecimal() and int(part) < len(value):
            value = value[int(part)]
        else:
            value = value.get(part) if isinstance(value, dict) else None
    return "" if value is None or isinstance(value, dict | list) else str(value)

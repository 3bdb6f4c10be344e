"""Marks: signed texts in addresses that tell whose mail was opened, which link was followed, who wants no more mail.

A mark holds everything needed, so nothing is stored for it, and nobody can make one that leads elsewhere.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import html
import re
from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple

import orjson

from chalicelib.core import clock, config
from chalicelib.core.call import Call
from chalicelib.core.errors import NotFound
from chalicelib.identity import public as identity

_PURPOSE = "journey-mark"
_MAC_BYTES = 16
_MAX_MARK = 6_000
_LINK = re.compile(r"""(<a\b[^>]{0,2000}?\bhref\s*=\s*)(["'])(https?://[^"'<>]{1,2000})\2""", re.IGNORECASE)
_BODY_END = re.compile(r"</body\s*>", re.IGNORECASE)


class Kind(StrEnum):
    """What following an address with a mark means."""

    OPEN = "o"
    CLICK = "c"
    UNSUBSCRIBE = "u"
    CALLBACK = "k"
    REPORT = "r"


class Mark(NamedTuple):
    """What a mark says: workspace, node, and, by its kind, token and step, an address, a report."""

    kind: Kind
    workspace_id: str
    node: str
    token: str = ""
    step: str = ""
    url: str = ""
    until_s: int = 0


def prepare() -> None:
    """Make the deployment's secret unless it is there; workers may only read it."""
    identity.deployment_secret(_PURPOSE)


def seal(mark: Mark) -> str:
    """Spell a mark."""
    body = orjson.dumps(list(mark))
    return base64.urlsafe_b64encode(_mac(body) + body).rstrip(b"=").decode()


def open_mark(text: str, now_s: int) -> Mark:
    """Read a mark. Raises NotFound for one that is forged or whose time is over."""
    try:
        raw = (
            base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4)) if len(text) <= _MAX_MARK else b""
        )
    except ValueError:
        raw = b""
    mac, body = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
    if not hmac.compare_digest(mac, _mac(body)):
        raise NotFound("there is nothing at this address")
    kind, *rest = orjson.loads(body)
    mark = Mark(Kind(kind), *rest)
    if mark.until_s and mark.until_s < now_s:
        raise NotFound("there is nothing at this address any more")
    return mark


def address(mark: Mark, place: str = "marks") -> str:
    """Give the public address of a mark; it stands in the query, where it may be long."""
    return f"{config.settings().public_url}/flow/v1/{place}?m={seal(mark)}"


def shown(call: Call) -> Mark:
    """Read the mark that a call shows. Raises NotFound."""
    return open_mark(call.query.get("m", ""), clock.now_s())


def tracked(body: str, link: Callable[[str], str] | None, pixel: str | None) -> str:
    """Lead the links of a mail through addresses of ours, and add a picture that tells when it is opened."""
    if link is not None:
        body = _LINK.sub(lambda found: f"{found[1]}{found[2]}{link(html.unescape(found[3]))}{found[2]}", body)
    if pixel is None:
        return body
    picture = f'<img src="{pixel}" width="1" height="1" alt="">'
    ends = list(_BODY_END.finditer(body))
    at = ends[-1].start() if ends else len(body)
    return body[:at] + picture + body[at:]


def _mac(body: bytes) -> bytes:
    return hmac.new(identity.deployment_secret(_PURPOSE), body, hashlib.sha256).digest()[:_MAC_BYTES]

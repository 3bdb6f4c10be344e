"""Where a notification belongs, what its sender is answered, and how often a poll runs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from chalicelib.core.errors import InvalidInput
from chalicelib.core.redaction import is_sensitive

MAX_TARGETS = 50
MAX_MATCH_BYTES = 16_384
MAX_ANSWER_BYTES = 65_536
_HOP_BY_HOP = frozenset(
    [
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "host",
    ]
)
_SAFE_TYPES = frozenset(
    ["text/plain", "text/xml", "application/json", "application/xml", "application/x-www-form-urlencoded"]
)
_SAFE_HEADERS = frozenset(["retry-after", "webhook-allowed-origin", "webhook-allowed-rate"])
_JSON = "application/json"


def heard_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Give the headers that `response` sees: all but those that concern the connection."""
    return {name: value for name, value in headers.items() if name not in _HOP_BY_HOP}


def kept_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Give the headers that are stored, and seen by `route` and `trigger`: signatures, but no credentials."""
    return {name: value for name, value in headers.items() if "signature" in name or not is_sensitive(name)}


@dataclass(frozen=True)
class Reply:
    """What the sender of a notification is answered."""

    status: int
    headers: dict[str, str]
    body: str


NO_REPLY = Reply(200, {"Content-Type": "text/plain"}, "")


def reply_of(value: Any) -> Reply:
    """Read what `response` returned: {status, headers, body}; null is the empty 200.

    Only harmless content types and headers pass. Raises InvalidInput for what is no answer.
    """
    if value is None:
        return NO_REPLY
    if not isinstance(value, dict):
        raise InvalidInput.at("response", "must be an object with status, headers and body", "type")
    status = value.get("status", 200)
    if not isinstance(status, int) or isinstance(status, bool) or not 200 <= status <= 599:
        raise InvalidInput.at("response.status", "must be a number from 200 to 599", "range")
    body, kind = value.get("body"), "text/plain"
    if body is None:
        body = ""
    elif not isinstance(body, str):
        body, kind = orjson.dumps(body).decode(), _JSON
    if len(body) > MAX_ANSWER_BYTES:
        raise InvalidInput.at("response.body", f"may have at most {MAX_ANSWER_BYTES} characters", "length")
    return Reply(status, _reply_headers(value.get("headers"), kind), body)


def _reply_headers(given: Any, kind: str) -> dict[str, str]:
    headers = {"X-Content-Type-Options": "nosniff"}
    for name, value in given.items() if isinstance(given, dict) else ():
        name, value = str(name).lower(), str(value)
        if not name.replace("-", "").isalnum() or not value.isprintable() or not value.isascii():
            continue
        if name == "content-type":
            kind = value if value.partition(";")[0].strip().lower() in _SAFE_TYPES else "text/plain"
        elif name in _SAFE_HEADERS or (
            name.startswith("x-") and name not in ("x-request-id", "x-content-type-options")
        ):
            headers[name] = value
    return {**headers, "Content-Type": kind}


@dataclass(frozen=True)
class Target:
    """One trigger that a notification belongs to. Two notifications with the same `id` are one occurrence."""

    trigger: str
    match: Any = None
    id: str | None = None


def targets_of(value: Any) -> list[Target]:
    """Read what `route` answered: a name, several, or objects with trigger, match and id; null drops.

    Each trigger counts once. Raises InvalidInput for more than 50, or match data above 16 KB.
    """
    found: dict[str, Target] = {}
    for item in value if isinstance(value, list) else [value]:
        target = _target(item)
        if target is not None:
            found.setdefault(target.trigger, target)
    if len(found) > MAX_TARGETS:
        raise InvalidInput.at("route", f"named more than {MAX_TARGETS} triggers", "too_many")
    return list(found.values())


def _target(item: Any) -> Target | None:
    if isinstance(item, str) and item:
        return Target(item)
    if not isinstance(item, dict) or not isinstance(item.get("trigger"), str) or not item["trigger"]:
        return None
    key = item.get("id")
    return Target(item["trigger"], item.get("match"), None if key is None else str(key))


def default_targets(event_name: str, setting: Mapping[str, Any]) -> list[Target]:
    """Name the triggers of an event without `route`: those its setting lists, else the one with its name."""
    listed = setting.get("triggers")
    return targets_of(listed) if isinstance(listed, list) and listed else [Target(event_name)]


def poll_interval_s(*places: Mapping[str, Any] | None) -> int:
    """Find how often to poll: `pollSeconds` in the first place that has it, 10 s to a day, else a minute."""
    for place in places:
        seconds = (place or {}).get("pollSeconds")
        if isinstance(seconds, int | float) and not isinstance(seconds, bool) and math.isfinite(seconds):
            return int(min(max(seconds, 10), 86_400))
    return 60


def poll_pause_s(interval_s: int, errors: int) -> int:
    """Say how long to wait after so many failed polls in a row: doubling to an hour."""
    return min(max(interval_s, 3_600), interval_s * 2 ** min(errors, 12))

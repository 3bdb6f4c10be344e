"""Events: accepted notifications and polled records, stored once, never changed, kept in this process while fresh."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import orjson

from chalicelib.adapters import blobs, logs
from chalicelib.core import clock, jsontext
from chalicelib.core.cache import Cached
from chalicelib.core.errors import InvalidInput, PlatformError, TooLarge, Unavailable
from chalicelib.storage.expressions import Row
from chalicelib.storage.table import Key
from chalicelib.storage.tables import WORK
from chalicelib.subscriptions import models

INLINE_BYTES = 100_000
MAX_RUN_BYTES = 3 * 1_048_576  # what scripts are given of a notification: parsed, and as its exact text
_SURE_BYTES = 200_000  # of text that cannot become more than that, whatever JSON makes of it
_FORM = "application/x-www-form-urlencoded"
_MAX_FORM_FIELDS = 1_000
_kept: Cached[Event] = Cached(60, size=300)  # those that lie inline


@dataclass(frozen=True)
class Event:
    """One event. `component_id` is the service's event, or None for a record that was polled for a trigger."""

    workspace_id: str
    id: str
    at_ms: int
    service_id: str
    component_id: str | None
    notification: dict[str, Any]


def new_row(workspace_id: str, event_id: str, service_id: str, component_id: str | None, parts: dict[str, Any]) -> Row:
    """Build the row of an event. `parts` is what it says; a body above 100 KB goes to the store of big values."""
    text = orjson.dumps(parts)
    now_ms = clock.now_ms()
    doc: dict[str, Any] = {"svc": service_id, "cmp": component_id}
    if len(text) > INLINE_BYTES:
        doc["blob"] = blobs.blobs().put(workspace_id, text)
    else:
        doc["parts"] = parts
    key = models.event_key(workspace_id, event_id)
    same = hashlib.sha256(_identity(parts)).hexdigest()
    exp = now_ms // 1000 + models.KEEP_S
    return {**key._asdict(), "h": same, "at": now_ms, "exp": exp, "doc": doc}


def load(wanted: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Event]:
    """Read events by workspace and id, in as few calls as possible; those that are absent or expired are left out."""
    found: dict[tuple[str, str], Event] = {}
    missing: dict[Key, tuple[str, str]] = {}
    for one in dict.fromkeys(wanted):
        event = _kept.get(one, lambda: None)
        if event is None:
            missing[models.event_key(*one)] = one
        else:
            found[one] = event
    if not missing:
        return found
    now_s = clock.now_s()
    for key, row in WORK.get_many(missing, consistent=True).items():
        if row["exp"] > now_s and (event := _readable(row)) is not None:
            found[missing[key]] = event
    return found


def _readable(row: Row) -> Event | None:
    try:
        return keep(row)
    except Unavailable:
        raise
    except PlatformError as error:
        logs.log("event.unreadable", level="ERROR", key=row["pk"], reason=error.message)
        return None


def keep(row: Row) -> Event:
    """Read an event from its row, and keep it in this process."""
    workspace_id, _, event_id = row["pk"].rsplit("#", 2)
    event = None
    if "blob" not in row["doc"]:
        event = _kept.get((workspace_id, event_id), lambda: _read(workspace_id, event_id, row))
    return event or _read(workspace_id, event_id, row)


def notification_of(parts: dict[str, Any]) -> dict[str, Any]:
    """Make what hooks see out of what is stored: the body is parsed, the exact text stays in rawBody."""
    if "record" in parts:
        record = parts["record"]
        return {"method": "POLL", "headers": {}, "query": {}, "body": record, "rawBody": "", "record": record}
    notification = {name: parts[name] for name in ("method", "headers", "query")}
    notification |= {"body": _parsed(parts), "rawBody": parts["raw"]}
    return notification | ({"isBase64": True} if parts.get("b64") else {})


def parts_of(method: str, headers: dict[str, str], query: dict[str, str], body: bytes) -> dict[str, Any]:
    """Make what is stored out of a request; a body that is not UTF-8 is kept in base64 and flagged."""
    parts: dict[str, Any] = {"method": method, "headers": headers, "query": query}
    try:
        return {**parts, "raw": body.decode()}
    except UnicodeDecodeError:
        return {**parts, "raw": base64.b64encode(body).decode(), "b64": True}


def is_runnable(parts: dict[str, Any]) -> bool:
    """Say whether scripts can be given a notification: escapes may blow up a text that is allowed."""
    return len(parts["raw"]) <= _SURE_BYTES or len(orjson.dumps(notification_of(parts))) <= MAX_RUN_BYTES


def _read(workspace_id: str, event_id: str, row: Row) -> Event:
    doc = row["doc"]
    parts = orjson.loads(blobs.blobs().get(workspace_id, doc["blob"])) if "blob" in doc else doc["parts"]
    return Event(workspace_id, event_id, row["at"], doc["svc"], doc["cmp"], notification_of(parts))


def _identity(parts: dict[str, Any]) -> bytes:
    """What two requests under one delivery id must have in common; their headers may differ."""
    if "record" in parts:
        return orjson.dumps(parts["record"], option=orjson.OPT_SORT_KEYS)
    return orjson.dumps([parts["method"], sorted(parts["query"].items()), parts["raw"]])


def _parsed(parts: dict[str, Any]) -> Any:
    raw, kind = parts["raw"], parts["headers"].get("content-type", "").partition(";")[0].strip().lower()
    if parts.get("b64"):
        return raw
    if kind == _FORM:
        return _form(raw)
    if kind and kind != "application/json" and not kind.endswith("+json"):
        return raw
    try:
        return jsontext.read(raw.encode(), integers=jsontext.Integers.DOUBLES)
    except (InvalidInput, TooLarge):
        return raw


def _form(raw: str) -> Any:
    try:
        pairs = parse_qsl(raw, keep_blank_values=True, max_num_fields=_MAX_FORM_FIELDS)
    except ValueError:
        return raw
    fields: dict[str, Any] = {}
    for name, value in pairs:
        known = fields.get(name)
        fields[name] = value if known is None else [*known, value] if isinstance(known, list) else [known, value]
    return fields

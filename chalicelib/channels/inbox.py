"""The in-app inbox of a subscriber: its feed, its count, its marks."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from itertools import islice
from typing import Any

import orjson

from chalicelib.channels import messages as all_messages
from chalicelib.channels import sizes, subscribers
from chalicelib.channels.models import messages
from chalicelib.channels.models.settings import Feed
from chalicelib.channels.rules.conditions import look_up
from chalicelib.channels.wire import flag, many, number, page_of
from chalicelib.core import clock
from chalicelib.core.call import Call
from chalicelib.core.errors import InvalidInput, NotFound
from chalicelib.storage.expressions import Condition, Row, eq

MAX_COUNT, MAX_MARKED = 100, 1_000


def feed(call: Call) -> dict[str, Any]:
    """Show a page of the feed, the newest first."""
    subscriber = _subscriber(call)
    page, size = number(call, "page", 0), number(call, "limit", 10, 1, 100)
    wanted = _payload(call.query.get("payload"))
    condition = _flags(flag(call, "seen"), flag(call, "read"))
    found = _fitting(call, condition, wanted, _feeds(call, many(call, "feedIdentifier")))
    rows = list(islice(found, page * size, (page + 1) * size + 1))
    shown = [all_messages.view(row, subscriber) for row in rows[:size]]
    return page_of(shown, page, size, len(shown), hasMore=len(rows) > size)


def count_unseen(call: Call) -> dict[str, int]:
    """Count the messages that were not seen, or as `seen` asks; at most `limit`."""
    _subscriber(call)
    seen = flag(call, "seen")
    limit = number(call, "limit", MAX_COUNT, 1, MAX_COUNT)
    condition = _flags(False if seen is None else seen, flag(call, "read"))
    found = _fitting(call, condition, {}, _feeds(call, many(call, "feedIdentifier")))
    return {"count": sum(1 for _ in islice(found, limit))}


def mark(call: Call) -> list[dict[str, Any]]:
    """Set the marks that were sent on some messages."""
    marks = {"seen": call.body.mark.seen, "read": call.body.mark.is_read}
    return _mark(call, {name: value for name, value in marks.items() if value is not None})


def mark_as(call: Call) -> list[dict[str, Any]]:
    """Make some messages read, unread, seen or unseen."""
    return _mark(call, _marks(call.body.mark_as))


def mark_all(call: Call) -> int:
    """Make all messages read, unread, seen or unseen; answers how many changed."""
    _subscriber(call)
    sent = call.body.feed_identifier
    feeds = _feeds(call, [sent, *sent.split(",")] if isinstance(sent, str) else sent or [])
    marks = _marks(call.body.mark_as)
    rows = [row for row in _fitting(call, None, {}, feeds) if any(row[name] != marks[name] for name in marks)]
    put = _stamped(marks)
    return sum(messages.mark(row, put) is not None for row in rows)


def act(call: Call) -> dict[str, Any]:
    """Note that a button was pressed, and what came of it."""
    subscriber, kind = _subscriber(call), call.path["type"]
    if kind not in ("primary", "secondary"):
        raise InvalidInput.at("type", "must be primary or secondary", "enum")
    for _ in range(5):
        rows = messages.get_in_app(call.workspace_id, subscriber.subscriber_id, [call.path["message_id"]])
        if not rows:
            raise NotFound(f"Message with id {call.path['message_id']} not found")
        doc = dict(rows[0]["doc"])
        result = {"type": kind, **({"payload": call.body.payload} if call.body.payload else {})}
        action = {**(doc["cta"].get("action") or {}), "status": call.body.status, "result": result}
        doc["cta"] = {**doc["cta"], "action": action}
        sizes.check_value(doc, "message")
        stored = messages.replace_doc(rows[0], doc)
        if stored is not None:
            return all_messages.changed_view(stored, subscriber)
    raise NotFound("the message keeps changing")


def _mark(call: Call, marks: dict[str, bool]) -> list[dict[str, Any]]:
    subscriber = _subscriber(call)
    sent = call.body.message_id
    wanted = list(dict.fromkeys(sent.split(",") if isinstance(sent, str) else sent))
    if not marks or not 1 <= len(wanted) <= MAX_MARKED:
        raise InvalidInput.at("messageId", f"1 to {MAX_MARKED} messages and marks for them must be sent", "range")
    rows = messages.get_in_app(call.workspace_id, subscriber.subscriber_id, wanted)
    if not rows:
        raise NotFound("there is no such message")
    changed = [messages.mark(row, _stamped(marks)) for row in rows]
    return [all_messages.changed_view(row, subscriber) for row in changed if row is not None]


def _marks(name: str) -> dict[str, bool]:
    """Read implies seen, unread keeps it, unseen leaves read as it is."""
    return {
        "read": {"read": True, "seen": True},
        "unread": {"read": False, "seen": True},
        "seen": {"seen": True},
        "unseen": {"seen": False},
    }[name]


def _stamped(marks: dict[str, bool]) -> dict[str, Any]:
    now_ms = clock.now_ms()
    stamps = {"seen": "seen_at", "read": "read_at"}
    return {**marks, **{stamps[name]: now_ms for name in marks}}


def _subscriber(call: Call) -> Any:
    item = subscribers.get(call.workspace_id, call.path["subscriber_id"])
    if item is None:
        name = call.path["subscriber_id"]
        raise InvalidInput.at(
            "subscriberId", f"Subscriber not found for this environment with the id: {name}", "unknown"
        )
    return item


def _feeds(call: Call, identifiers: list[str]) -> set[str] | None:
    if not identifiers:
        return None
    return {item.id for item in Feed.list_all(call.workspace_id) if item.name in identifiers}


def _flags(seen: bool | None, read: bool | None) -> Condition | None:
    condition: Condition | None = None
    for name, value in (("seen", seen), ("read", read)):
        if value is not None:
            condition = eq(name, value) if condition is None else condition & eq(name, value)
    return condition


def _fitting(call: Call, condition: Condition | None, wanted: dict[str, Any], feeds: set[str] | None) -> Iterator[Row]:
    """Go through a feed, the newest first, a page of the table at a time: none is kept that is skipped."""
    after = None
    while True:
        page, after = messages.inbox_page(call.workspace_id, call.path["subscriber_id"], after, condition)
        yield from (row for row in page if _fits(row["doc"], wanted, feeds) and row["exp"] > clock.now_s())
        if after is None:
            return


def _fits(doc: dict[str, Any], wanted: dict[str, Any], feeds: set[str] | None) -> bool:
    if feeds is not None and doc.get("feedId") not in feeds:
        return False
    return all(look_up(doc.get("payload"), path) == value for path, value in wanted.items())


def _payload(text: str | None) -> dict[str, Any]:
    """Read the payload that messages must have: every leaf by its path."""
    if not text:
        return {}
    try:
        parsed = orjson.loads(base64.b64decode(text + "=" * (-len(text) % 4)))
    except (binascii.Error, ValueError) as error:
        raise InvalidInput.at(
            "payload", "Invalid payload, the JSON object should be encoded to base64 string."
        ) from error
    if not isinstance(parsed, dict):
        raise InvalidInput.at("payload", "must be a JSON object", "type")
    leaves: dict[str, Any] = {}
    _walk(parsed, "", leaves)
    return leaves


def _walk(value: Any, path: str, leaves: dict[str, Any]) -> None:
    for name, inner in value.items():
        place = f"{path}.{name}" if path else name
        if isinstance(inner, dict) and inner:
            _walk(inner, place, leaves)
        else:
            leaves[place] = inner

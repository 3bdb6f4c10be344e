"""Messages over all channels: listing and deleting them."""

from __future__ import annotations

from typing import Any

from chalicelib.channels import names, subscribers
from chalicelib.channels.models import messages, runs
from chalicelib.channels.models.people import Subscriber
from chalicelib.channels.rules.preferences import CHANNELS
from chalicelib.channels.wire import filled, iso, many, number, page_of
from chalicelib.core import clock
from chalicelib.core.call import Call
from chalicelib.core.errors import InvalidInput, NotFound
from chalicelib.storage.expressions import Row


def list_page(call: Call) -> dict[str, Any]:
    """List messages, the newest first; of the last 30 days where no subscriber is named."""
    page, size = number(call, "page", 0), number(call, "limit", 10, 1, 1_000)
    channel, name = _channel(call), call.query.get("subscriberId")
    transactions = set(many(call, "transactionId"))
    start, stop = page * size, (page + 1) * size
    if name:
        subscribers.find(call.workspace_id, name)
        rows = [
            row for row in messages.messages_of(call.workspace_id, name) if _fits(row["doc"], channel, transactions)
        ]
        found, has_more = rows[start:stop], len(rows) > stop
    else:
        keys = _listed(call.workspace_id, channel, transactions, stop + 1)
        found, has_more = messages.get_messages(keys[start:stop]), len(keys) > stop
    people = _people(call.workspace_id, found)
    shown = [view(row, people.get(row["doc"]["subscriberId"])) for row in found]
    return page_of(shown, page, size, hasMore=has_more)


def delete(call: Call) -> dict[str, Any]:
    """Delete a message."""
    identifier = call.path["message_id"]
    entry = messages.get_listed(call.workspace_id, identifier, names.time_of(identifier))
    if entry is None:
        raise NotFound(f"Message with id {identifier} not found")
    rows = messages.get_messages([messages.message_key(call.workspace_id, entry["c"], entry["s"], identifier)])
    messages.delete_messages(call.workspace_id, rows)
    return {"acknowledged": True, "status": "deleted"}


def delete_by_transaction(call: Call) -> None:
    """Delete the messages of an event, of one channel where it is named. Raises NotFound when there is none."""
    channel = _channel(call)
    keys = []
    for run in runs.runs_of(call.workspace_id, call.path["transaction_id"]):
        name = run["sk"].removeprefix("N#")
        for place in CHANNELS if channel is None else (channel,):
            keys += [messages.message_key(call.workspace_id, place, name, one) for one in _ids(run)]
    rows = [row for row in messages.get_messages(list(dict.fromkeys(keys))) if _fits(row["doc"], channel, set())]
    if not rows:
        raise NotFound(f"Invalid transactionId or channel: {call.path['transaction_id']}")
    messages.delete_messages(call.workspace_id, rows)


def view(row: Row, subscriber: Subscriber | None) -> dict[str, Any]:
    """Render a message."""
    doc, workspace_id = row["doc"], row["pk"].partition("#")[0]
    own = names.environment_id(workspace_id), names.organization_id(workspace_id)
    shown = {
        "_id": doc["id"],
        "_templateId": doc["templateId"],
        "_environmentId": own[0],
        "_organizationId": own[1],
        "_messageTemplateId": doc["messageTemplateId"],
        "_notificationId": doc["notificationId"],
        "_subscriberId": subscriber.id if subscriber else "",
        "_jobId": doc["jobId"],
        "subscriber": _short(subscriber),
        "template": _template(doc),
        "_feedId": doc.get("feedId") or "",  # typed clients insist on a text
        "createdAt": iso(row["at"]),
        "updatedAt": iso(doc["updatedAt"]),
        "lastSeenDate": iso(row.get("seen_at", 0)) if row["seen"] else None,
        "lastReadDate": iso(row.get("read_at", 0)) if row["read"] else None,
        "read": row["read"],
        "seen": row["seen"],
        "deleted": False,
        "cta": doc.get("cta") or {"data": {}},
    }
    for name in _PLAIN:
        shown[name] = doc.get(name)
    return filled(shown)


def changed_view(row: Row, subscriber: Subscriber) -> dict[str, Any]:
    """Render a message that was just changed, with its whole subscriber, as typed clients ask for there."""
    shown = {name: value for name, value in view(row, subscriber).items() if name != "template"}
    return {**shown, "subscriber": subscribers.view(subscriber)}


def _template(doc: dict[str, Any]) -> dict[str, Any]:
    trigger = {"type": "event", "identifier": doc["templateIdentifier"], "variables": [], "subscriberVariables": []}
    return {"_id": doc["templateId"], "name": doc["templateName"], "tags": doc["tags"], "triggers": [trigger]}


_PLAIN = (
    "templateIdentifier", "content", "transactionId", "subject", "title", "channel", "email", "phone",
    "chatWebhookUrl", "providerId", "deviceTokens", "status", "errorId", "errorText", "payload", "overrides",
    "identifier", "tags", "actor",
)  # fmt: skip


def _short(subscriber: Subscriber | None) -> dict[str, Any] | None:
    if subscriber is None:
        return None
    full = subscribers.view(subscriber)
    return {name: full[name] for name in ("_id", "firstName", "lastName", "avatar", "subscriberId") if name in full}


def _channel(call: Call) -> str | None:
    channel = call.query.get("channel") or None
    if channel is not None and channel not in CHANNELS:
        raise InvalidInput.at("channel", f"channel must be one of {', '.join(CHANNELS)}", "enum")
    return channel


def _fits(doc: dict[str, Any], channel: str | None, transactions: set[str]) -> bool:
    return channel in (None, doc["channel"]) and (not transactions or doc["transactionId"] in transactions)


def _listed(workspace_id: str, channel: str | None, transactions: set[str], most: int) -> list[Any]:
    keys: list[Any] = []
    for day in runs.days_back(clock.now_ms()):
        for row in messages.listed_on(workspace_id, day):
            doc = row["doc"]
            if channel in (None, doc["c"]) and (not transactions or doc["tx"] in transactions):
                keys.append(messages.message_key(workspace_id, doc["c"], doc["s"], row["sk"]))
        if len(keys) >= most:
            break
    return keys[:most]


def _ids(run: Row) -> list[str]:
    found: list[str] = []
    for position in range(int(run["pos"]) + 1):
        found += (runs.job_of(run, position) or {}).get("m", [])
    return found


def _people(workspace_id: str, rows: list[Row]) -> dict[str, Subscriber]:
    from chalicelib.channels.models.people import get_subscribers

    wanted = list(dict.fromkeys(row["doc"]["subscriberId"] for row in rows))
    return {one.subscriber_id: one for one in get_subscribers(workspace_id, wanted)}

"""What flows: events, deliveries and polls; where each lies, and the messages made from their keys."""

from __future__ import annotations

from typing import Any

from chalicelib.core import clock
from chalicelib.durable import due
from chalicelib.storage.expressions import Change, Row
from chalicelib.storage.table import Key, Page
from chalicelib.storage.tables import DELIVERY
from chalicelib.subscriptions.rules.deliveries import State

DAY_S = 86_400
KEEP_S = 30 * DAY_S
DEAD_S = 14 * DAY_S
DELIVERY_DUE, POLL_DUE = "delivery", "poll"
LIVE = "S"  # sort key of a subscription that has not ended


def event_key(workspace_id: str, event_id: str) -> Key:
    """Say where an event lies."""
    return Key(f"{workspace_id}#EV#{event_id}", "E")


def occurrence_row(workspace_id: str, occurrence_id: str, event_id: str, now_s: int) -> Row:
    """Build the row that makes one occurrence out of all notifications with the same id from `route`."""
    key = Key(f"{workspace_id}#EV#{occurrence_id}", "O")
    return {**key._asdict(), "h": event_id, "exp": now_s + KEEP_S}


def poll_key(workspace_id: str, subscription_id: str) -> Key:
    """Say where the poll of a subscription lies."""
    return Key(f"{workspace_id}#P#{subscription_id}", "P")


def poll_row(workspace_id: str, subscription_id: str, now_ms: int, interval_s: int) -> Row:
    """Build the poll of a new subscription, due at once."""
    key = poll_key(workspace_id, subscription_id)
    timer = due.at(POLL_DUE, key, now_ms, now_ms)
    return {**key._asdict(), **timer.attributes, "every": interval_s, "fresh": True, "errors": 0}


def poll_message(pk: str, _sk: str) -> dict[str, Any]:
    """Make the message for a poll whose time has come out of its key."""
    workspace_id, _, subscription_id = pk.rsplit("#", 2)
    return {"w": workspace_id, "s": subscription_id}


def delivery_partition(workspace_id: str, subscription_id: str) -> str:
    """Name the partition of a subscription's deliveries."""
    return f"{workspace_id}#DL#{subscription_id}"


def delivery_key(workspace_id: str, subscription_id: str, at_ms: int, message_id: str) -> Key:
    """Say where a delivery lies, in the order in which its events came in."""
    return Key(delivery_partition(workspace_id, subscription_id), f"{at_ms:013d}#{message_id}")


def deliveries_between(workspace_id: str, subscription_id: str, low: str, high: str, limit: int) -> Page:
    """Read a page of a subscription's deliveries in a range of sort keys, the oldest first."""
    pk = delivery_partition(workspace_id, subscription_id)
    return DELIVERY.query(pk, between=(low, high), limit=limit)


def ended_key(workspace_id: str, subscription_id: str, inserted_at: int) -> Key:
    """Say where the tombstone of an ended subscription lies, until its `delete` hook has run."""
    return Key(f"{workspace_id}#SUB#{subscription_id}", f"X#{inserted_at}")


def ended_message(workspace_id: str, subscription_id: str, inserted_at: int) -> dict[str, Any]:
    """Make the message that has an ended subscription cleaned up."""
    return {"w": workspace_id, "s": subscription_id, "ended": inserted_at}


def renewal_message(workspace_id: str, subscription_id: str) -> dict[str, Any]:
    """Make the message that has the webhook of a subscription renewed."""
    return {"w": workspace_id, "s": subscription_id, "renew": True}


def due_message(pk: str, sk: str) -> dict[str, Any]:
    """Make the message for what is due in this context, out of its key: a delivery, the renewal of a subscription's
    webhook, or its end."""
    workspace_id, kind, subscription_id = pk.rsplit("#", 2)
    if kind == "SUB" and sk == LIVE:
        return renewal_message(workspace_id, subscription_id)
    if kind == "SUB":
        return ended_message(workspace_id, subscription_id, int(sk.removeprefix("X#")))
    at, _, message_id = sk.partition("#")
    return {"w": workspace_id, "s": subscription_id, "at": int(at), "m": message_id}


def dead_partition(workspace_id: str) -> str:
    """Name the partition of what was given up in a workspace."""
    return f"{workspace_id}#DEAD"


def dead_row(workspace_id: str, name: str, at_ms: int, doc: dict[str, Any]) -> Row:
    """Build the row of something that was given up: in order of when it came in."""
    return {
        "pk": dead_partition(workspace_id),
        "sk": f"{at_ms:013d}#{name}",
        "doc": doc,
        "exp": clock.now_ms() // 1000 + DEAD_S,
    }


def reset_for_replay(seen: int, asked_ms: int) -> Change:
    """Build the change that makes an ended delivery pending again, with its whole schedule before it."""
    put = {
        "st": State.PENDING.value,
        "a": 0,
        "n": seen + 1,
        "due": asked_ms,
        "again": asked_ms,
        "exp": clock.now_s() + KEEP_S,
    }
    return Change(put=put, remove=("dueB", "dueK", "err"))

"""What was given up: messages after too many receives, whose deliveries end as failed, and events nobody can get.

Kept for two weeks, for its workspace to see.
"""

from __future__ import annotations

import hashlib
from types import SimpleNamespace
from typing import Any

import orjson

from chalicelib.adapters import logs
from chalicelib.core import clock, figures
from chalicelib.core.call import Call
from chalicelib.edge.worker import Message
from chalicelib.storage.expressions import ABSENT, Change, Row, eq
from chalicelib.storage.item import DEPLOYMENT
from chalicelib.storage.table import ConditionFailed, Key
from chalicelib.storage.tables import DELIVERY, WORK
from chalicelib.subscriptions import events, logbook, messages, models, tasks
from chalicelib.subscriptions.events import Event
from chalicelib.subscriptions.rules.deliveries import State

POISON = "poison: its message was given up after too many tries"
_MAX = 500


def bury(message: Message) -> None:
    """Write down a message that was given up. A repeat writes the same row."""
    body = message.body
    workspace_id = body["w"] if isinstance(body.get("w"), str) else DEPLOYMENT
    figures.add("DeadLetters")
    logs.log("message.dead", level="ERROR", workspace=workspace_id, messageId=message.id)
    if _is_of_journeys(body):
        from chalicelib.journeys import public as journeys  # which lean on subscriptions

        journeys.bury(body)
    elif "a" in body or ("x" in body and "ev" not in body):
        from chalicelib.automations import public as automations  # which lean on subscriptions

        automations.bury(body, POISON)
    elif "b" in body or {"gone", "goneWorkspace"} & set(body):
        from chalicelib.chat import public as chat

        chat.bury(body, POISON)
    elif "tx" in body:
        from chalicelib.channels import public as channels

        channels.bury(body, POISON)
    elif (key := _delivery_of(body)) is not None:
        _fail(workspace_id, key, body.get("ev", ""))
    at_ms = message.sent_ms or clock.now_ms()
    WORK.put(models.dead_row(workspace_id, message.id, at_ms, {"message": body, "reason": POISON}))


def drop(event: Event, reason: str) -> None:
    """Write down an event that can reach nobody, because of its service's logic. A repeat writes the same row."""
    doc = {"event": event.id, "service": event.service_id, "component": event.component_id, "reason": reason[:_MAX]}
    name = hashlib.sha256(orjson.dumps([event.id, doc["reason"]])).hexdigest()[:32]
    WORK.put(models.dead_row(event.workspace_id, name, event.at_ms, doc))


def list_dead(call: Call) -> list[SimpleNamespace]:
    """List what was given up in the workspace, the newest first; `limit` and `cursor` page through it."""
    rows = logbook.newest_first(call, WORK, models.dead_partition(call.workspace_id), ())
    return [_shown(row) for row in rows]


def _shown(row: Row) -> SimpleNamespace:
    doc = row["doc"]
    message = doc.get("message") or {}
    at, _, name = row["sk"].partition("#")
    return SimpleNamespace(
        id=name,
        kind="message" if message else "event",
        reason=doc["reason"],
        at=int(at),
        event_id=doc.get("event") or message.get("ev"),
        service_id=doc.get("service"),
        component_id=doc.get("component"),
        subscription_id=message.get("s"),
        execution_id=_text(message.get("x")) if "ev" not in message else None,
        message={key: value for key, value in message.items() if key != "w" and (key != "x" or _text(value))} or None,
    )


def _is_of_journeys(body: dict[str, Any]) -> bool:
    return isinstance(body.get("n"), str)  # the node; elsewhere `n` is a number


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _delivery_of(body: dict[str, Any]) -> Key | None:
    """Find the delivery a message is about, if it is about one."""
    if messages.is_later(body):
        return models.delivery_key(body["w"], body["s"], body["at"], body["m"])
    if not messages.is_first(body):
        return None
    place = (body["w"], body["ev"])
    event = events.load([place]).get(place)
    if event is None:
        return None
    return models.delivery_key(body["w"], body["s"], event.at_ms, tasks.message_id_of(*place, body["s"]))


def _fail(workspace_id: str, key: Key, event_id: str) -> None:
    now_ms = clock.now_ms()
    change = Change(
        put={"st": State.FAILED.value, "err": POISON, "fin": now_ms, "exp": now_ms // 1000 + models.KEEP_S},
        default={"n": 1, "a": 0, "i": 0, "ev": event_id},
        remove=("due", "dueB", "dueK"),
    )
    try:
        DELIVERY.update(key, change, ABSENT | eq("st", State.PENDING.value))
    except ConditionFailed:
        return
    figures.add("DeliveriesFailed", workspace_id=workspace_id)

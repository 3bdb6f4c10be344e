"""What a queue gave up after too many receives: kept for its workspace to see, and its delivery ended as failed."""

from __future__ import annotations

from typing import Any

from chalicelib.adapters import logs
from chalicelib.core import clock
from chalicelib.storage.expressions import ABSENT, Change, Row, eq
from chalicelib.storage.item import DEPLOYMENT
from chalicelib.storage.table import ConditionFailed, Key
from chalicelib.storage.tables import DELIVERY, WORK
from chalicelib.subscriptions import events, models, tasks
from chalicelib.subscriptions.rules.deliveries import State

KEEP_S = 14 * models.DAY_S
POISON = "poison: its message was given up after too many tries"


def bury(message_id: str, body: dict[str, Any]) -> None:
    """Write down a message that was given up. A repeat writes the same row."""
    workspace_id = body["w"] if isinstance(body.get("w"), str) else DEPLOYMENT
    logs.log("message.dead", level="ERROR", workspace=workspace_id, messageId=message_id)
    if "a" in body or ("x" in body and "ev" not in body):
        from chalicelib.automations import public as automations  # which lean on subscriptions

        automations.bury(body, POISON)
    elif (key := _delivery_of(body)) is not None:
        _fail(key, body.get("ev", ""))
    WORK.put(_row(workspace_id, message_id, body))


def _row(workspace_id: str, message_id: str, body: dict[str, Any]) -> Row:
    now_ms = clock.now_ms()
    doc = {"message": body, "reason": POISON, "at": now_ms}
    return {
        "pk": f"{workspace_id}#DEAD",
        "sk": message_id,
        "doc": doc,
        "exp": now_ms // 1000 + KEEP_S,
    }


def _delivery_of(body: dict[str, Any]) -> Key | None:
    """Find the delivery a message is about, if it is about one."""
    if {"w", "s", "at", "m"} <= body.keys():
        return models.delivery_key(body["w"], body["s"], body["at"], body["m"])
    if not {"w", "s", "ev"} <= body.keys():
        return None
    place = (body["w"], body["ev"])
    event = events.load([place]).get(place)
    if event is None:
        return None
    return models.delivery_key(body["w"], body["s"], event.at_ms, tasks.message_id_of(*place, body["s"]))


def _fail(key: Key, event_id: str) -> None:
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

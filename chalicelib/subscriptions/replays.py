"""Deliver again: recorded deliveries of a subscription, by the time their events came in, page by page."""

from __future__ import annotations

from typing import Any

from chalicelib.adapters import queue
from chalicelib.adapters.queue import Letter
from chalicelib.core import clock
from chalicelib.core.call import Call
from chalicelib.core.errors import Conflict, InvalidInput
from chalicelib.storage.expressions import Row, eq
from chalicelib.storage.table import ConditionFailed, Key
from chalicelib.storage.tables import DELIVERY
from chalicelib.subscriptions import models, queues, subscriptions, tasks
from chalicelib.subscriptions.rules.deliveries import CHANGES, State, SubscriptionState

PAGE = 100


def replay(call: Call) -> dict[str, Any]:
    """Deliver again what is recorded in a time range in the states asked for: a first page now, the rest by queue.

    Answers how many are on their way, and whether more follow. Every message keeps its id; its
    bytes too, where an attempt had failed. What went well at once was not kept and is made again from its event.
    """
    item, body = subscriptions.find_own(call), call.body
    if body.from_ms > body.to_ms:
        raise InvalidInput.at("body.from", "must not be later than to", "range")
    if item.state is SubscriptionState.DISABLED:
        raise Conflict("the subscription is disabled; enable it first")
    order = {
        "low": f"{body.from_ms:013d}",
        "high": f"{body.to_ms + 1:013d}",
        "states": body.states,
        "asked": clock.now_ms(),
    }
    queued, is_more = _page(item.workspace_id, item.id, order)
    return {"queued": queued, "hasMore": is_more}


def go_on(message: dict[str, Any]) -> None:
    """Take the next page of a replay."""
    _page(message["w"], message["s"], message["replay"])


def _page(workspace_id: str, subscription_id: str, order: dict[str, Any]) -> tuple[int, bool]:
    """Make a page of deliveries pending and send them. A repeat leaves alone what was tried since it was asked for."""
    page = models.deliveries_between(workspace_id, subscription_id, order["low"], order["high"], PAGE)
    now_ms = clock.now_ms()
    reset = [row for one in page.rows if _is_meant(one, order) and (row := _reset(one, order["asked"])) is not None]
    waiting = [one for one in page.rows if one["st"] == State.PENDING and one.get("again") == order["asked"]]
    queue.send_many(queues.RETRY, [tasks.carrier(row, now_ms) for row in reset + waiting])
    if page.after is None:
        return len(reset), False
    rest = {**order, "low": page.after.sk + "~"}
    queue.send_many(queues.FAN_OUT, [Letter({"w": workspace_id, "s": subscription_id, "replay": rest})])
    return len(reset), True


def _is_meant(row: Row, order: dict[str, Any]) -> bool:
    is_allowed = State.PENDING in CHANGES[State(row["st"])] and row["st"] != State.PENDING
    return is_allowed and row["st"] in order["states"] and row.get("fin", 0) <= order["asked"]


def _reset(row: Row, asked_ms: int) -> Row | None:
    change = models.reset_for_replay(row["n"], asked_ms)
    try:
        return DELIVERY.update(Key(row["pk"], row["sk"]), change, eq("n", row["n"]))
    except ConditionFailed:
        return None

"""Bells: an execution is told that there is something to hear. What it is lies beside it, or in its child's row."""

from __future__ import annotations

from typing import Any

from chalicelib.adapters import queue
from chalicelib.automations import models, queues
from chalicelib.automations.models import BELL
from chalicelib.core import clock
from chalicelib.durable import due, inbox
from chalicelib.storage.table import Key
from chalicelib.storage.tables import WORK

PAGE = 100


def ring(workspace_id: str, execution: str, event_id: str, *, wakes_itself: bool = False) -> bool | None:
    """Tell an execution that there is something to hear; None when it has ended. Raises Unavailable.

    `wakes_itself`: the caller takes the execution up right after, so no message is needed.
    """
    key, now_ms = models.execution_key(workspace_id, execution), clock.now_ms()
    wakes = inbox.deliver(WORK, key, BELL, event_id, None, due.at(models.DUE, key, now_ms, now_ms))
    if wakes and not wakes_itself:
        queue.send(queues.ADVANCE, {"w": workspace_id, "x": execution})
    return wakes


def spread(body: dict[str, Any]) -> None:
    """Give an event to one page of the executions that wait for it, and send for the next. A repeat does no harm."""
    workspace_id, event_id = body["w"], body["e"]
    row = WORK.get(models.broadcast_key(workspace_id, event_id))
    if row is None:
        return
    name, payload = row["doc"]["name"], row["doc"]["payload"]
    page = models.waiting_page(workspace_id, name, body.get("after"), PAGE)
    gone = []
    for waiting in page.rows:
        WORK.put(models.event_row(workspace_id, waiting["sk"], event_id, name, payload))
        if ring(workspace_id, waiting["sk"], event_id) is None:
            gone.append(Key(waiting["pk"], waiting["sk"]))
    WORK.write_many(deletes=gone)
    if page.after is not None:
        queue.send(queues.EVENT, {**body, "after": page.after.sk})

"""One delivery in this worker's hands, and what an attempt made of it."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from chalicelib.adapters import blobs
from chalicelib.adapters.queue import MAX_DELAY_S, Letter
from chalicelib.core import ids
from chalicelib.core.errors import NotFound
from chalicelib.edge.worker import Message
from chalicelib.storage.expressions import Row
from chalicelib.storage.table import Key
from chalicelib.subscriptions import models
from chalicelib.subscriptions.events import Event
from chalicelib.subscriptions.models import Subscription
from chalicelib.subscriptions.rules.deliveries import Verdict


@dataclass
class Task:
    """A delivery to be attempted. `seen` is the fence of its row (0: no row), `tries` what its schedule has used up.

    `body` is what earlier attempts sent, if there were any; `event` is needed only without it.
    """

    message: Message
    item: Subscription
    event_id: str
    at_ms: int
    event: Event | None = None
    match: Any = None
    seen: int = 0
    tries: int = 0
    body: bytes | None = None
    is_first: bool = True
    is_probe: bool = False

    @cached_property
    def message_id(self) -> str:
        """The id every attempt carries: the same for the same event and subscription."""
        return message_id_of(self.item.workspace_id, self.event_id, self.item.id)

    @cached_property
    def key(self) -> Key:
        """Where the delivery lies."""
        return models.delivery_key(self.item.workspace_id, self.item.id, self.at_ms, self.message_id)


@dataclass(frozen=True)
class Outcome:
    """What an attempt made of a delivery, and the body it sent or would have sent."""

    task: Task
    verdict: Verdict
    body: bytes | None = None
    took_ms: int = 0


def message_id_of(workspace_id: str, event_id: str, subscription_id: str) -> str:
    """Derive the id of a delivery's message."""
    return "msg_" + ids.derived_id(workspace_id, "message", event_id, subscription_id)


def from_row(message: Message, item: Subscription, row: Row) -> Task:
    """Take up a delivery that has a row."""
    at, _, _ = row["sk"].partition("#")
    body: bytes | None = None
    if "body" in row:
        body = row["body"].encode()
    elif "blob" in row:
        with contextlib.suppress(NotFound):  # then it is made again from the event
            body = blobs.blobs().get(item.workspace_id, row["blob"])
    return Task(
        message,
        item,
        row["ev"],
        int(at),
        match=row.get("x"),
        seen=row["n"],
        tries=row["a"],
        body=body,
        is_first=False,
    )


def diverted(task: Task) -> Letter:
    """Make the message that lets a first attempt stand back behind those to healthy endpoints."""
    again = {"r": 1} if task.message.receives > 1 else {}
    return Letter(task.message.body | again)


def carrier(row: Row, now_ms: int) -> Letter:
    """Make the message that brings a pending delivery when it is due, or as late as a queue can.

    It names the row's fence: of all messages about a delivery only those of its latest write count.
    """
    delay_s = max(0, -(-(row["due"] - now_ms) // 1000))
    body = {**models.due_message(row["pk"], row["sk"]), "n": row["n"], "i": row["i"]}
    return Letter(body, min(MAX_DELAY_S, delay_s))

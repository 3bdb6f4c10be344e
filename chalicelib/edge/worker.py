"""Queue and schedule handlers: an SQS batch becomes messages, and what failed is reported, message by message.

SQS calls `chalicelib/<context>/workers.py: <function>` directly, without app.py; what every handler needs is therefore
put around it here, not into a Chalice middleware.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson
from chalice import Blueprint

from chalicelib.adapters import logs, queue
from chalicelib.core import clock, config
from chalicelib.core.errors import PlatformError, Unavailable

SAFETY_MS = 5_000
_LOCAL_BUDGET_MS = 60_000


@dataclass
class Message:
    """One SQS message being handled. It counts as done unless `again()` was called. sent_ms 0 means not known."""

    id: str
    body: dict[str, Any]
    receives: int
    receipt: str
    queue: str
    again_s: float | None = None
    sent_ms: int = 0

    def again(self, delay_s: float) -> None:
        """Ask for this message once more, not before `delay_s` seconds."""
        self.again_s = delay_s


@dataclass(frozen=True)
class Batch:
    """The messages of one invocation, and when it must be over (milliseconds since 1970)."""

    messages: list[Message]
    deadline_ms: int


def consumes(
    blueprint: Blueprint, queue_name: str, *, batch_size: int = 10
) -> Callable[[Callable[[Batch], None]], Callable[[Any], Any]]:
    """Register a function as the consumer of a queue. It gets whole batches, so that it can share calls.

    An exception makes every message of the batch come again; after maxReceiveCount SQS moves it to the dead letters.
    """

    def register(function: Callable[[Batch], None]) -> Callable[[Any], Any]:
        @functools.wraps(function)
        def handler(event: Any) -> dict[str, Any]:
            return _handle(function, queue_name, event)

        name = config.queue_prefix() + queue_name
        return blueprint.on_sqs_message(queue=name, batch_size=batch_size, name=function.__name__)(handler)

    return register


def each(function: Callable[[dict[str, Any]], float | None]) -> Callable[[Batch], None]:
    """Wrap a function of one message body, for batches whose messages are handled one after the other (`guarded`)."""

    @functools.wraps(function)
    def handle(batch: Batch) -> None:
        for message in batch.messages:
            guarded(message, function)

    return handle


def guarded(message: Message, function: Callable[[dict[str, Any]], float | None]) -> None:
    """Handle one message: it is done, comes again or is given up, by what the function raises or answers.

    The function gets the message's body, and may answer after how many seconds the message is to come again.
    """
    try:
        again_s = function(message.body)
        if again_s is not None:
            message.again(again_s)
    except PlatformError as error:
        if error.retryable:
            message.again(backoff_s(message.receives))
        else:
            logs.log("message.given_up", level="ERROR", error=type(error).__name__, reason=error.message)
    except Exception as error:  # noqa: BLE001 one poisonous message must not take its neighbours along
        logs.exception("message.failed", error)
        message.again(backoff_s(message.receives))


def backoff_s(receives: int) -> float:
    """Say how long a message waits before its next try, counted from its receives: 1 s doubling to 5 min."""
    return float(min(300, 2 ** max(0, receives - 1)))


def _handle(function: Callable[[Batch], None], queue_name: str, event: Any) -> dict[str, Any]:
    raw = event.to_dict()
    context = event.context
    left_ms = context.get_remaining_time_in_millis() - SAFETY_MS if context else _LOCAL_BUDGET_MS
    messages = [_message(queue_name, record) for record in raw["Records"]]
    batch = Batch([message for message in messages if message is not None], clock.now_ms() + left_ms)
    with logs.bound(operation=function.__name__):
        try:
            function(batch)
        except Unavailable as error:
            logs.log("batch.unavailable", level="WARNING", reason=error.message)
            for message in batch.messages:
                message.again(backoff_s(message.receives))
    return {"batchItemFailures": [{"itemIdentifier": _hidden(m)} for m in batch.messages if m.again_s is not None]}


def _hidden(message: Message) -> str:
    with contextlib.suppress(PlatformError):  # else it comes back after the queue's own visibility time-out
        queue.hide(message.queue, message.receipt, message.again_s or 0)
    return message.id


def _message(queue_name: str, record: dict[str, Any]) -> Message | None:
    try:
        body = orjson.loads(record["body"])
    except orjson.JSONDecodeError:
        body = None
    if not isinstance(body, dict):
        logs.log("message.unreadable", level="ERROR", queue=queue_name, messageId=record["messageId"])
        return None
    attributes = record.get("attributes", {})
    receives, sent_ms = int(attributes.get("ApproximateReceiveCount", "1")), int(attributes.get("SentTimestamp", "0"))
    return Message(record["messageId"], body, receives, record["receiptHandle"], queue_name, sent_ms=sent_ms)

"""Queue and schedule handlers: an SQS batch becomes messages, and what failed is reported, message by message.

SQS calls `chalicelib/<context>/workers.py: <function>` directly, without app.py; what every handler needs is therefore
put around it here, not into a Chalice middleware.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import orjson
from chalice import Blueprint, Rate

from chalicelib.adapters import logs, queue
from chalicelib.core import clock, config, figures
from chalicelib.core.errors import PlatformError, QuotaExceeded, Unavailable
from chalicelib.edge import reporting

SAFETY_MS = 5_000
RENEWED_AT = 6  # of eight receives: a send may fail, and a batch fall with its process
_LOCAL_BUDGET_MS = 60_000
_IDS = frozenset({"a", "b", "c", "e", "ev", "i", "m", "n", "r", "s", "t", "tx", "x"})  # docs/ARCHITECTURE.md, Queues


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
    is_patient: bool = False
    is_put_off: bool = False

    def again(self, delay_s: float) -> None:
        """Ask for this message once more, not before `delay_s` seconds. After eight times it is a dead letter."""
        self.again_s, self.is_patient, self.is_put_off = delay_s, False, False

    def wait(self, delay_s: float) -> None:
        """Ask for it once more, as often as need be: it came too early, or our own table or queue did not answer."""
        self.again_s, self.is_patient, self.is_put_off = delay_s, True, False

    def put_off(self, delay_s: float) -> None:
        """Ask for it once more, as often as need be, for a reason that may last for hours. It is sent anew each time:
        a hidden message counts as in flight, of which a queue has only so many for all workspaces."""
        self.wait(delay_s)
        self.is_put_off = True


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


def ticks(blueprint: Blueprint, name: str) -> Callable[[Callable[[], None]], Callable[[Any], Any]]:
    """Register a function that is called once a minute."""

    def register(function: Callable[[], None]) -> Callable[[Any], Any]:
        @functools.wraps(function)
        def handler(_event: Any) -> None:
            with logs.bound(operation=name), _reported(name):
                function()

        return blueprint.schedule(Rate(1, unit=Rate.MINUTES), name=name)(handler)

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
    with _about(message):
        try:
            again_s = function(message.body)
            if again_s is not None:
                message.wait(again_s)
        except Unavailable:
            message.wait(backoff_s(message.receives))
        except QuotaExceeded as error:
            message.put_off(error.pause_s)
        except PlatformError as error:
            if error.retryable:
                message.again(backoff_s(message.receives))
            else:
                _give_up(error)
        except Exception as error:  # noqa: BLE001 one poisonous message must not take its neighbours along
            logs.exception("message.failed", error)
            message.again(backoff_s(message.receives))


def _about(message: Message) -> contextlib.AbstractContextManager[None]:
    """Name a message, its workspace and what it is about in every line logged meanwhile."""
    body = message.body
    names = _IDS if "ev" not in body else _IDS - {"x"}  # beside an event it is what matched, which is nobody's id
    ids = {name: body[name] for name in sorted(names) if isinstance(body.get(name), str)}
    return logs.bound(workspace=body.get("w"), messageId=message.id, receives=message.receives, about=ids)


def _give_up(error: PlatformError) -> None:
    """Log and count a message that is dropped, because trying it again would end the same way."""
    figures.add("MessagesGivenUp")
    logs.log("message.given_up", level="ERROR", error=type(error).__name__, reason=error.message)


def backoff_s(receives: int) -> float:
    """Say how long a message waits before its next try, counted from its receives: 1 s doubling to 5 min."""
    return float(min(300, 2 ** max(0, receives - 1)))


def _handle(function: Callable[[Batch], None], queue_name: str, event: Any) -> dict[str, Any]:
    raw = event.to_dict()
    context = event.context
    left_ms = context.get_remaining_time_in_millis() - SAFETY_MS if context else _LOCAL_BUDGET_MS
    with logs.bound(operation=function.__name__), _reported(function.__name__):
        messages = [_message(queue_name, record) for record in raw["Records"]]
        batch = Batch([message for message in messages if message is not None], clock.now_ms() + left_ms)
        _note(batch)
        try:
            function(batch)
        except Unavailable as error:
            logs.log("batch.unavailable", level="WARNING", reason=error.message)
            for message in batch.messages:
                message.wait(backoff_s(message.receives))
        again = [message for message in batch.messages if message.again_s is not None]
        if again:
            figures.add("MessagesRepeated", len(again))
        failed = [message for message in again if not _is_renewed(message)]
        return {"batchItemFailures": [{"itemIdentifier": _hidden(message)} for message in failed]}


@contextlib.contextmanager
def _reported(operation: str) -> Iterator[None]:
    """Report what an invocation did when it ends, however it ends."""
    started_ms = clock.now_ms()
    try:
        yield
    finally:
        figures.sample("BatchMs", clock.now_ms() - started_ms)
        reporting.after_batch(operation)


def _note(batch: Batch) -> None:
    figures.sample("BatchMessages", len(batch.messages))
    sent = [message.sent_ms for message in batch.messages if message.sent_ms]
    if sent:
        figures.sample("OldestMessageMs", max(0, clock.now_ms() - min(sent)))


def _is_renewed(message: Message) -> bool:
    """Send a message that waits anew before its receives are used up: only what fails by itself is to die of them."""
    if not (message.is_put_off or (message.is_patient and message.receives >= RENEWED_AT)):
        return False
    with contextlib.suppress(PlatformError):
        queue.send(message.queue, message.body, message.again_s or 0)
        return True
    return False


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
        figures.add("MessagesGivenUp")
        logs.log("message.unreadable", level="ERROR", queue=queue_name, messageId=record["messageId"])
        return None
    attributes = record.get("attributes", {})
    receives, sent_ms = int(attributes.get("ApproximateReceiveCount", "1")), int(attributes.get("SentTimestamp", "0"))
    return Message(record["messageId"], body, receives, record["receiptHandle"], queue_name, sent_ms=sent_ms)

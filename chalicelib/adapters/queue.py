"""SQS, as this project uses it: short JSON messages that carry ids, sent in as few calls as possible.

Queue names are short here (`subscriptions_deliver`); the stage's prefix and the address are added in one place.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from chalicelib.adapters import aws
from chalicelib.core import config, figures
from chalicelib.core.errors import Unavailable

MAX_DELAY_S = 900
_BATCH = 10
_BATCH_BYTES = 1_000_000
_ATTEMPTS = 4
_HELD_NO_MORE = frozenset(
    {
        "MessageNotInflight",
        "AWS.SimpleQueueService.MessageNotInflight",
        "InvalidParameterValue",
        "ReceiptHandleIsInvalid",
    }
)
_urls: dict[str, str] = {}


@dataclass(frozen=True)
class Letter:
    """One message to send: a short JSON body, and how long it stays hidden (0..900 s)."""

    body: dict[str, Any]
    delay_s: int = 0


def url(queue: str) -> str:
    """Give the address of a queue, asking SQS once a process."""
    name = config.settings().queue_prefix + queue
    found = _urls.get(name)
    if found is None:
        found = _urls[name] = str(_call("get_queue_url", QueueName=name)["QueueUrl"])
    return found


def forget() -> None:
    """Forget the addresses (tests, and the local stack at start)."""
    _urls.clear()


def send(queue: str, body: dict[str, Any], delay_s: float = 0) -> None:
    """Send one message. Raises Unavailable when SQS does not take it."""
    text = orjson.dumps(body).decode()
    _call("send_message", QueueUrl=url(queue), MessageBody=text, DelaySeconds=_delay(delay_s))
    figures.add("QueueSends")


def send_many(queue: str, letters: Iterable[Letter]) -> None:
    """Send messages ten a call, entries that failed again. Raises Unavailable when some are still refused."""
    for batch in _batches(list(letters)):
        entries = [
            {"Id": str(number), "MessageBody": text, "DelaySeconds": _delay(letter.delay_s)}
            for number, (letter, text) in enumerate(batch)
        ]
        for _ in range(_ATTEMPTS):
            answer = _call("send_message_batch", QueueUrl=url(queue), Entries=entries)
            refused = {entry["Id"] for entry in answer.get("Failed", ())}
            figures.add("QueueSends", len(entries) - len(refused))
            entries = [entry for entry in entries if entry["Id"] in refused]
            if not entries:
                break
        else:
            raise Unavailable("the queue is throttled")


def hide(queue: str, receipt: str, seconds: float) -> None:
    """Keep a message that is being handled out of sight for so long (0..43200 s). Raises Unavailable.

    Whoever was too slow holds it no more: then it is left to whoever has it now.
    """
    timeout = max(0, min(43_200, int(seconds)))
    try:
        _call("change_message_visibility", QueueUrl=url(queue), ReceiptHandle=receipt, VisibilityTimeout=timeout)
    except Exception as error:
        if aws.code_of(error) not in _HELD_NO_MORE:
            raise


def _delay(delay_s: float) -> int:
    return max(0, min(MAX_DELAY_S, int(-(-delay_s // 1))))


def _batches(letters: Sequence[Letter]) -> Iterator[list[tuple[Letter, str]]]:
    batch: list[tuple[Letter, str]] = []
    size = 0
    for letter in letters:
        text = orjson.dumps(letter.body).decode()
        if batch and (len(batch) == _BATCH or size + len(text) > _BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append((letter, text))
        size += len(text)
    if batch:
        yield batch


def _call(operation: str, **request: Any) -> dict[str, Any]:
    client = aws.client("sqs")
    try:
        return getattr(client, operation)(**request)
    except Exception as error:
        if aws.is_transient(error):
            raise Unavailable("the queue did not answer") from error
        raise

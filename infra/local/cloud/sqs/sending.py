"""SendMessage, SendMessageBatch."""

import os
from collections.abc import Callable
from typing import Any

import orjson

from infra.local.cloud.catalog import Catalog
from infra.local.cloud.errors import CloudError
from infra.local.cloud.sqs.bell import Bell
from infra.local.cloud.sqs.contents import attributes_digest, check_attributes, check_text, text_digest
from infra.local.cloud.sqs.entries import failure_of, read_entries
from infra.local.cloud.sqs.errors import bad_parameter
from infra.local.cloud.sqs.queues import MESSAGE_BYTES_MAX, RANGES, Body, Queue, need_queue
from infra.local.cloud.store import Connection

DELAY_MAX_S = RANGES["DelaySeconds"][1]
ROW = "(?, ?, ?, ?, ?, 0, 0)"


class Sending:
    """The operations that put messages into a queue; each is one statement."""

    def __init__(self, queues: Catalog[Queue], bell: Bell, now_ms: Callable[[], int]) -> None:
        self._queues = queues
        self._bell = bell
        self._now_ms = now_ms

    def send_message(self, connection: Connection, body: Body) -> Body:
        """SendMessage."""
        queue = need_queue(self._queues, connection, body)
        size = _check(queue, body)
        if size > queue.bytes_max:
            raise _too_long(queue)
        now = self._now_ms()
        row, answer = _row(queue, body, now)
        connection.execute(queue.sql_send_head + ROW, row)
        if row[0] <= now:
            self._bell.ring(queue.name)
        return answer

    def send_message_batch(self, connection: Connection, body: Body, *, skips: bool = False) -> Body:
        """SendMessageBatch: entries which are wrong by themselves fail alone, with skips the second half too."""
        queue = need_queue(self._queues, connection, body)
        now = self._now_ms()
        rows: list[Any] = []
        sent, failed = [], []
        total, visible = 0, 0
        entries = read_entries(body, "SendMessageBatchRequestEntry")
        for number, entry in enumerate(entries):
            if skips and number >= len(entries) // 2:
                failed.append({"Id": entry["Id"], "SenderFault": False, "Code": "InternalError", "Message": "Skipped."})
                continue
            try:
                size = _check(queue, entry)
                total += size
                if total <= MESSAGE_BYTES_MAX and size > queue.bytes_max:
                    raise _too_long(queue)
            except CloudError as error:
                failed.append(failure_of(entry, error))
                continue
            row, answer = _row(queue, entry, now)
            rows += row
            visible += row[0] <= now
            sent.append({"Id": entry["Id"], **answer})
        if total > MESSAGE_BYTES_MAX:
            raise CloudError(
                "BatchRequestTooLong",
                f"Batch requests cannot be longer than {MESSAGE_BYTES_MAX} bytes. You have sent {total} bytes.",
            )
        if rows:
            connection.execute(queue.sql_send_head + ", ".join([ROW] * len(sent)), rows)
        if visible:
            self._bell.ring(queue.name, visible)
        return {"Successful": sent, "Failed": failed} if failed else {"Successful": sent}


def new_message_id() -> str:
    """Make a random message id of the usual form."""
    digits = os.urandom(16).hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def _check(queue: Queue, message: Body) -> int:
    size = check_text(message.get("MessageBody"), "MessageBody")
    attributes = message.get("MessageAttributes")
    if attributes:
        size += check_attributes(attributes)
    delay = message.get("DelaySeconds")
    if delay is not None and not 0 <= delay <= DELAY_MAX_S:
        raise bad_parameter(
            f"Value {delay} for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900."
        )
    if message.get("MessageDeduplicationId") is not None:
        raise bad_parameter(
            "The request include parameter that is not valid for this queue type: MessageDeduplicationId"
        )
    return size


def _row(queue: Queue, message: Body, now: int) -> tuple[tuple[Any, ...], Body]:
    text = message["MessageBody"]
    attributes, group = message.get("MessageAttributes"), message.get("MessageGroupId")
    delay = message.get("DelaySeconds")
    answer = {"MD5OfMessageBody": text_digest(text), "MessageId": new_message_id()}
    extras = None
    if attributes or group:
        extras = orjson.dumps({"attributes": attributes or {}, "group": group}).decode()
    if attributes:
        answer["MD5OfMessageAttributes"] = attributes_digest(attributes)
    visible_at = now + 1000 * (queue.delay_s if delay is None else delay)
    return (visible_at, now, answer["MessageId"], text, extras), answer


def _too_long(queue: Queue) -> CloudError:
    return bad_parameter(
        f"One or more parameters are invalid. Reason: Message must be shorter than {queue.bytes_max} bytes."
    )

"""Event source mappings and schedules on one machine: what Lambda's pollers do, as threads.

A mapping receives batches, calls the very function Lambda would call with the very event, and deletes what the answer
does not name as failed. A crash in between leaves the messages in the queue.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from chalicelib.adapters import aws, logs
from chalicelib.core import clock, ids

_LONG_POLL_S = 10
_PAUSE_S = 0.5


class Context:
    """The part of Lambda's context that handlers use."""

    def __init__(self, budget_s: float) -> None:
        self._ends = time.monotonic() + budget_s
        self.aws_request_id = ids.new_uuid()
        self.function_name = "local"

    def get_remaining_time_in_millis(self) -> int:
        """Tell how long this invocation may still run."""
        return max(0, int((self._ends - time.monotonic()) * 1000))


class Mapping(threading.Thread):
    """One poller of one queue."""

    def __init__(self, queue_url: str, handler: Callable[[Any, Any], Any], batch_size: int, budget_s: float) -> None:
        super().__init__(name=queue_url.rsplit("/", 1)[-1], daemon=True)
        self._url, self._handler, self._batch_size, self._budget_s = queue_url, handler, batch_size, budget_s
        self._stopping = threading.Event()
        self._is_idle = True

    def stop(self) -> None:
        """Take no further batch; the one at hand is finished."""
        self._stopping.set()

    def is_idle(self) -> bool:
        """Say whether no batch is at hand."""
        return self._is_idle

    def run(self) -> None:
        """Receive and handle until stopped. A failing poll is logged and tried again."""
        while not self._stopping.is_set():
            try:
                self._poll()
            except Exception as error:  # noqa: BLE001 a poller must outlive whatever one batch does
                logs.exception("mapping.failed", error)
                self._stopping.wait(_PAUSE_S)

    def _poll(self) -> None:
        sqs = aws.client("sqs")
        answer = sqs.receive_message(
            QueueUrl=self._url,
            MaxNumberOfMessages=self._batch_size,
            WaitTimeSeconds=_LONG_POLL_S,
            AttributeNames=["ApproximateReceiveCount", "SentTimestamp"],
        )
        messages = answer.get("Messages", [])
        if not messages or self._stopping.is_set():
            self._give_back(messages)
            return
        self._is_idle = False
        outcome = self._handler({"Records": [_record(message) for message in messages]}, Context(self._budget_s))
        failed = {entry["itemIdentifier"] for entry in (outcome or {}).get("batchItemFailures", ())}
        done = [
            {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]}
            for number, message in enumerate(messages)
            if message["MessageId"] not in failed
        ]
        if done:
            sqs.delete_message_batch(QueueUrl=self._url, Entries=done)
        self._is_idle = True

    def _give_back(self, messages: list[dict[str, Any]]) -> None:
        for message in messages:
            aws.client("sqs").change_message_visibility(
                QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0
            )


def _scheduled_event() -> dict[str, Any]:
    return {
        "version": "0",
        "id": ids.new_uuid(),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": "",
        "time": clock.iso_ms(clock.now_ms()),
        "region": "local",
        "resources": [],
        "detail": {},
    }


def _record(message: dict[str, Any]) -> dict[str, Any]:
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message.get("Attributes", {}),
        "messageAttributes": {},
        "md5OfBody": message.get("MD5OfBody", ""),
        "eventSource": "aws:sqs",
        "eventSourceARN": "",
        "awsRegion": "local",
    }


class Scheduler(threading.Thread):
    """Calls every scheduled function once a period; a late or failing one does not stop the others."""

    def __init__(self, functions: dict[str, Callable[[Any, Any], Any]], period_s: float) -> None:
        super().__init__(name="scheduler", daemon=True)
        self._functions, self._period_s = functions, period_s
        self._stopping = threading.Event()
        self.ticked_at = time.monotonic()

    def stop(self) -> None:
        """Tick no more."""
        self._stopping.set()

    def run(self) -> None:
        """Tick until stopped."""
        while not self._stopping.is_set():
            started = time.monotonic()
            for name, function in self._functions.items():
                try:
                    function(_scheduled_event(), Context(self._period_s + 30))
                except Exception as error:  # noqa: BLE001
                    logs.exception("schedule.failed", error, schedule=name)
            self.ticked_at = time.monotonic()
            self._stopping.wait(max(0.05, self._period_s - (time.monotonic() - started)))

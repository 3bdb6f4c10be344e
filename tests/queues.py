"""Plays SQS's part towards Lambda: receive a batch, call the worker, delete what it did not report."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from chalicelib.adapters import aws, queue

Handler = Callable[[Any, Any], Any]


def drain(name: str, handler: Handler, *, batch_size: int = 10, rounds: int = 100) -> int:
    """Hand the messages of a queue to its worker until none is visible; give how many were done."""
    done = 0
    for _ in range(rounds):
        messages = receive(name, batch_size)
        if not messages:
            return done
        failed = deliver(name, handler, messages)
        done += len(messages) - failed
    raise AssertionError(f"{name} did not become empty in {rounds} rounds")


def receive(name: str, batch_size: int = 10) -> list[dict[str, Any]]:
    """Take a batch of messages that are visible now."""
    answer = aws.client("sqs").receive_message(
        QueueUrl=queue.url(name),
        MaxNumberOfMessages=min(10, batch_size),
        AttributeNames=["All"],
        WaitTimeSeconds=0,
    )
    return list(answer.get("Messages", []))


def deliver(name: str, handler: Handler, messages: list[dict[str, Any]]) -> int:
    """Call the worker with messages, delete those it did, and give how many it did not."""
    answer = handler({"Records": [record_of(name, message) for message in messages]}, None)
    failed = {entry["itemIdentifier"] for entry in (answer or {}).get("batchItemFailures", ())}
    for message in messages:
        if message["MessageId"] not in failed:
            aws.client("sqs").delete_message(QueueUrl=queue.url(name), ReceiptHandle=message["ReceiptHandle"])
    return len(failed)


def bodies(name: str) -> list[dict[str, Any]]:
    """Take the messages that are visible now and give their bodies."""
    found = receive(name)
    for message in found:
        aws.client("sqs").delete_message(QueueUrl=queue.url(name), ReceiptHandle=message["ReceiptHandle"])
    return [json.loads(message["Body"]) for message in found]


def record_of(name: str, message: dict[str, Any]) -> dict[str, Any]:
    """Build the record Lambda gets for a message."""
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message.get("Attributes", {"ApproximateReceiveCount": "1"}),
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": f"arn:aws:sqs:eu-central-1:123456789012:{name}",
        "awsRegion": "eu-central-1",
    }

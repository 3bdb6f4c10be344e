"""How the queues are made; `chalicelib/core/queues.py` names them."""

from __future__ import annotations

import json
from typing import Any

from chalicelib.core import config
from chalicelib.core.queues import DEAD_LETTERS, QUEUES

MAX_RECEIVES = 8
RETENTION_S = 14 * 86_400
VISIBILITY_S = 60


def create_all(sqs: Any) -> None:
    """Create the queues that are missing, each with the one dead-letter queue behind it."""
    dead = _create(sqs, DEAD_LETTERS, {})
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": str(MAX_RECEIVES)})
    for name in QUEUES:
        _create(sqs, name, {"RedrivePolicy": redrive})


def _create(sqs: Any, name: str, more: dict[str, str]) -> str:
    attributes = {"VisibilityTimeout": str(VISIBILITY_S), "MessageRetentionPeriod": str(RETENTION_S), **more}
    queue_name = config.queue_prefix() + name
    return str(sqs.create_queue(QueueName=queue_name, Attributes=attributes)["QueueUrl"])

"""Every queue, read by the local stack, the tests and the template; docs/ARCHITECTURE.md says what travels in each."""

from __future__ import annotations

import json
from typing import Any

from chalicelib.core import config

DEAD_LETTERS = "dead_letters"
QUEUES = (
    "subscriptions_fan_out",
    "subscriptions_deliver",
    "subscriptions_retry",
    "subscriptions_poll",
    "platform_cleanup",
    "connectors_import",
    "channels_notify",
    "chat_setup",
    "chat_deliver",
    "automations_start",
    "automations_advance",
    "automations_backlog_advance",
    "automations_event",
    "automations_schedule",
    "journeys_step",
    "journeys_event",
    "journeys_job",
    "journeys_lifecycle",
)
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

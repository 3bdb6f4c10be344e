"""The queue and the schedule of this context."""

from __future__ import annotations

from typing import Any

from chalice import Blueprint, Rate

from chalicelib.adapters import logs, queue
from chalicelib.channels import fan_out, queues, running
from chalicelib.channels.models import runs
from chalicelib.core import clock
from chalicelib.core.errors import PlatformError
from chalicelib.durable.sweep import sweep
from chalicelib.edge.worker import Batch, Message, backoff_s, consumes
from chalicelib.storage.tables import CHANNELS

workers = Blueprint(__name__)


@consumes(workers, queues.NOTIFY)
def notify(batch: Batch) -> None:
    """Spread events over their recipients, and move notifications on."""
    for message in batch.messages:
        try:
            _notify(message)
        except PlatformError as error:
            if error.retryable:
                message.again(backoff_s(message.receives))
            else:
                logs.log("notification.given_up", level="ERROR", error=type(error).__name__, reason=error.message)
        except Exception as error:  # noqa: BLE001 one poisonous message must not take its neighbours along
            logs.exception("notification.failed", error)
            message.again(backoff_s(message.receives))


def _notify(message: Message) -> None:
    body: dict[str, Any] | None = message.body
    if body is not None and "s" not in body:
        body = fan_out.spread(body)
    if body is not None:
        hide_s = running.run(body)
        if hide_s is not None:
            message.again(hide_s)


@workers.schedule(Rate(1, unit=Rate.MINUTES), name="channels_tick")
def channels_tick(_event: Any) -> None:
    """Bring what is due."""
    sweep(CHANNELS, runs.DUE, lambda letters: queue.send_many(queues.NOTIFY, letters), runs.run_message, clock.now_ms())

"""Every queue and schedule of this context."""

from __future__ import annotations

from chalice import Blueprint

from chalicelib.adapters import queue
from chalicelib.core import clock, figures
from chalicelib.core.errors import PlatformError
from chalicelib.durable import counts
from chalicelib.durable.sweep import sweep
from chalicelib.edge.worker import Batch, backoff_s, consumes, ticks
from chalicelib.storage.tables import DELIVERY, WORK
from chalicelib.subscriptions import dead_letters, deliveries, messages, models, polls, queues, upkeep
from chalicelib.subscriptions import fan_out as spreading

workers = Blueprint(__name__)
figures.kept_by(counts.add, counts.total_of_day)


@consumes(workers, queues.FAN_OUT)
def fan_out(batch: Batch) -> None:
    """Route events and send their deliveries."""
    spreading.fan_out(messages.well_formed(batch, messages.FAN_OUT))


@consumes(workers, queues.DELIVER)
def deliver(batch: Batch) -> None:
    """Make first attempts."""
    deliveries.deliver(messages.well_formed(batch, messages.DELIVER))


@consumes(workers, queues.RETRY)
def retry(batch: Batch) -> None:
    """Make attempts after a failure; renew webhooks, and finish ended subscriptions, that the due index brings."""
    usable = messages.well_formed(batch, messages.RETRY)
    deliveries.retry(usable)
    upkeep.keep_up(usable)


@consumes(workers, queues.POLL)
def poll(batch: Batch) -> None:
    """Run polls."""
    polls.poll(messages.well_formed(batch, messages.POLL))


@consumes(workers, queues.DEAD_LETTERS)
def bury(batch: Batch) -> None:
    """Write down what the queues gave up."""
    for message in batch.messages:
        try:
            dead_letters.bury(message)
        except PlatformError:
            message.again(backoff_s(message.receives))


@ticks(workers, "subscriptions_tick")
def tick() -> None:
    """Bring what is due."""
    now_ms = clock.now_ms()
    sweep(
        DELIVERY,
        models.DELIVERY_DUE,
        lambda letters: queue.send_many(queues.RETRY, letters),
        models.due_message,
        now_ms,
    )
    sweep(WORK, models.POLL_DUE, lambda letters: queue.send_many(queues.POLL, letters), models.poll_message, now_ms)

"""The queue and the schedule of this context."""

from __future__ import annotations

from typing import Any

from chalice import Blueprint

from chalicelib.adapters import queue
from chalicelib.channels import fan_out, queues, running
from chalicelib.channels.models import runs
from chalicelib.core import clock, figures
from chalicelib.durable import counts
from chalicelib.durable.sweep import sweep
from chalicelib.edge.worker import Batch, consumes, guarded, ticks
from chalicelib.storage.tables import CHANNELS

workers = Blueprint(__name__)
figures.kept_by(counts.add, counts.total_of_day)


@consumes(workers, queues.NOTIFY)
def notify(batch: Batch) -> None:
    """Spread events over their recipients, and move notifications on."""
    for message in batch.messages:
        guarded(message, lambda body: _notify(body, batch.deadline_ms))


def _notify(body: dict[str, Any], deadline_ms: int) -> float | None:
    one = body if "s" in body else fan_out.spread(body)
    return None if one is None else running.run(one, deadline_ms)


@ticks(workers, "channels_tick")
def channels_tick() -> None:
    """Bring what is due."""
    sweep(CHANNELS, runs.DUE, lambda letters: queue.send_many(queues.NOTIFY, letters), runs.run_message, clock.now_ms())

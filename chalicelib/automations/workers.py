"""Every queue and schedule of this context."""

from __future__ import annotations

from chalice import Blueprint

from chalicelib.adapters import queue
from chalicelib.automations import bells, engine, models, occurrences, queues, scheduling, turns
from chalicelib.core import clock, figures
from chalicelib.durable import counts, steps
from chalicelib.durable.sweep import sweep
from chalicelib.edge.worker import Batch, Message, consumes, each, ticks
from chalicelib.storage.tables import WORK

workers = Blueprint(__name__)
figures.kept_by(counts.add, counts.total_of_day)


@consumes(workers, queues.START)
def start(batch: Batch) -> None:
    """Start executions of triggers, and run them as far as they go; those above the limits by the backlog."""
    turns.take(batch, _start, turns.delay_of_start)


@consumes(workers, queues.ADVANCE)
def advance(batch: Batch) -> None:
    """Move executions on."""
    turns.take(batch, _advance)


@consumes(workers, queues.BACKLOG)
def advance_backlog(batch: Batch) -> None:
    """Move on those of workspaces that start more than their share."""
    turns.take(batch, lambda message, deadline_ms: (_start if "ev" in message.body else _advance)(message, deadline_ms))


@consumes(workers, queues.EVENT)
def spread_event(batch: Batch) -> None:
    """Give an event to everything that waits for it."""
    each(bells.spread)(batch)


@consumes(workers, queues.SCHEDULE)
def fire_schedule(batch: Batch) -> None:
    """Start what a clock starts."""
    each(scheduling.fire)(batch)


@ticks(workers, "automations_tick")
def tick() -> None:
    """Bring executions whose wait is over, and schedules."""
    now_ms = clock.now_ms()
    sweep(
        WORK,
        models.DUE,
        lambda letters: queue.send_many(queues.ADVANCE, letters),
        models.execution_message,
        now_ms,
    )
    sweep(
        WORK,
        models.SCHEDULE_DUE,
        lambda letters: queue.send_many(queues.SCHEDULE, letters),
        models.schedule_message,
        now_ms,
    )


def _start(message: Message, deadline_ms: int) -> float | None:
    return occurrences.start(message, deadline_ms)


def _advance(message: Message, deadline_ms: int) -> float | None:
    body = message.body
    if "c" in body:
        bells.ring(body["w"], body["x"], body["c"], wakes_itself=True)
    if "k" in body:  # whoever started it needs it no longer
        steps.cancel(WORK, models.execution_key(body["w"], body["x"]), clock.now_ms())
    return engine.advance(body["w"], body["x"], deadline_ms)

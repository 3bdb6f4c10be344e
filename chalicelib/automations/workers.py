"""Every queue and schedule of this context."""

from __future__ import annotations

import contextvars
from collections.abc import Callable
from typing import Any

from chalice import Blueprint, Rate

from chalicelib.adapters import logs, queue
from chalicelib.automations import engine, events, models, occurrences, queues, scheduling, usage
from chalicelib.core import clock
from chalicelib.core.errors import PlatformError
from chalicelib.durable.sweep import sweep
from chalicelib.edge.worker import Batch, Message, backoff_s, consumes
from chalicelib.storage.tables import WORK

workers = Blueprint(__name__)
TURN_MS = 20_000  # so that a batch is over before its messages are shown to others


@consumes(workers, queues.START)
def start(batch: Batch) -> None:
    """Start executions of triggers, and run them as far as they go."""
    _side_by_side(batch, lambda message, deadline_ms: occurrences.start(message, deadline_ms))


@consumes(workers, queues.ADVANCE)
def advance(batch: Batch) -> None:
    """Move executions on."""
    _side_by_side(batch, _advance)


@consumes(workers, queues.BACKLOG)
def advance_backlog(batch: Batch) -> None:
    """Move on those of workspaces that start more than their share."""
    _side_by_side(batch, _advance)


@consumes(workers, queues.EVENT)
def spread_event(batch: Batch) -> None:
    """Give an event to everything that waits for it."""
    for message in batch.messages:
        _guarded(message, lambda body: events.spread(body))


@consumes(workers, queues.SCHEDULE)
def fire_schedule(batch: Batch) -> None:
    """Start what a clock starts."""
    for message in batch.messages:
        _guarded(message, scheduling.fire)


@workers.schedule(Rate(1, unit=Rate.MINUTES), name="automations_tick")
def tick(_event: Any) -> None:
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


def _advance(message: Message, deadline_ms: int) -> float | None:
    body = message.body
    if "c" in body:
        events.ring(body["w"], body["x"], body["c"], wakes_itself=True)
    return engine.advance(body["w"], body["x"], deadline_ms)


def _side_by_side(batch: Batch, handle: Callable[[Message, int], float | None]) -> None:
    """Handle the messages of a batch at the same time; most of an execution's time is waiting for others."""
    deadline_ms = min(batch.deadline_ms, clock.now_ms() + TURN_MS)

    def one(message: Message) -> None:
        _guarded(message, lambda _body: handle(message, deadline_ms))

    if len(batch.messages) == 1:
        one(batch.messages[0])
    else:
        futures = [engine.turns().submit(contextvars.copy_context().run, one, message) for message in batch.messages]
        for future in futures:
            future.result()
    usage.flush()


def _guarded(message: Message, handle: Callable[[dict[str, Any]], float | None]) -> None:
    try:
        again_s = handle(message.body)
        if again_s is not None:
            message.again(again_s)
    except PlatformError as error:
        if error.retryable:
            message.again(backoff_s(message.receives))
        else:
            logs.log("message.given_up", level="ERROR", error=type(error).__name__, reason=error.message)
    except Exception as error:  # noqa: BLE001 one poisonous message must not take its neighbours along
        logs.exception("execution.bug", error)
        message.again(backoff_s(message.receives))

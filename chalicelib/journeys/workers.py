"""Every queue and schedule of this context."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chalice import Blueprint

from chalicelib.adapters import logs, queue
from chalicelib.core import clock, figures
from chalicelib.core.errors import PlatformError
from chalicelib.durable import counts
from chalicelib.durable.sweep import sweep
from chalicelib.edge.worker import Batch, consumes, guarded, ticks
from chalicelib.journeys import forgetting, jobs, lifecycle, moving, node_upkeep, queues, releasing, spreading
from chalicelib.journeys.models import batches, tokens
from chalicelib.journeys.models import nodes as stored_nodes
from chalicelib.journeys.reports import tokens_zip
from chalicelib.storage.tables import JOURNEYS

workers = Blueprint(__name__)
figures.kept_by(counts.add, counts.total_of_day)
TURN_MS = 30_000  # so that a batch is over before its messages are shown to others
_JOBS: dict[str, Callable[[dict[str, Any]], float | None]] = {
    "batch": releasing.work_on,
    "report": tokens_zip.build,
    "forget": forgetting.forget_tokens,
}


@consumes(workers, queues.STEP)
def journeys_step(batch: Batch) -> None:
    """Move tokens on, those of a batch together; when that fails, each by itself, so that one cannot stop the rest."""
    deadline_ms = min(batch.deadline_ms, clock.now_ms() + TURN_MS)
    try:
        moving.advance(batch.messages, deadline_ms)
    except Exception as error:  # noqa: BLE001 which of them is at fault is found by trying them alone
        if not isinstance(error, PlatformError):
            logs.exception("journey.batch_failed", error)
        for message in batch.messages:
            guarded(message, lambda _body, one=message: moving.advance([one], deadline_ms))  # type: ignore[misc]


@consumes(workers, queues.EVENT)
def journeys_event(batch: Batch) -> None:
    """Tell sources and waiting tokens of what customers did."""
    for message in batch.messages:
        guarded(message, spreading.spread)


@consumes(workers, queues.JOB, batch_size=1)
def journeys_job(batch: Batch) -> None:
    """Do a page of work on many tokens, a batch or a report."""
    for message in batch.messages:
        guarded(message, _job)


@consumes(workers, queues.LIFECYCLE, batch_size=1)
def journeys_lifecycle(batch: Batch) -> None:
    """Follow the dates of automations, and erase nodes."""
    for message in batch.messages:
        guarded(message, _keep_time)


@ticks(workers, "journeys_tick")
def journeys_tick() -> None:
    """Bring tokens, batches and automations whose time has come."""
    now_ms = clock.now_ms()
    for kind, queue_name, message_of in (
        (tokens.DUE, queues.STEP, tokens.message),
        (batches.DUE, queues.JOB, batches.message),
        (stored_nodes.DUE, queues.LIFECYCLE, stored_nodes.parts_of),
    ):
        sweep(JOURNEYS, kind, _sender(queue_name), message_of, now_ms, queries=2_000, letters=20_000)


def _sender(queue_name: str) -> Callable[[Any], None]:
    return lambda letters: queue.send_many(queue_name, letters)


def _job(body: dict[str, Any]) -> float | None:
    name = str(body["job"])
    if name in _JOBS:
        return _JOBS[name](body)
    jobs.JOBS[name](body)
    return None


def _keep_time(body: dict[str, Any]) -> None:
    if "a" in body:
        lifecycle.keep_time(body["w"], body["n"], body["a"])
    else:
        node_upkeep.keep(body["w"], body["n"])

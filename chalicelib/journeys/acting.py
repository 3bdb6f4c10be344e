"""Doing actions: several at the same time, each with what it needs at hand."""

from __future__ import annotations

import contextvars
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any

from chalicelib.adapters import logs
from chalicelib.core.cache import Cached
from chalicelib.core.errors import Unavailable
from chalicelib.journeys import texts
from chalicelib.journeys.steps import mail, tag, text, webhook
from chalicelib.journeys.steps.outcomes import Job, Later, Outcome, Throttled
from chalicelib.journeys.turns import Turn

OPERATIONS: dict[str, Callable[[Job], Outcome]] = {
    "CLAB_CAMPAIGN": mail.run,
    "CLAB_CAMPAIGN_SMS": text.run,
    "WEBHOOK": webhook.run,
    "TAG": tag.run,
}
OWN_FAULT_S = 5.0
_parameters: Cached[dict[str, Any]] = Cached(60, size=500)


@lru_cache(maxsize=1)
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(32, thread_name_prefix="journey")


def job_of(turn: Turn, now_ms: int) -> Job:
    """Prepare the action a token has walked to. Raises NotFound when a newer graph has replaced this one."""
    step, head = turn.step, turn.head
    parameters = _parameters.get((head.id, head.graph_hash, step["uuid"]), lambda: texts.of(head, step))
    return Job(turn.view, head, turn.node, step, parameters or {}, now_ms)


def run_all(jobs: list[Job]) -> list[Outcome]:
    """Do actions side by side; most of their time is waiting for others."""
    if len(jobs) < 2:
        return [run(job) for job in jobs]
    futures = [_pool().submit(contextvars.copy_context().run, run, job) for job in jobs]
    return [future.result() for future in futures]


def run(job: Job) -> Outcome:
    """Do one action. A fault of our own side is no outcome of the step: it is tried again and counts as no attempt."""
    try:
        return OPERATIONS[str(job.step["operation"])](job)
    except Unavailable:
        return Throttled(OWN_FAULT_S)
    except Exception as error:  # noqa: BLE001 one token's bug must not take its neighbours along
        logs.exception("journey.action_failed", error, step=job.step["uuid"])
        return Later("the step failed for a reason of ours")

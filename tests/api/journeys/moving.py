"""Lets the workers of journeys do what is to be done now."""

from __future__ import annotations

from typing import Any

from chalicelib.core import cache
from chalicelib.journeys import queues, throttle, workers
from tests.queues import drain

HANDLERS = {
    queues.LIFECYCLE: workers.journeys_lifecycle,
    queues.JOB: workers.journeys_job,
    queues.EVENT: workers.journeys_event,
    queues.STEP: workers.journeys_step,
}


def pump() -> None:
    """Work until nothing is visible."""
    cache.forget_all()
    throttle.forget()
    while sum(drain(name, handler) for name, handler in HANDLERS.items()):
        pass


def tick() -> None:
    """Let a minute's schedule run, and the workers after it."""
    fields = ("version", "account", "region", "detail-type", "source", "time", "id")
    event: dict[str, Any] = dict.fromkeys(fields, "") | {"detail": {}, "resources": []}
    workers.journeys_tick(event, None)
    pump()

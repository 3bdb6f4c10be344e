"""Lets the workers of journeys do what is to be done now."""

from __future__ import annotations

from typing import Any

from chalicelib.core import cache
from chalicelib.credentials import sealing
from chalicelib.identity import secrets
from chalicelib.journeys import queues, throttle, workers
from tests.queues import deliver, drain, receive

HANDLERS = {
    queues.JOB: workers.journeys_job,
    queues.EVENT: workers.journeys_event,
    queues.STEP: workers.journeys_step,
}
ROUNDS = 12


def pump() -> None:
    """Work until nothing is visible."""
    cache.forget_all()
    throttle.forget()
    secrets.forget()  # a function knows only what it has read itself
    sealing.forget()
    for _ in range(ROUNDS):
        clock = receive(queues.LIFECYCLE)  # once a round: what is being erased calls for itself until it is gone
        if clock:
            deliver(queues.LIFECYCLE, workers.journeys_lifecycle, clock)
        if not sum(drain(name, handler) for name, handler in HANDLERS.items()) and not clock:
            return


def tick() -> None:
    """Let a minute's schedule run, and the workers after it."""
    fields = ("version", "account", "region", "detail-type", "source", "time", "id")
    event: dict[str, Any] = dict.fromkeys(fields, "") | {"detail": {}, "resources": []}
    workers.journeys_tick(event, None)
    pump()

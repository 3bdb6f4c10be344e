"""Drives every deployed function from cold, as the queues and the clock would, with nothing faked but the network."""

from __future__ import annotations

from typing import Any

import app
from chalicelib.adapters import queue
from chalicelib.automations import lanes, loading
from chalicelib.core import cache
from chalicelib.credentials import sealing
from chalicelib.identity import secrets
from infra.functions import API, FUNCTIONS
from tests.conftest import Clock
from tests.queues import deliver, receive

_TICK = dict.fromkeys(("version", "id", "account", "region", "source", "time", "detail-type"), "")
TICK = {**_TICK, "detail": {}, "resources": []}
HANDLERS: dict[str, Any] = {
    function.name: app.app.handler_map[function.name] for function in FUNCTIONS if function.name != API
}


def cold() -> None:
    """Forget what a function that has just started does not know."""
    cache.forget_all()
    loading.forget()
    lanes.forget()
    sealing.forget()
    secrets.forget()
    queue.forget()


def pump(still: Clock, rounds: int = 6, *, step_s: float = 15) -> None:
    """Let every function work, each from cold, some time passing between its batches."""
    for _ in range(rounds):
        for function in FUNCTIONS:
            if function.queue:
                still.advance_s(step_s)
                cold()
                messages = receive(function.queue)
                if messages:
                    deliver(function.queue, HANDLERS[function.name], messages)
    cold()


def tick(name: str) -> None:
    """Let a schedule fire once; a sweep asks for each minute since the last one, so others are left alone."""
    cold()
    HANDLERS[name](TICK, None)

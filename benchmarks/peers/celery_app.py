"""Celery with Redis as broker and record of results; the entry is a small WSGI application."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any

from celery import Celery
from order import deliver, transform

app = Celery("orders", broker=os.environ["BENCH_REDIS"], backend=os.environ["BENCH_REDIS"])
app.conf.update(
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=4,
    broker_transport_options={"visibility_timeout": 10},
)


@app.task(name="order", autoretry_for=(Exception,), retry_backoff=1, max_retries=10)
def order(message_id: str, event: str) -> Any:
    """Transform one event and send it on."""
    data = transform(event)
    deliver(message_id, data)
    return data


def entry(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Take one event: 200 once the broker has it."""
    event = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])).decode()
    delivery_id = environ["HTTP_X_DELIVERY_ID"]
    order.apply_async((delivery_id, event), task_id=delivery_id)
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", "2")])
    return [b"{}"]

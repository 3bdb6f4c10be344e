"""DBOS on SQLite: a durable workflow of two steps; the entry is a small WSGI application in the same process."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from typing import Any

from dbos import DBOS, DBOSConfig, SetWorkflowID
from order import deliver, transform
from waitress import serve

config: DBOSConfig = {
    "name": "orders",
    "system_database_url": os.environ["BENCH_DATABASE"],
    "max_executor_threads": 8,
    "log_level": "WARNING",
}
DBOS(config=config)


@DBOS.step(retries_allowed=True, max_attempts=10)
def send(message_id: str, data: Any) -> None:
    """Send one outcome on."""
    deliver(message_id, data)


@DBOS.step()
def change(event: str) -> Any:
    """Transform one event."""
    return transform(event)


@DBOS.workflow()
def order(message_id: str, event: str) -> Any:
    """Transform one event and send it on."""
    data = change(event)
    send(message_id, data)
    return data


def entry(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Take one event: 200 once its workflow is recorded."""
    event = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])).decode()
    delivery_id = environ["HTTP_X_DELIVERY_ID"]
    with SetWorkflowID(delivery_id):
        DBOS.start_workflow(order, delivery_id, event)
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", "2")])
    return [b"{}"]


if __name__ == "__main__":
    DBOS.launch()
    serve(entry, host="127.0.0.1", port=int(sys.argv[1]), threads=8)

"""The work itself for peers in Python: run in the peer's own environment, so nothing of Millrace is imported.

The transform is the JavaScript of the benchmark, run by the same engine in a fresh context. It runs inside the peer's
own process, which is cheaper than Millrace's child process and holds no hostile script.
"""

from __future__ import annotations

import datetime
import json
import os
from typing import Any

import quickjs
import requests
from standardwebhooks import Webhook

_TRANSFORM = os.environ["BENCH_TRANSFORM"]
_TARGET = os.environ["BENCH_TARGET"]
_signer = Webhook(os.environ["BENCH_SECRET"])
_session = requests.Session()


def transform(event: str) -> Any:
    """Run the JavaScript over one event."""
    context = quickjs.Context()
    context.set_memory_limit(64_000_000)
    run = context.eval("(text) => JSON.stringify(((notification) => {" + _TRANSFORM + "})({body: JSON.parse(text)}))")
    return json.loads(run(event))


def deliver(message_id: str, data: Any) -> None:
    """POST the outcome, signed by Standard Webhooks; raise unless it is taken."""
    now = datetime.datetime.now(tz=datetime.UTC)
    body = json.dumps({"type": "order.placed", "timestamp": now.isoformat(), "data": data})
    headers = {
        "Content-Type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": _signer.sign(message_id, now, body),
    }
    _session.post(_TARGET, data=body, headers=headers, timeout=15).raise_for_status()

"""The whole platform in this process, worked by hand, and a meter that counts its AWS calls at the client."""

from __future__ import annotations

import io
import json
import multiprocessing
import os
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks.workload import FREE, KEY


class Meter:
    """Counts calls by operation, and items written by them."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()

    def watch(self, _service: str, client: Any) -> None:
        """Count this client's calls."""
        client.meta.events.register("before-parameter-build", self._count)

    def _count(self, model: Any, params: dict[str, Any], **_: Any) -> None:
        name, body = model.name, params
        self.calls[name] += 1
        if name == "BatchWriteItem":
            self.calls["items written"] += sum(len(requests) for requests in body["RequestItems"].values())
        elif name in ("PutItem", "UpdateItem", "DeleteItem"):
            self.calls["items written"] += 1
        elif name == "TransactWriteItems":
            self.calls["items written"] += 2 * len(body["TransactItems"])
        elif name == "SendMessage":
            self.calls["messages"] += 1
        elif name == "SendMessageBatch":
            self.calls["messages"] += len(body["Entries"])

    def take(self) -> Counter[str]:
        """Give what was counted, and start anew."""
        taken, self.calls = self.calls, Counter()
        return taken


class Machine:
    """The whole platform in this process, worked by hand: one request, then one queue at a time."""

    def __init__(self, folder: str) -> None:
        os.environ |= {
            "MILLRACE_DATA_DIR": folder,
            "MILLRACE_DEV_KEYS": f"{KEY}=bench",
            "MILLRACE_EGRESS_ALLOW": "127.0.0.1:*",
            "MILLRACE_LOG_LEVEL": "CRITICAL",
            **FREE,
        }
        from chalicelib.adapters import aws
        from chalicelib.core import config
        from chalicelib.edge import reporting
        from infra.local import gateway, stack

        config.forget()
        reporting.pace()  # figures are written by the clock, as on one machine
        Path(folder).mkdir(exist_ok=True)
        stack.prepare()
        from app import app

        self._gateway = gateway.Gateway(app)
        self._consumers = {name.removeprefix("millrace-"): handler for name, handler, _ in stack.handlers()[0]}
        self.meter = Meter()
        aws.on_client(self.meter.watch)

    def use(self, meter: Meter) -> None:
        """Count with another meter from now on."""
        from chalicelib.adapters import aws

        self.meter = meter
        aws.on_client(meter.watch)

    def call(self, method: str, target: str, body: Any = None, *, accepts: int = 200, **headers: str) -> Any:
        """Make one request and give the parsed answer. Raises RuntimeError on any other status."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else b""
        environ = {
            "REQUEST_METHOD": method,
            "REQUEST_URI": target,
            "wsgi.input": io.BytesIO(raw),
            "CONTENT_TYPE": "application/json",
            "HTTP_X_API_KEY": KEY,
            **{f"HTTP_{name.upper()}": value for name, value in headers.items()},
        }
        status: list[str] = []
        answer = b"".join(self._gateway(environ, lambda line, _headers: status.append(line)))
        if not status[0].startswith(str(accepts)):
            raise RuntimeError(f"{target}: {status[0]} {answer[:300]!r}")
        return json.loads(answer) if answer else None

    def drain(self, queue_name: str) -> Counter[str]:
        """Handle what waits in a queue, to its end; give what that cost without receiving and deleting."""
        from chalicelib.adapters import aws, queue
        from infra.local.mapping import Context, _record

        total: Counter[str] = Counter()
        while True:
            sqs, url = aws.client("sqs"), queue.url(queue_name)
            messages = sqs.receive_message(
                QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["ApproximateReceiveCount"]
            ).get("Messages", [])
            if not messages:
                return total
            self.meter.take()
            self._consumers[queue_name]({"Records": [_record(message) for message in messages]}, Context(60))
            total += self.meter.take()
            entries = [{"Id": str(n), "ReceiptHandle": m["ReceiptHandle"]} for n, m in enumerate(messages)]
            sqs.delete_message_batch(QueueUrl=url, Entries=entries)


def apart(work: Callable[..., Any], *given: Any) -> Any:
    """Do something in a new process: settings and clients of a process are made once."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), silence) as pool:
        return pool.submit(work, *given).result()  # not Pool, whose processes may have no children


def silence() -> None:
    """Let the platform's log lines in this process go nowhere; what is worth saying comes back by a pipe."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)

"""AWS calls per act, beside their floors: what an act writes, reads and sends, counted at the client."""

from __future__ import annotations

import io
import json
import os
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from benchmarks.workload import KEY, TRANSFORM, body_of
from infra.harness.receiver import Receiver


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
        }
        from chalicelib.adapters import aws
        from chalicelib.core import config
        from infra.local import gateway, stack

        config.forget()
        Path(folder).mkdir(exist_ok=True)
        stack.prepare()
        from app import app

        self._gateway = gateway.Gateway(app)
        self._consumers = {name.removeprefix("millrace-"): handler for name, handler, _ in stack.handlers()[0]}
        self.meter = Meter()
        aws.on_client(self.meter.watch)

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


def main() -> None:
    """Count each act and print it with its floor."""
    with tempfile.TemporaryDirectory() as folder:
        machine, receiver = Machine(folder), Receiver()
        _scene(machine, receiver)
        hook = machine.call("GET", "/v1/service/shop/webhookSetting?userId=bench")["url"].split("1290", 1)[1]
        for number in range(20):  # caches as they are when running
            machine.call("POST", hook, body_of(number), x_delivery_id=f"warm-{number}")
        machine.drain("subscriptions_fan_out")
        machine.drain("subscriptions_deliver")
        machine.meter.take()
        machine.call("POST", hook, body_of(1), x_delivery_id="one")
        _print("accept an event", machine.meter.take(), 1, "1 W, 0 R, 1 M")
        _print("fan it out to 1 subscription", machine.drain("subscriptions_fan_out"), 1, "0 W, 1 M")
        _print("deliver it, first try good", machine.drain("subscriptions_deliver"), 1, "1 W with a log")
        for number in range(10):
            machine.call("POST", hook, body_of(number), x_delivery_id=f"ten-{number}")
        _print("fan out, 10 events at once", machine.drain("subscriptions_fan_out"), 10, "per event: 0 W, 1 M")
        _print("deliver, 10 at once", machine.drain("subscriptions_deliver"), 10, "per event: 1 W with a log")
        _failing(machine, hook, receiver)
        _wide(machine, receiver, hook)
        _polled(machine, receiver)


def _scene(machine: Machine, receiver: Receiver) -> None:
    machine.call("POST", "/v1/user", {"userId": "bench"})
    machine.call("POST", "/v1/service?userId=bench", {"name": "shop"})
    machine.call("POST", "/v1/service/shop/version?userId=bench", {"name": "1.0.0", "published": True})
    logic = {"route": {"language": "javascript", "code": "return notification.body.to || 'order.placed';"}}
    event = {"name": "order", "setting": {"deliveryIdHeader": "x-delivery-id"}, "logic": logic}
    machine.call("POST", "/v1/service/shop/event?userId=bench", event)
    for name in ("order.placed", "order.lost", "order.wide"):
        code = {"trigger": {"language": "javascript", "code": TRANSFORM}}
        machine.call("POST", "/v1/service/shop/trigger?userId=bench", {"name": name, "logic": code})
    _subscribe(machine, receiver, "order.placed", "/one")


def _subscribe(machine: Machine, receiver: Receiver, trigger: str, path: str, url: str = "") -> None:
    target = f"/v1/service/shop/trigger/{trigger}/subscription?userId=bench"
    made = machine.call("POST", target, {"url": url or receiver.url(path)})
    receiver.inbox(path, made["secret"])


def _failing(machine: Machine, hook: str, receiver: Receiver) -> None:
    _subscribe(machine, receiver, "order.lost", "/lost", "http://127.0.0.1:9/")
    body = json.dumps({**json.loads(body_of(1)), "to": "order.lost"}).encode()
    machine.call("POST", hook, body, x_delivery_id="lost")
    machine.drain("subscriptions_fan_out")
    _print("deliver, first try failed", machine.drain("subscriptions_deliver"), 1, "1 W, 1 M")


def _wide(machine: Machine, receiver: Receiver, hook: str) -> None:
    count = 400
    for number in range(count):
        _subscribe(machine, receiver, "order.wide", f"/wide/{number}")
    body = json.dumps({**json.loads(body_of(1)), "to": "order.wide"}).encode()
    machine.call("POST", hook, body, x_delivery_id="wide")
    floor = "per subscription: 0 W, 0.01 queries, 0.11 send calls"
    _print(f"fan out to {count} subscriptions", machine.drain("subscriptions_fan_out"), count, floor)
    _print(f"deliver {count}", machine.drain("subscriptions_deliver"), count, "per delivery: 1 W with a log")


def _polled(machine: Machine, receiver: Receiver) -> None:
    from chalicelib.adapters import queue
    from chalicelib.core import clock

    count = 5
    records = f"cursor === 2 ? [...Array({count}).keys()].map(id => ({{id}})) : []"
    code = f"return {{cursor: cursor ? cursor + 1 : 1, records: {records}}};"
    logic = {"poll": {"language": "javascript", "code": code}}
    machine.call("POST", "/v1/service/shop/trigger?userId=bench", {"name": "order.polled", "logic": logic})
    _subscribe(machine, receiver, "order.polled", "/polled")
    machine.drain("subscriptions_poll")
    subscription = machine.call("GET", "/v1/subscription?userId=bench")[-1]["id"]
    for number, (act, floor) in enumerate((("no news", "2 W"), (f"{count} records", f"{count} + 2 W, {count} M")), 1):
        clock.use(lambda number=number: int(time.time() * 1000) + number * 120_000)  # type: ignore[misc]
        queue.send("subscriptions_poll", {"w": "bench", "s": subscription})
        _print(f"poll with {act}", machine.drain("subscriptions_poll"), 1, floor)
    clock.use(None)


def _print(act: str, counted: Counter[str], per: int, floor: str) -> None:
    shown = ", ".join(f"{name} {count / per:.3g}" for name, count in sorted(counted.items()))
    print(f"{act}: {shown or 'nothing'}   [floor {floor}]")

"""The subscriptions context against an emulated cloud: queues pumped by hand, third parties and receivers in memory."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from chalicelib.adapters import aws, queue
from chalicelib.adapters.http_client import Headers, Request, Response
from chalicelib.adapters.javascript import Outcome
from chalicelib.connectors.models import Component, Event, Service, Trigger
from chalicelib.connectors.public import HookRun
from chalicelib.core import clock
from chalicelib.core.call import Call, Caller
from chalicelib.durable.counts import MARK
from chalicelib.identity.models import User
from chalicelib.storage.expressions import Row
from chalicelib.storage.tables import DELIVERY
from chalicelib.subscriptions import models, notifications, queues, signatures, subscriptions, workers
from chalicelib.subscriptions.models import Subscription
from chalicelib.subscriptions.schemas import TriggerSubscriptionIn
from infra import queues as all_queues

W = "w1"
URL = "https://receiver.example/hook"
HANDLERS = {
    queues.FAN_OUT: workers.fan_out,
    queues.DELIVER: workers.deliver,
    queues.RETRY: workers.retry,
    queues.POLL: workers.poll,
    all_queues.DEAD_LETTERS: workers.bury,
}
Hook = Callable[..., Any]


class Crash(BaseException):
    """The process ends here."""


class Context:
    """As much of Lambda's context as is used."""

    def get_remaining_time_in_millis(self) -> int:
        return 60_000


class World:
    """One workspace with one user and one service, and everything around it."""

    def __init__(self, moto: Any) -> None:
        self.moto = moto
        self.calls: Counter[str] = Counter()
        self.sent: list[Request] = []
        self.answers: dict[str, Callable[[Request], Response]] = {}
        self.hooks: dict[tuple[str, str], Hook] = {}
        self.runs: Counter[tuple[str, str]] = Counter()
        self.before_call: Callable[[str], None] | None = None
        self.after_call: Callable[[str], None] | None = None
        self.is_inside = False  # faults strike the platform, not the queues' own deliveries
        self.user = User.new(W, id="u-1", user_id="ann@example.com").insert()
        self.service = Service.new(W, id="svc-1", name="shop", platform_id="acme").insert()
        self.event = self.add_event("hook", setting={"deliveryIdHeader": "X-Delivery"})

    # --- what is there ----------------------------------------------------------------------------------------

    def add_event(self, name: str, **fields: Any) -> Event:
        return Event.new(W, id=f"ev-{name}", name=name, service_id=self.service.id, **fields).insert()

    def add_trigger(self, name: str, **fields: Any) -> Trigger:
        return Trigger.new(W, id=f"tr-{name}", name=name, service_id=self.service.id, **fields).insert()

    def hook(self, component: Component, name: str, does: Hook) -> None:
        """Give a component a hook that runs as Python."""
        component.logic[name] = {"language": "javascript", "code": "return null"}
        component.save()
        self.hooks[component.name, name] = does

    def run_hook(self, run: HookRun) -> Outcome:
        self.runs[run.component.name, run.hook] += 1
        value = self.hooks[run.component.name, run.hook](**run.bindings)
        return Outcome(json.loads(json.dumps(value)), [], 0.1, 0.1, 0)

    def insert(self, trigger: Trigger, number: int = 0, **fields: Any) -> Subscription:
        """Store a subscription directly."""
        from chalicelib.subscriptions import secrets

        name = fields.pop("id", f"sub-{number:05d}")
        item = Subscription.new(
            W,
            id=name,
            user_id=self.user.id,
            user_key=self.user.user_id,
            service_id=self.service.id,
            service="shop",
            platform="acme",
            trigger_id=trigger.id,
            trigger=trigger.name,
            secret=secrets.seal_secret(W, name, signatures.new_secret()),
            **{"url": URL, **fields},
        )
        assert models.insert_subscription(item, None)
        return item

    # --- what happens -----------------------------------------------------------------------------------------

    def call(self, operation: str = "test", **parts: Any) -> Call:
        caller = Caller(W, "k", frozenset())
        query = {"userId": self.user.user_id, **parts.pop("query", {})}
        return Call(operation, caller, "r-1", query=query, **parts)

    def subscribe(self, trigger: Trigger, **body: Any) -> dict[str, Any]:
        call = self.call(path={"service_id": self.service.id, "trigger_id": trigger.id})
        call.body = TriggerSubscriptionIn.read({"url": URL, **body})
        return subscriptions.create_for_trigger(call)

    def notify(self, body: Any = None, delivery: str | None = None, **headers: str) -> Any:
        """A third party notifies."""
        if delivery is not None:
            headers["x-delivery"] = delivery
        raw = body if isinstance(body, bytes) else json.dumps({"n": 1} if body is None else body).encode()
        call = self.call(path={"hook_key": self.event.id}, headers=headers, raw_body=raw)
        with self.inside():
            return notifications.receive_post(call)

    def send(self, workspace_id: str, request: Request) -> Response:
        """A receiver answers; 204 unless told otherwise."""
        assert workspace_id == W
        self.sent.append(request)
        answer = self.answers.get(request.url)
        return answer(request) if answer is not None else response(204)

    def answer(self, status: int, headers: dict[str, str] | None = None, url: str = URL) -> None:
        self.answers[url] = lambda _request: response(status, headers)

    # --- time and queues --------------------------------------------------------------------------------------

    def advance(self, seconds: float) -> None:
        self.moto.clock.offset_ms += int(seconds * 1000)

    def receive(self, name: str) -> list[dict[str, Any]]:
        sqs = aws.client("sqs")
        address = queue.url(name)
        answer = sqs.receive_message(
            QueueUrl=address, MaxNumberOfMessages=10, AttributeNames=["ApproximateReceiveCount"]
        )
        return [dict(message, Url=address) for message in answer.get("Messages", ())]

    def step(self, name: str, *, repeat: bool = False) -> int:
        """Let the consumer of a queue handle one batch; `repeat` leaves the messages in the queue as a crash would."""
        messages = self.receive(name)
        if not messages:
            return 0
        handled = self.handle(name, messages)
        failed = {entry["itemIdentifier"] for entry in handled["batchItemFailures"]}
        for message in messages:
            if message["MessageId"] not in failed and not repeat:
                aws.client("sqs").delete_message(QueueUrl=message["Url"], ReceiptHandle=message["ReceiptHandle"])
        return len(messages)

    def handle(self, name: str, messages: list[dict[str, Any]]) -> dict[str, Any]:
        records = [
            {
                "messageId": message["MessageId"],
                "receiptHandle": message["ReceiptHandle"],
                "body": message["Body"],
                "attributes": message.get("Attributes", {}),
            }
            for message in messages
        ]
        with self.inside():
            result: dict[str, Any] = HANDLERS[name]({"Records": records}, Context())
        return result

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Here runs the platform's own code."""
        self.is_inside = True
        try:
            yield
        finally:
            self.is_inside = False

    def pump(self, *names: str) -> int:
        """Work until no message is visible."""
        total = 0
        while handled := sum(self.step(name) for name in names or HANDLERS):
            total += handled
        return total

    def bring_due(self, item: Subscription | str) -> None:
        """Let the time of every pending delivery come, with the message the due index would send."""
        for row in self.deliveries(item):
            if row["st"] == "pending":
                self.advance(max(0.0, (row["due"] - clock.now_ms()) / 1000) + 0.01)
                queue.send(queues.RETRY, models.due_message(row["pk"], row["sk"]))
        self.pump(queues.RETRY)

    def tick(self) -> None:
        """Run the schedule once."""
        fields = ("version", "id", "account", "region", "source", "time", "detail-type")
        workers.tick(dict.fromkeys(fields, "") | {"detail": {}, "resources": []}, Context())

    # --- what one sees ----------------------------------------------------------------------------------------

    def deliveries(self, item: Subscription | str) -> list[Row]:
        name = item if isinstance(item, str) else item.id
        return DELIVERY.query_all(models.delivery_partition(W, name))

    def find(self, item: Subscription | str) -> Subscription:
        return Subscription.find(W, id=item if isinstance(item, str) else item.id)

    def count_calls(self) -> Counter[str]:
        """Start counting AWS calls anew; `sums` are those that add to what happened in the workspace."""
        self.calls = Counter()
        return self.calls

    def watch(self) -> Any:
        """Count calls, and let tests break them before or after their effect."""
        from botocore.client import BaseClient

        make = BaseClient._make_api_call

        def call(client: Any, operation: str, request: Any) -> Any:
            is_sum = operation == "UpdateItem" and MARK in request["Key"]["pk"]["S"]
            self.calls["sums" if is_sum else operation] += 1
            if self.before_call is not None and self.is_inside:
                self.before_call(operation)
            answer = make(client, operation, request)
            if self.after_call is not None and self.is_inside:
                self.after_call(operation)
            return answer

        return mock.patch.object(BaseClient, "_make_api_call", call)


def response(status: int, headers: dict[str, str] | None = None, body: bytes = b"") -> Response:
    return Response(status, Headers((headers or {}).items()), body, False, 1.0, URL)


def bodies(sent: list[Request]) -> list[dict[str, Any]]:
    return [json.loads(request.body or b"") for request in sent]


def ids_of(sent: list[Request]) -> list[str]:
    return [request.headers["webhook-id"] for request in sent]


def now_iso() -> str:
    return clock.iso_ms(clock.now_ms())

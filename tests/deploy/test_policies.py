"""Every function, in turn and from cold, does its part of the main job with nothing faked but the network.

What it calls meanwhile is recorded (`recorder.py`) like the calls of every other test; `tests/conftest.py` fails a
test whose calls a policy does not grant, and the whole run when a policy grants what nothing used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from chalicelib.adapters import http_client, queue
from chalicelib.connectors.workers import connectors_import
from chalicelib.core import cache
from chalicelib.credentials import sealing
from chalicelib.identity import secrets
from chalicelib.identity.workers import platform_cleanup
from chalicelib.subscriptions import workers
from infra import policies, queues
from infra.functions import FUNCTIONS, STAGES
from tests.builders import (
    USER,
    make_event,
    make_security,
    make_service,
    make_token,
    make_trigger,
    make_user,
    make_variable,
)
from tests.client import Client, quoted, with_query
from tests.conftest import Clock
from tests.deploy import recorder
from tests.fakes.http_client import FakeHttp
from tests.queues import bodies, deliver, drain, receive

URL = "https://receiver.example/hook"
HANDLERS: dict[str, Callable[..., Any]] = {
    "subscriptions_fan_out": workers.fan_out,
    "subscriptions_deliver": workers.deliver,
    "subscriptions_retry": workers.retry,
    "subscriptions_poll": workers.poll,
    "platform_cleanup": platform_cleanup,
    "connectors_import": connectors_import,
    "dead_letters": workers.bury,
}
LARGE = "x" * 150_000  # more than a row holds


@pytest.fixture
def outside(monkeypatch: pytest.MonkeyPatch, no_delays: None) -> Iterator[FakeHttp]:
    fake = FakeHttp()
    monkeypatch.setattr(http_client, "send", fake.send)
    yield fake


def cold() -> None:
    """Forget what a function that has just started does not know."""
    cache.forget_all()
    sealing.forget()
    secrets.forget()
    queue.forget()


def pump(still: Clock, rounds: int = 6) -> None:
    """Let every function work, each from cold, a minute passing between its batches."""
    for _ in range(rounds):
        for name, handler in HANDLERS.items():
            still.advance_s(15)
            cold()
            messages = receive(name)
            if messages:
                deliver(name, handler, messages)
    cold()


def tick() -> None:
    fields = ("version", "id", "account", "region", "source", "time", "detail-type")
    workers.tick(dict.fromkeys(fields, "") | {"detail": {}, "resources": []}, None)


def subscribe(client: Client, service: str, trigger: str) -> str:
    path = quoted("v1", "service", service, "trigger", trigger, "subscription")
    return str(client.post(with_query(path, userId=USER), {"url": URL}).ok()["id"])


def notify(client: Client, service: str, body: Any) -> None:
    address = client.get(with_query(quoted("v1", "service", service, "webhookSetting"), userId=USER)).ok()["url"]
    cold()
    client.post("/v1/hook/" + address.rpartition("/")[2], body).ok()


def test_the_main_job_needs_no_more_than_the_policies_grant(client: Client, outside: FakeHttp, still: Clock) -> None:
    outside.answer(URL, 500)
    outside.answer(URL, 204)
    make_user(client)
    service = make_service(client, scripts={"id": "return args[0]"})
    make_variable(client, service, name="secret", value="sealed")
    make_token(client, make_security(client, service))
    seen = "[service.vars.secret, service.token.key, notification.body]"
    make_event(client, service, "return service.vars.secret === 'sealed' ? 'order' : null")
    hooks = {"trigger": f"return {seen}", "create": "return {id: service.token.key}", "delete": "return stored.id"}
    trigger = make_trigger(client, service, name="order", logic=hooks)["id"]
    poll = "return {records: [{id: service.token.key + service.vars.secret}], cursor: 1, emit: true}"
    polled = make_trigger(client, service, name="polled", logic={"poll": poll, "trigger": "return notification"})["id"]
    made = [subscribe(client, service, one) for one in (trigger, polled)]
    notify(client, service, {"n": 1, "large": LARGE})
    pump(still)
    assert len(outside.sent) >= 3
    tick()
    pump(still)
    for one in made:
        client.delete(with_query(quoted("v1", "subscription", one), userId=USER)).ok()
    client.delete(with_query(quoted("v1", "service", service), userId=USER)).ok()
    client.delete(quoted("v1", "user", USER)).ok()
    pump(still)


def test_a_dead_letter_needs_no_more_than_the_policies_grant(client: Client, outside: FakeHttp, still: Clock) -> None:
    make_user(client)
    service = make_service(client)
    make_event(client, service, "return 'order'")
    trigger = make_trigger(client, service, name="order")["id"]
    subscribe(client, service, trigger)
    notify(client, service, {"large": LARGE})
    drain("subscriptions_fan_out", workers.fan_out)
    (letter,) = bodies("subscriptions_deliver")
    queue.send("dead_letters", letter)
    pump(still)


def test_no_action_and_no_resource_is_a_wildcard() -> None:
    own = ("${BlobBucket.Arn}/*", ":log-stream:*")
    for function in FUNCTIONS:
        for statement in policies.document(function, STAGES["prod"])["Statement"]:
            assert not any("*" in action for action in statement["Action"])
            resources = statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]]
            texts = [one.get("Fn::Sub", "") for one in resources]
            assert not [text for text in texts if "*" in text and not text.endswith(own)]


def test_the_recorder_sees_what_is_lacking() -> None:
    stranger = ("chalicelib.subscriptions.workers.bury", "dynamodb:DeleteItem", "vault")
    recorder.calls.add(stranger)
    try:
        assert any("DeleteItem on vault" in fault for fault in recorder.faults())
    finally:
        recorder.calls.discard(stranger)


def test_every_queue_is_fed_by_a_function_of_this_test() -> None:
    assert HANDLERS.keys() <= {*queues.QUEUES, queues.DEAD_LETTERS}

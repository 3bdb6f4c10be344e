"""Every function, in turn and from cold, does its part of the main job with nothing faked but the network.

What it calls meanwhile is recorded (`recorder.py`) like the calls of every other test, and held against the policies
when the run is over (`at_the_end.py`).
"""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.adapters import http_client, queue
from chalicelib.subscriptions import workers
from chalicelib.subscriptions.models import shards
from infra import policies
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
from tests.deploy.driving import cold, pump, tick
from tests.fakes.http_client import FakeHttp
from tests.queues import bodies, drain

URL = "https://receiver.example/hook"
LARGE = "x" * 150_000  # more than a row holds


@pytest.fixture
def outside(monkeypatch: pytest.MonkeyPatch, no_delays: None) -> Iterator[FakeHttp]:
    fake = FakeHttp()
    monkeypatch.setattr(http_client, "send", fake.send)
    yield fake


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
    tick("subscriptions_tick")
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


def test_a_trigger_with_many_subscriptions_needs_no_more_than_the_policies_grant(
    client: Client, outside: FakeHttp, still: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shards, "FULL", 1)
    make_user(client)
    service = make_service(client)
    trigger = make_trigger(client, service, name="order")["id"]
    path = with_query(quoted("v1", "service", service, "trigger", trigger, "subscription"), userId=USER)
    for number in range(100):  # one in sixteen looks how many there are
        client.post(path, {"url": f"{URL}/{number}"}).ok()
        if shards.fan_out_page(client.key, trigger, "1", None, 1).rows:
            break
    else:
        raise AssertionError("it never became many")
    client.delete(with_query(quoted("v1", "service", service, "trigger", trigger), userId="developer")).ok()
    pump(still)
    assert shards.fan_out_page(client.key, trigger, "0", None, 1).rows == []


def test_no_action_and_no_resource_is_a_wildcard() -> None:
    own = ("${BlobBucket.Arn}/*", ":log-stream:*")
    for function in FUNCTIONS:
        for chosen in policies.document(function, STAGES["prod"])["Statement"]:
            statement = chosen.get("Fn::If", [None, chosen])[1]
            assert not any("*" in action for action in statement["Action"])
            if set(statement["Action"]) <= policies.UNBOUND:
                continue
            resources = statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]]
            texts = [one.get("Fn::Sub", "") for one in resources]
            assert not [text for text in texts if "*" in text and not text.endswith(own)]


def test_the_recorder_sees_what_is_lacking() -> None:
    stranger = ("chalicelib.subscriptions.workers.bury", "dynamodb:DeleteItem", "vault")
    recorder.calls.add(stranger)
    try:
        wanted = f"bury ({stranger[0]}) calls dynamodb:DeleteItem on table vault"
        assert any(fault.startswith(wanted) for fault in recorder.faults())
    finally:
        recorder.calls.discard(stranger)


def test_the_recorder_sees_what_nothing_used_and_takes_functions_of_the_same_code_as_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(recorder, "calls", {("chalicelib.automations.workers.advance", "dynamodb:DeleteItem", "work")})
    idle = recorder.unused()
    assert any(line.startswith("notify is granted dynamodb:PutItem on table channels,") for line in idle)
    assert any(line.startswith("advance is granted dynamodb:PutItem on table work,") for line in idle)
    assert not [line for line in idle if "DeleteItem on table work" in line and line.startswith(("advance", "start"))]
    assert not [line for line in idle if "sqs:ReceiveMessage" in line]


def test_calls_are_put_down_to_the_handler_that_began_the_thread_that_makes_them() -> None:
    seen: list[tuple[str, str, str]] = []
    go = threading.Event()

    class Handler:
        def __call__(self) -> threading.Thread:
            def work() -> None:
                go.wait(5)
                recorder._add("sqs:SendMessage", "a")
                seen.extend(call for call in recorder.calls if call[0] == "late")

            made = threading.Thread(target=contextvars.copy_context().run, args=(work,))
            made.start()
            return made

    recorder._around(Handler, "__call__", lambda _handler: "late")
    thread = Handler()()
    go.set()
    thread.join(5)
    recorder.calls.discard(("late", "sqs:SendMessage", "a"))
    assert seen == [("late", "sqs:SendMessage", "a")]

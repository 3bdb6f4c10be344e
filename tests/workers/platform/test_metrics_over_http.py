"""The whole platform on one machine: what was done over HTTP is what GET /v1/metrics and the log then say."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from prometheus_client.openmetrics import parser

from infra.harness.receiver import Receiver
from infra.harness.stack import Stack
from tests.automations import begin, make
from tests.builders import USER, make_event, make_service, make_trigger, make_user
from tests.client import Answer, Client, quoted, with_query

PATIENCE_S = 60
OPEN = {"accept": "application/openmetrics-text"}


class Remote(Client):
    """Sends the same requests over HTTP."""

    def __init__(self, url: str) -> None:
        super().__init__("default")
        self.url, self.session = url, requests.Session()

    def send(self, method: str, path: str, body: Any = None, *, key: str | None = "", **more: Any) -> Answer:
        query = {**self._acting(method, path), **(more.get("query") or {})}
        headers = {"api_key": self.key if key == "" else str(key), **(more.get("headers") or {})}
        answer = self.session.request(method, self.url + path, params=query, json=body, headers=headers, timeout=30)
        is_json = "json" in answer.headers["content-type"]
        return Answer(answer.status_code, answer.json() if is_json else answer.text, dict(answer.headers))


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    with Stack(tmp_path / "stack", MILLRACE_RETRY_SCHEDULE_S="0,600") as running:
        yield running


def wait_for(holds: Callable[[], bool]) -> None:
    ends = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < ends
        time.sleep(0.2)


def written(stack: Stack) -> Counter[str]:
    """Add up the figures of every line the stack has logged."""
    found: Counter[str] = Counter()
    for text in stack.log.read_text().splitlines():
        line = json.loads(text) if text.startswith("{") else {}
        if line.get("message") == "figures":
            for metric in line["_aws"]["CloudWatchMetrics"][0]["Metrics"]:
                value = line[metric["Name"]]
                found[metric["Name"]] += (
                    len(value) if isinstance(value, list) else 1 if "Ms" in metric["Name"] else value
                )
    return found


def test_figures_are_what_was_done(stack: Stack) -> None:
    client, receiver = Remote(stack.url), Receiver()
    make_user(client)
    service = make_service(client)
    event = make_event(client, service, "return notification.body.kind")
    subscriptions = {}
    for kind in ("good", "dead"):
        trigger = make_trigger(client, service, name=kind)["id"]
        path = with_query(quoted("v1", "service", service, "trigger", trigger, "subscription"), userId=USER)
        url = receiver.url("/good") if kind == "good" else "http://127.0.0.1:9/"
        subscriptions[kind] = client.post(path, {"url": url}).ok()
    receiver.inbox("/good", subscriptions["good"]["secret"])
    setting = client.get(with_query(quoted("v1", "service", service, "webhookSetting"), userId=USER)).ok()
    address = "/v1/hook/" + setting["url"].rpartition("/")[2]
    for number in range(20):
        assert client.post(address, {"kind": "good", "n": number}).status == 200
    for number in range(3):
        assert client.post(address, {"kind": "dead", "n": number}).status == 200
    assert event["name"]
    done = make(client, [{"id": "c", "type": "code", "code": "return 1"}])
    failed = make(client, [{"id": "c", "type": "code", "code": "throw new Error('no')"}])
    for _ in range(5):
        begin(client, done)
    for _ in range(2):
        begin(client, failed)

    def total() -> Any:
        return client.get("/v1/metrics").ok()["total"]

    def is_over() -> bool:
        ended = sum(total()["executions"].values())
        return ended == 7 and total()["deliveries"]["delivered"] == 20 and total()["deliveries"]["retried"] == 3

    wait_for(is_over)
    time.sleep(1.5)  # what comes too much would come by now
    shown = total()
    assert len(receiver.inbox("/good").ids) == 20
    assert shown["deliveries"] == {"delivered": 20, "retried": 3, "failed": 0, "dropped": 0}
    assert shown["executions"] == {"done": 5, "failed": 2, "cancelled": 0}
    # each notification is routed, each delivery made, each execution has one step; and the script of each of the two
    # automations is read when it is saved and when it is published
    assert shown["javaScript"]["runs"] == 23 + 23 + 7 + 2 * 2
    assert shown["javaScript"]["failures"] == 2 and shown["javaScript"]["ms"] > 0
    assert (shown["outbound"]["requests"], shown["outbound"]["failures"]) == (23, 3)
    assert shown["outbound"]["bytes"] > 20 * 100
    text = client.get("/v1/metrics", headers=OPEN)
    families = {one.name: one for one in parser.text_string_to_metric_families(text.body)}
    told = {sample.labels["outcome"]: sample.value for sample in families["millrace_deliveries"].samples}
    assert told == shown["deliveries"]
    queues = {one["name"]: one for one in client.get("/v1/metrics").ok()["queues"]}
    nothing = {"waiting": 0, "inFlight": 0, "delayed": 0, "oldestS": 0}
    assert queues["chat_deliver"] == {"name": "chat_deliver", **nothing}
    assert queues["subscriptions_retry"]["delayed"] == 3
    stack.stop()
    logged = written(stack)
    assert (logged["DeliveriesDelivered"], logged["DeliveriesRetried"]) == (20, 3)
    assert (logged["ExecutionsDone"], logged["ExecutionsFailed"]) == (5, 2)
    assert logged["JavaScriptRuns"] == shown["javaScript"]["runs"]
    assert logged["RequestMs"] >= 30

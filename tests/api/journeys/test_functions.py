"""Each deployed function at its work, over the emulated cloud, as in a process of its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.adapters import http_client, queue
from chalicelib.adapters.http_client import Headers, Request, Response
from chalicelib.channels.public import Refused
from chalicelib.core import cache
from chalicelib.journeys import queues, sending, workers
from chalicelib.journeys.models import automations as stored
from chalicelib.subscriptions import queues as dead
from chalicelib.subscriptions import workers as burying
from tests.api.journeys.moving import pump, tick
from tests.conftest import Clock
from tests.journeys import (
    FlowClient,
    email_step,
    end_step,
    joined,
    make_automation,
    make_node,
    step_uuid,
    wait_step,
    welcome,
)
from tests.queues import bodies, deliver, drain, receive

ANN = {"attributes": {"email": "ann@example.com", "name": "Ann"}}
BIG = "<p>" + "x" * 3_000 + "</p>"


@pytest.fixture
def flow(workspace: str, still: Clock, no_delays: None) -> FlowClient:
    return make_node(workspace)


@pytest.fixture
def posts(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Request]]:
    sent: list[Request] = []

    def send(_workspace: str, request: Request) -> Response:
        sent.append(request)
        return Response(200, Headers(), b"{}", False, 1.0, request.url)

    monkeypatch.setattr(http_client, "send", send)
    return sent


def enter(flow: FlowClient, made: dict[str, Any]) -> str:
    return str(flow.post(f"/automations/{made['uuid']}/customers", ANN).body["uuid"])


def status(flow: FlowClient, made: dict[str, Any]) -> str:
    cache.forget_all()
    return str(flow.get(f"/automations/{made['uuid']}").ok()["status"])


def test_a_mail_goes_out_through_an_integration_of_the_workspace(flow: FlowClient, posts: list[Request]) -> None:
    body = {
        "providerId": "email-webhook",
        "channel": "email",
        "active": True,
        "check": False,
        "credentials": {"webhookUrl": "https://mail.example/in", "secretKey": "k", "from": "shop@example.com"},
    }
    made = flow.post("/v1/integrations", body)
    assert made.status == 201, made.body
    listed = flow.get("/settings?type=CLAB_API_SOAP").ok()["integrations"]
    value = {"emailIntegration": made.body["data"]["identifier"]}
    setting = {"category": "INTEGRATION", "type": "CLAB_API_SOAP", "value": value}
    assert flow.put(f"/settings/{listed[0]['uuid']}", setting).status == 200
    graph = joined(email_step(step_uuid(), htmlContent=BIG), end_step(step_uuid()))
    token = enter(flow, make_automation(flow, **graph))
    pump()
    found = flow.get(f"/tokens/{token}").ok()
    assert found["status"] == "COMPLETED", found["errorMessage"]
    assert [request.url for request in posts] == ["https://mail.example/in"]


def test_a_broken_connector_stops_it_and_what_was_owed_is_told(
    flow: FlowClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise Refused("unknown account", status=401)

    monkeypatch.setattr(sending, "mail", refuse)
    made = make_automation(flow, endDate="2026-01-01T12:10:00Z")
    enter(flow, made)
    pump_jobs_only()
    head = stored.load(flow.key, str(flow.node), made["uuid"], fresh=True)
    assert head is not None
    head.owes = [["DRAFT", "RUNNING"]]
    head.save()
    pump()
    assert status(flow, made) == "ERROR"


def pump_jobs_only() -> None:
    """Drop what the creation sent, so that the worker's own messages are seen."""
    bodies(queues.JOB)
    bodies(queues.LIFECYCLE)


def test_the_clock_starts_ends_and_archives(flow: FlowClient, still: Clock) -> None:
    graph = joined(wait_step(step_uuid(), 2, "HOURS"), *welcome()["steps"][:1], end_step(step_uuid()))
    dates = {"startDate": "2026-01-01T13:00:00Z", "endDate": "2026-01-01T14:00:00Z"}
    made = make_automation(flow, "COMMITTED", **dates, **graph)
    tick()
    token = enter(flow, made)
    still.advance_s(3_600)
    tick()
    assert status(flow, made) == "RUNNING"
    assert flow.get(f"/tokens/{token}").ok()["status"] == "WAITING"
    still.advance_s(3_600)
    tick()
    assert flow.get(f"/tokens/{token}").ok()["endReason"] == "END_DATE"
    assert status(flow, made) == "ARCHIVED"


def test_waits_are_brought_by_the_tick(flow: FlowClient, still: Clock) -> None:
    graph = joined(wait_step(step_uuid(), 2, "HOURS"), *welcome()["steps"][:1], end_step(step_uuid()))
    token = enter(flow, make_automation(flow, **graph))
    pump()
    tick()
    still.advance_s(7_200)
    tick()
    assert flow.get(f"/tokens/{token}").ok()["status"] == "COMPLETED"


def test_a_deleted_node_is_erased_with_everything_in_it(flow: FlowClient, still: Clock) -> None:
    page = {"name": "big", "htmlContent": "x" * 3_000}
    template = flow.post("/external-contents/page-builder/templates", {"name": "t"}).body["id"]
    flow.post(f"/external-contents/page-builder/templates/{template}/pages", page)
    graph = joined(email_step(step_uuid(), htmlContent=BIG), end_step(step_uuid()))
    made = make_automation(flow, "DRAFT", **graph)
    assert flow.delete(f"/nodes/{flow.node}").status == 204
    for _ in range(8):
        still.advance_s(60)
        tick()
    assert stored.load(flow.key, str(flow.node), made["uuid"], fresh=True) is None


def test_an_event_takes_out_and_asks_a_profile_store_with_a_secret(flow: FlowClient, posts: list[Request]) -> None:
    listed = flow.get("/settings?type=HUB").ok()["integrations"]
    value = {"endpoint": "https://hub.example/v1", "workspaceId": "w", "token": "secret"}
    assert flow.put(f"/settings/{listed[0]['uuid']}", {"category": "INTEGRATION", "type": "HUB", "value": value}).ok()
    rome = {"match": "ALL", "conditions": [{"subject": "CUSTOMER", "path": "x", "operator": "NOT_EXISTS"}]}
    source = {"action": "REMOVE_CUSTOMER", "event": {"eventType": "completedOrder"}, "customerConditions": rome}
    graph = joined(wait_step(step_uuid()), *welcome()["steps"][:1], end_step(step_uuid()))
    token = enter(flow, make_automation(flow, uniqueToken=True, triggerEvents=[source], **graph))
    pump()
    event = {"id": "e1", "eventType": "completedOrder", "customer": {"email": "ann@example.com"}}
    assert flow.post("/events", event).status == 202
    pump()
    assert flow.get(f"/tokens/{token}").ok()["endReason"] == "REMOVED_BY_TRIGGER"
    assert posts[0].headers["Authorization"] == "Bearer secret"


def test_the_sender_of_a_batch_is_told_with_a_signature(flow: FlowClient, posts: list[Request]) -> None:
    made = make_automation(flow)
    body = {"customers": [ANN], "notification": {"url": "https://x.example/told", "headers": {"X-A": "b"}}}
    assert flow.post(f"/automations/{made['uuid']}/customers/batch", body).status == 202
    pump()
    assert posts[0].headers["X-A"] == "b" and posts[0].headers["webhook-signature"].startswith("v1,")


def test_what_the_queues_gave_up_comes_again(flow: FlowClient) -> None:
    made = make_automation(flow)
    pump()
    base = {"w": flow.key, "n": flow.node}
    token = enter(flow, made)
    bodies(queues.STEP)
    given_up = [{"t": token}, {"e": "e1"}, {"a": made["uuid"], "job": "release", "shard": 0}]
    for one in given_up:
        queue.send(dead.DEAD_LETTERS, {**base, **one})
    drain(dead.DEAD_LETTERS, burying.bury)
    assert bodies(queues.EVENT)[0]["again"] == bodies(queues.JOB)[0]["again"] == 1


def test_a_short_wait_has_a_message_of_its_own_and_frees_the_guard_at_the_end(flow: FlowClient, still: Clock) -> None:
    graph = joined(wait_step(step_uuid(), 10, "MINUTES"), *welcome()["steps"][:1], end_step(step_uuid()))
    made = make_automation(flow, uniqueToken=True, **graph)
    first = enter(flow, made)
    deliver(queues.STEP, workers.journeys_step, receive(queues.STEP))
    still.advance_s(600)
    pump()
    assert flow.get(f"/tokens/{first}").ok()["status"] == "COMPLETED"
    assert enter(flow, made) != first


def test_an_abandoned_batch_is_dropped_by_the_clock(flow: FlowClient, still: Clock) -> None:
    made = make_automation(flow)
    path = f"/automations/{made['uuid']}/customers/batch"
    source = flow.post(path, {"packet": "FIRST", "customers": [ANN]}).body["sourceUuid"]
    tick()
    still.advance_s(24 * 3_600 + 60)
    tick()
    assert flow.post(path, {"packet": "LAST", "customers": [], "sourceUuid": source}).status == 404

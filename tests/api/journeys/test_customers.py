"""Customers through the routes: one in, one out, batches by packets, repeats."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from chalicelib.core import cache
from tests.api.journeys.moving import pump
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

ANN = {"attributes": {"email": "Ann@Example.com", "name": "Ann", "age": 31, "vip": True}}


@pytest.fixture
def flow(workspace: str, still: Clock, no_delays: None) -> FlowClient:
    return make_node(workspace)


def path_of(made: dict[str, Any]) -> str:
    return f"/automations/{made['uuid']}/customers"


def test_a_customer_is_put_in_and_gets_the_mail(flow: FlowClient) -> None:
    made = make_automation(flow)
    entered = flow.post(path_of(made), ANN)
    assert (entered.status, entered.body["automationName"]) == (201, "Welcome")
    assert entered.headers["location"] == f"/flow/v1/tokens/{entered.body['uuid']}"
    assert entered.body["attributes"] == {"email": "Ann@Example.com", "name": "Ann", "age": "31", "vip": "true"}
    pump()
    token = flow.get(f"/tokens/{entered.body['uuid']}").ok()
    assert (token["status"], token["endReason"], token["recipient"]) == ("COMPLETED", "FINISHED", "ann@example.com")


def test_with_unique_token_the_entry_in_flight_is_answered(flow: FlowClient) -> None:
    made = make_automation(flow, uniqueToken=True)
    first = flow.post(path_of(made), ANN)
    second = flow.post(path_of(made), {"attributes": {"email": " ann@example.com "}})
    assert (first.status, second.status) == (201, 200)
    assert second.body["uuid"] == first.body["uuid"]
    cache.forget_all()
    assert flow.get(f"/automations/{made['uuid']}").ok()["statistics"]["discarded"] == 1


@pytest.mark.parametrize("status", ["RUNNING", "COMMITTED"])
def test_unique_token_switched_on_later_counts_for_those_who_are_in(flow: FlowClient, status: str) -> None:
    graph = joined(wait_step(step_uuid()), email_step(step_uuid()), end_step(step_uuid()))
    start = {"startDate": "2026-06-01T00:00:00Z"} if status == "COMMITTED" else {}
    made = make_automation(flow, status, **graph, **start)
    first = flow.post(path_of(made), ANN).body["uuid"]
    gone = flow.post(path_of(made), {**ANN, "userPk": "ben"}).body["uuid"]
    assert flow.delete(f"{path_of(made)}/{gone}").status == 204
    if status == "RUNNING":
        flow.patch(f"/automations/{made['uuid']}", {"status": "PAUSED"})
    assert flow.put(f"/automations/{made['uuid']}", {**made, "status": None, "uniqueToken": True}).status == 200
    cache.forget_all()
    again = flow.post(path_of(made), ANN)
    assert (again.status, again.body["uuid"]) == (200, first)
    assert flow.post(path_of(made), {**ANN, "userPk": "ben"}).status == 201
    assert flow.post(path_of(made), {**ANN, "userPk": "ben"}).status == 200
    batch = {"sourceLabel": "l", "customers": [ANN, {"userPk": "cyd"}]}
    assert flow.post(f"{path_of(made)}/batch", batch).status < 300
    pump()
    assert flow.delete(f"{path_of(made)}/{first}").status == 204
    assert flow.post(path_of(made), ANN).status == 201
    cache.forget_all()
    counted = flow.get(f"/automations/{made['uuid']}").ok()["statistics"]
    assert (counted["total"], counted["discarded"]) == (5, 3)


def test_repeats_under_one_key_enter_once(flow: FlowClient) -> None:
    made = make_automation(flow)
    answers = [flow.post(path_of(made), ANN, headers={"idempotency-key": "k"}) for _ in range(2)]
    assert answers[0].body == answers[1].body
    assert flow.get(f"/automations/{made['uuid']}").ok()["statistics"]["total"] == 1


def test_a_uuid_of_ones_own_makes_repeats_harmless_and_is_nobody_elses(flow: FlowClient) -> None:
    made, own = make_automation(flow), str(uuid.uuid4())
    for _ in range(2):
        assert flow.post(path_of(made), {**ANN, "uuid": own}).status == 201
    assert flow.post(path_of(made), {"uuid": own, "userPk": "ben"}).status == 409
    assert flow.get(f"/automations/{made['uuid']}").ok()["statistics"]["total"] == 1


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({}, ""),
        ({"attributes": {"email": "nobody"}}, ""),
        ({"attributes": {"mobilePhone": "call me 12345"}}, ""),
        ({"clabUuid": "x"}, "/clabUuid"),
        ({"userPk": "p", "attributes": {"a": [1]}}, "/attributes"),
        ({"userPk": "p", "attributes": {"a": "x" * 4097}}, "/attributes"),
        ({"userPk": "p", "attributes": {f"a{n}": "x" for n in range(101)}}, "/attributes"),
    ],
)
def test_what_names_nobody_or_is_too_much_is_refused(flow: FlowClient, body: Any, place: str) -> None:
    refused = flow.post(path_of(make_automation(flow)), body)
    assert (refused.status, refused.body["errors"][0]["path"]) == (400, place)


def test_attributes_fill_a_row_but_do_not_overflow_it(flow: FlowClient) -> None:
    made = make_automation(flow)
    most = {"userPk": "a", "attributes": {f"a{number}": "x" * 4096 for number in range(48)}}
    assert flow.post(path_of(made), most).status == 201
    too_many = {"userPk": "b", "attributes": {f"a{number}": "x" * 4096 for number in range(100)}}
    refused = flow.post(path_of(made), too_many)
    assert (refused.status, refused.body["errors"][0]["path"]) == (400, "/attributes")
    packet = {"customers": [too_many, {"userPk": "c"}]}
    assert flow.post(f"{path_of(made)}/batch", packet).status == 202
    pump()
    assert flow.get(f"/automations/{made['uuid']}").ok()["statistics"]["total"] == 2


def test_a_packet_of_a_thousand_may_have_five_megabytes(flow: FlowClient) -> None:
    made = make_automation(flow, "COMMITTED", startDate="2026-02-01T09:00:00Z")
    people = [{"userPk": f"p{number}", "attributes": {"a": "x" * 4096}} for number in range(1000)]
    assert flow.post(f"{path_of(made)}/batch", {"packet": "FIRST", "customers": people}).status == 202
    assert flow.post(f"{path_of(made)}/batch", {"sourceLabel": "x" * 5_242_880}).status == 413


@pytest.mark.parametrize("number", ["+39 333 1234567", "0039 333 1234567", "333 123-4567"])
def test_a_telephone_number_names_a_customer_with_and_without_its_country(flow: FlowClient, number: str) -> None:
    made = make_automation(flow, uniqueToken=True)
    first = flow.post(path_of(made), {"attributes": {"mobilePhone": number}})
    again = flow.post(path_of(made), {"attributes": {"mobilePhone": number.replace(" ", "")}})
    assert (first.status, again.status) == (201, 200)
    assert again.body["uuid"] == first.body["uuid"]


@pytest.mark.parametrize(("status", "expected"), [("DRAFT", 409), ("COMMITTED", 201)])
def test_who_may_enter_depends_on_the_status(flow: FlowClient, status: str, expected: int) -> None:
    made = make_automation(flow, status, **({"startDate": "2026-02-01T09:00:00Z"} if status == "COMMITTED" else {}))
    assert flow.post(path_of(made), ANN).status == expected


def test_a_customer_is_taken_out_and_stays_out(flow: FlowClient) -> None:
    made = make_automation(flow)
    flow.patch(f"/automations/{made['uuid']}", {"status": "PAUSED"})
    token = flow.post(path_of(made), ANN).body["uuid"]
    for _ in range(2):
        assert flow.delete(f"{path_of(made)}/{token}").status == 204
    assert flow.get(f"/tokens/{token}").ok()["endReason"] == "REMOVED_BY_API"
    assert flow.delete(f"{path_of(made)}/{uuid.uuid4()}").status == 404
    other = make_automation(flow)
    assert flow.delete(f"{path_of(other)}/{token}").status == 404


def test_a_batch_by_packets_is_released_and_told_of(flow: FlowClient) -> None:
    made = make_automation(flow)
    people = [{"attributes": {"email": f"p{number}@example.com", "name": "x"}} for number in range(4)]
    first = flow.post(f"{path_of(made)}/batch", {"packet": "FIRST", "customers": people[:2], "sourceLabel": "list"})
    assert (first.status, first.body["status"], first.body["sourceLabel"]) == (202, "OPEN", "list")
    source = first.body["sourceUuid"]
    for _ in range(2):
        body = {"packet": "MIDDLE", "customers": people[2:3], "sourceUuid": source}
        assert flow.post(f"{path_of(made)}/batch", body).status == 202
    last = {"packet": "LAST", "customers": people[3:], "sourceUuid": source}
    assert flow.post(f"{path_of(made)}/batch", last).body["status"] == "CLOSED"
    pump()
    assert flow.get(f"/automations/{made['uuid']}").ok()["statistics"]["completed"] == 4
    assert flow.post(f"{path_of(made)}/batch", last).body["status"] == "ENABLED"
    late = {"packet": "MIDDLE", "customers": [], "sourceUuid": source}
    assert flow.post(f"{path_of(made)}/batch", late).status == 409


def test_an_open_batch_is_dropped(flow: FlowClient) -> None:
    made = make_automation(flow)
    source = flow.post(f"{path_of(made)}/batch", {"packet": "FIRST", "customers": [ANN]}).body["sourceUuid"]
    assert flow.delete(f"{path_of(made)}/batch").status == 400
    assert flow.delete(f"{path_of(made)}/batch?sourceUuid={source}").status == 204
    assert flow.delete(f"{path_of(made)}/batch?sourceUuid={source}").status == 404
    assert flow.post(f"{path_of(made)}/batch", {"packet": "LAST", "sourceUuid": source}).status == 404


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"packet": "MIDDLE"}, "/sourceUuid"),
        ({"packet": "OTHER"}, "/packet"),
        ({"customers": [{}] * 1001}, "/customers"),
        ({"notification": {"url": "ftp://x.example/"}}, "/notification/url"),
        ({"notification": {"url": "http://x.example/"}}, "/notification/url"),
        ({"notification": {"url": "https://10.0.0.1/"}}, "/notification/url"),
        ({"notification": {"url": "https://localhost/"}}, "/notification/url"),
    ],
)
def test_bad_packets_are_refused_naming_the_place(flow: FlowClient, body: Any, place: str) -> None:
    refused = flow.post(f"{path_of(make_automation(flow))}/batch", body)
    assert (refused.status, refused.body["errors"][0]["path"]) == (400, place)


def test_an_occupied_step_can_be_changed_but_not_removed(flow: FlowClient) -> None:
    sent = welcome(status="RUNNING")
    made = flow.post("/automations", sent).body
    flow.patch(f"/automations/{made['uuid']}", {"status": "PAUSED"})
    flow.post(path_of(made), ANN)
    cache.forget_all()
    other = {**welcome(), "status": "PAUSED"}
    refused = flow.put(f"/automations/{made['uuid']}", other)
    assert refused.status == 409
    sent["steps"][0]["parameters"]["subject"] = "Another"
    assert flow.put(f"/automations/{made['uuid']}", {**sent, "status": "PAUSED"}).status == 200


def test_another_node_and_another_workspace_see_nothing(flow: FlowClient, stranger: Any) -> None:
    made = make_automation(flow)
    token = flow.post(path_of(made), ANN).body["uuid"]
    neighbour = make_node(flow.key)
    foreign = make_node(stranger.key)
    for client in (neighbour, foreign):
        assert client.get(f"/tokens/{token}").status == 404
        assert client.post(path_of(made), ANN).status == 404
        assert client.delete(f"{path_of(made)}/{token}").status == 404
        assert client.get("/tokens").ok()["elements"] == []

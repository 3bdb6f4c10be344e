"""Automations: making, showing, listing, and what the rules say of a graph that is to run."""

from __future__ import annotations

import json
from typing import Any

import pytest

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

Json = dict[str, Any]
FUTURE = "2026-02-01T09:00:00+01:00"


@pytest.fixture
def flow(workspace: str) -> FlowClient:
    return make_node(workspace)


def codes(answer: Any) -> dict[str, str]:
    return {one["path"]: one["code"] for one in answer.body["errors"]}


def test_a_name_is_enough_for_a_draft(flow: FlowClient) -> None:
    made = flow.post("/automations", {"name": "Empty draft"})
    assert (made.status, made.body["status"], made.body["steps"]) == (201, "DRAFT", [])
    assert made.headers["location"] == f"/flow/v1/automations/{made.body['uuid']}"
    assert made.headers["etag"] == '"1"'
    assert made.body["author"] == made.body["createdBy"] != ""


def test_what_was_sent_is_shown_again(flow: FlowClient) -> None:
    sent = welcome(
        description="d",
        author="Ann",
        timezone="Europe/Rome",
        startDate=FUTURE,
        endDate="2031-01-31T23:00:00Z",
        uniqueToken=True,
        removeActionPrimary=True,
        sourceDescription="s",
        triggerEvents=[{"action": "INSERT_CUSTOMER", "event": {"eventType": "loggedIn", "contexts": ["WEB"]}}],
    )
    uuid = flow.post("/automations", sent).body["uuid"]
    shown = flow.get(f"/automations/{uuid}").body
    for name in sent.keys() - {"startDate", "endDate"}:
        assert shown[name] == sent[name]
    assert (shown["startDate"], shown["endDate"]) == ("2026-02-01T08:00:00.000Z", "2031-01-31T23:00:00.000Z")


def test_a_uuid_may_be_chosen_once(flow: FlowClient) -> None:
    uuid = step_uuid()
    assert flow.post("/automations", {"name": "x", "uuid": uuid}).body["uuid"] == uuid
    assert flow.post("/automations", {"name": "x", "uuid": uuid}).status == 409


def test_a_repeat_under_its_key_makes_one_automation(flow: FlowClient) -> None:
    body = welcome(status="RUNNING")
    answers = [flow.post("/automations", body, headers={"idempotency-key": "k"}) for _ in range(2)]
    assert answers[0].body == answers[1].body
    other = flow.post("/automations", {"name": "other"}, headers={"idempotency-key": "k"})
    assert other.status == 409
    assert flow.get("/automations").body["page"]["totalElements"] == 1


def test_a_repeat_after_a_fall_meets_what_the_first_one_stored(flow: FlowClient, workspace: str) -> None:
    body = welcome(status="RUNNING")
    first = flow.post("/automations", body, headers={"idempotency-key": "k"}).body
    forget_answers(workspace)
    again = flow.post("/automations", body, headers={"idempotency-key": "k"})
    assert (again.status, again.body["uuid"]) == (201, first["uuid"])
    assert flow.get("/automations").body["page"]["totalElements"] == 1


def forget_answers(workspace: str) -> None:
    """Lose the log of answers, as if the first call had fallen before it could write it."""
    from moto.core import DEFAULT_ACCOUNT_ID
    from moto.dynamodb.models import dynamodb_backends

    from chalicelib.storage.tables import WORK

    table = dynamodb_backends[DEFAULT_ACCOUNT_ID]["eu-central-1"].tables[WORK.name]
    for partition in [pk for pk in table.items if pk.value.startswith(f"{workspace}#RQ#")]:
        del table.items[partition]


@pytest.mark.parametrize("status", ["PAUSED", "ERROR", "TO_ARCHIVE", "ARCHIVED", "TO_DELETE"])
def test_other_statuses_are_no_beginning(flow: FlowClient, status: str) -> None:
    assert flow.post("/automations", welcome(status=status)).status == 409


def test_a_start_date_ahead_makes_it_ready_and_none_makes_it_run(flow: FlowClient, still: Clock) -> None:
    for asked in ("COMMITTED", "RUNNING"):
        assert make_automation(flow, asked, startDate=FUTURE)["status"] == "COMMITTED"
        assert make_automation(flow, asked)["status"] == "RUNNING"
        assert make_automation(flow, asked, startDate="2025-01-01T00:00:00Z")["status"] == "RUNNING"


def test_a_graph_that_breaks_rules_is_kept_as_a_draft_and_refused_to_run(flow: FlowClient) -> None:
    broken = {"name": "x", "timezone": "Mars", "steps": [email_step(step_uuid(), subject="", modelIdentifier=8)]}
    assert flow.post("/automations", broken).status == 201
    refused = flow.post("/automations", {**broken, "status": "RUNNING"})
    assert refused.status == 422
    assert codes(refused) == {
        "/timezone": "DATES",
        "/steps/0": "OUTGOING",
        "/steps/0/parameters/subject": "MISSING_PARAMETER",
        "/steps/0/parameters/modelIdentifier": "BAD_REFERENCE",
    }
    assert {one["code"] for one in refused.body["errors"]} >= {"OPEN_PATH", "OUTGOING"}


def test_operations_the_node_lacks_are_named(flow: FlowClient) -> None:
    flow.patch(f"/nodes/{flow.node}", {"active": True, "emailActive": False})
    refused = flow.post("/automations", welcome(status="RUNNING"))
    assert codes(refused) == {"/steps/0/operation": "OPERATION_UNAVAILABLE"}


def test_the_uuid_of_a_step_belongs_to_one_automation_of_the_node(flow: FlowClient, workspace: str) -> None:
    body = welcome(status="RUNNING")
    first = flow.post("/automations", body).body
    refused = flow.post("/automations", body)
    assert codes(refused) == {"/steps/0/uuid": "DUPLICATE_STEP", "/steps/1/uuid": "DUPLICATE_STEP"}
    assert first["uuid"] in refused.body["errors"][0]["message"]
    assert flow.post("/automations", {**body, "status": "DRAFT"}).status == 201, "drafts may share"
    assert make_node(workspace).post("/automations", body).status == 201, "and so may nodes"


def test_a_step_that_was_taken_out_may_be_used_elsewhere(flow: FlowClient) -> None:
    first, wait, last = email_step(step_uuid()), wait_step(step_uuid()), end_step(step_uuid())
    ready = {"name": "x", "status": "COMMITTED", "startDate": "2031-01-01T00:00:00Z"}
    made = flow.post("/automations", {**ready, **joined(first, wait, last)}).body
    changed = {**ready, **joined(first, last)}
    assert flow.put(f"/automations/{made['uuid']}", changed).status == 200
    other = {"name": "y", "status": "RUNNING", **joined(wait, email_step(step_uuid()), end_step(step_uuid()))}
    assert flow.post("/automations", other).status == 201


def test_large_contents_lie_outside_and_come_back_whole(flow: FlowClient, workspace: str) -> None:
    from chalicelib.journeys.models import automations

    html = "<p>" + "ü" * 200_000 + "</p>"
    steps = [email_step(step_uuid(), htmlContent=html) for _ in range(3)]
    made = flow.post("/automations", {"name": "big", "status": "RUNNING", **joined(*steps, end_step(step_uuid()))})
    assert made.status == 201
    uuid = made.body["uuid"]
    shown = flow.get(f"/automations/{uuid}").body["steps"]
    assert [one["parameters"]["htmlContent"] for one in shown[:3]] == [html] * 3
    head = automations.load(workspace, str(flow.node), uuid, fresh=True)
    assert head is not None
    assert head.size_bytes > 1_000_000
    assert len(json.dumps(head.graph.steps)) < 3_000


def test_a_graph_of_200_long_steps_is_kept(flow: FlowClient) -> None:
    steps = [{**wait_step(step_uuid()), "description": "x" * 2000} for _ in range(198)]
    body = {"name": "long", "status": "RUNNING", **joined(*steps, email_step(step_uuid()), end_step(step_uuid()))}
    made = flow.post("/automations", body)
    assert made.status == 201, made.body
    assert len(flow.get(f"/automations/{made.body['uuid']}").body["steps"]) == 200
    over = {"name": "x", "steps": [wait_step(step_uuid()) for _ in range(201)]}
    assert flow.post("/automations", over).body["errors"][0]["path"] == "/steps"


def test_a_body_over_5_mb_is_refused(flow: FlowClient) -> None:
    steps = [email_step(step_uuid(), htmlContent="x" * 500_000) for _ in range(11)]
    assert flow.post("/automations", {"name": "x", **joined(*steps)}).status == 413


def test_headers_of_callouts_are_sealed_masked_and_kept(flow: FlowClient, workspace: str) -> None:
    from chalicelib.journeys import texts
    from chalicelib.journeys.models import automations
    from chalicelib.storage.tables import JOURNEYS

    def callout(uuid: str, **headers: str) -> Json:
        parameters = {"url": "https://example.com/hook", "headers": headers}
        return {"uuid": uuid, "type": "ACTION", "operation": "WEBHOOK", "parameters": parameters}

    uuid, end = step_uuid(), end_step(step_uuid())
    made = flow.post("/automations", {"name": "x", **joined(callout(uuid, Authorization="Bearer s3cret"), end)}).body
    path = f"/automations/{made['uuid']}"
    shown = flow.get(path).body
    assert shown["steps"][0]["parameters"]["headers"] == {"Authorization": "********"}
    rows = JOURNEYS.query_all(f"{workspace}#N#{flow.node}#A#{made['uuid']}")
    assert rows
    assert "s3cret" not in str(rows)
    kept = flow.put(path, {**shown, "steps": [callout(uuid, Authorization="********", More="m"), end]})
    assert kept.status == 200
    head = automations.load(workspace, str(flow.node), made["uuid"], fresh=True)
    assert head is not None
    opened = texts.of(head, head.graph.by_uuid[uuid])
    assert opened["headers"] == {"Authorization": "Bearer s3cret", "More": "m"}
    refused = flow.put(path, {**shown, "steps": [callout(uuid, Unknown="********"), end]})
    assert (refused.status, refused.body["errors"][0]["path"]) == (400, "/steps/0/parameters/headers/Unknown")


# --- lists ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def many(flow: FlowClient, still: Clock) -> FlowClient:
    """Four automations, a minute between them."""
    for body in (
        {"name": "Alpha", "description": "first of all"},
        welcome(name="Beta", status="RUNNING", endDate="2027-01-01T00:00:00Z"),
        welcome(name="Gamma", status="COMMITTED", startDate=FUTURE, description="Second"),
        welcome(name="alphabet", triggerEvents=[{"action": "INSERT_CUSTOMER", "event": {"eventType": "loggedIn"}}]),
    ):
        assert flow.post("/automations", body).status == 201
        still.advance_s(60)
    return flow


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["alphabet", "Gamma", "Beta", "Alpha"]),
        ("name=ALPHA", ["alphabet", "Alpha"]),
        ("description=second", ["Gamma"]),
        ("status=RUNNING", ["Beta"]),
        ("status=RUNNING&status=COMMITTED", ["Gamma", "Beta"]),
        ("category=Custom&name=beta", ["Beta"]),
        ("stepType=CLAB_CAMPAIGN", ["alphabet", "Gamma", "Beta"]),
        ("stepType=TAG", []),
        ("hasTrigger=true", ["alphabet"]),
        ("hasTrigger=false", ["alphabet", "Gamma", "Beta", "Alpha"]),
        ("startDateAfter=2026-02-01T08:00:00Z", ["Gamma"]),
        ("startDateAfter=2026-02-01T08:00:01Z", []),
        ("endDateBefore=2027-01-01T00:00:00Z", ["Beta"]),
        ("createdBefore=2026-01-01T12:01:00Z", ["Beta", "Alpha"]),
        ("createdAfter=2026-01-01T13:02:00%2B01:00&status=DRAFT", ["alphabet"]),
        ("page=1&size=3", ["Alpha"]),
        ("page=7", []),
        ("nonsense=1&name=", ["alphabet", "Gamma", "Beta", "Alpha"]),
    ],
)
def test_filters_combine(many: FlowClient, query: str, names: list[str]) -> None:
    whole = many.get(f"/automations?{query}").body["elements"]
    assert [one["name"] for one in whole] == names
    compact = many.get(f"/automations?{query}&style=compact").body["elements"]
    assert [one["name"] for one in compact] == names
    assert all("steps" not in one and "statistics" in one for one in compact)


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("status=TO_DELETE", "status"),
        ("status=RUNNING&status=x", "status"),
        ("category=Other", "category"),
        ("stepType=DANCE", "stepType"),
        ("hasTrigger=maybe", "hasTrigger"),
        ("createdBefore=yesterday", "createdBefore"),
        ("size=101", "size"),
        ("page=-1", "page"),
        ("name=" + "x" * 201, "name"),
    ],
)
def test_filters_that_cannot_be_read_are_named(many: FlowClient, query: str, path: str) -> None:
    refused = many.get(f"/automations?{query}")
    assert (refused.status, refused.body["errors"][0]["path"]) == (400, path)


def test_what_is_being_deleted_is_not_listed_but_read(flow: FlowClient) -> None:
    made = make_automation(flow, "DRAFT")
    assert flow.delete(f"/automations/{made['uuid']}").status == 204
    assert flow.get("/automations").body["elements"] == []
    assert flow.get(f"/automations/{made['uuid']}").body["status"] == "TO_DELETE"


def test_a_page_that_no_answer_could_hold_is_refused_with_a_hint(flow: FlowClient) -> None:
    html = "x" * 480_000
    for _ in range(3):
        steps = [email_step(step_uuid(), htmlContent=html) for _ in range(5)]
        assert flow.post("/automations", {"name": "big", **joined(*steps)}).status == 201
    refused = flow.get("/automations")
    assert (refused.status, refused.body["errors"][0]["path"]) == (400, "size")
    assert flow.get("/automations?size=2").status == 200
    assert len(flow.get("/automations?style=compact").body["elements"]) == 3

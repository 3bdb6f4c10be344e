"""Searching tokens, reports of them and of counters."""

from __future__ import annotations

import base64
import csv
import io
import zipfile
from typing import Any

import pytest

from chalicelib.core import cache
from chalicelib.journeys import tokens
from chalicelib.journeys.models import automations as stored
from chalicelib.journeys.reports import downloads
from tests.api.journeys.moving import pump
from tests.conftest import Clock
from tests.journeys import FlowClient, end_step, joined, make_automation, make_node, step_uuid, wait_step, welcome

ZIP = {"accept": "application/zip"}


@pytest.fixture
def flow(workspace: str, still: Clock, no_delays: None) -> FlowClient:
    return make_node(workspace)


def filled(flow: FlowClient, still: Clock, count: int = 5, **fields: Any) -> dict[str, Any]:
    made = make_automation(flow, **fields)
    for number in range(count):
        still.advance_s(1)
        attributes = {"email": f"p{number}@example.com", "name": "x"}
        assert flow.post(f"/automations/{made['uuid']}/customers", {"attributes": attributes}).status == 201
    cache.forget_all()
    return made


def names(answer: Any) -> list[str]:
    return [one["recipient"].partition("@")[0] for one in answer.ok()["elements"]]


def test_the_newest_come_first_page_by_page(flow: FlowClient, still: Clock) -> None:
    filled(flow, still)
    assert names(flow.get("/tokens?size=2")) == ["p4", "p3"]
    assert names(flow.get("/tokens?size=2&page=2")) == ["p0"]
    first = flow.get("/tokens?size=2").ok()
    assert (first["page"]["totalElements"], first["page"]["totalPages"]) == (5, 3)
    second = flow.get(f"/tokens?size=2&cursor={first['page']['next']}")
    assert names(second) == ["p2", "p1"]
    assert flow.get("/tokens?size=2&page=2").ok()["page"]["next"] is None


@pytest.mark.parametrize(
    "path", ["/tokens", "/tokens/{token}", "/automations/{uuid}/feedbacks", "/automations/reports", "/tokens/reports"]
)
def test_a_graph_that_is_replaced_while_it_is_read_hides_nothing(
    flow: FlowClient, still: Clock, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    made = filled(flow, still, 1)
    whole = flow.patch(f"/automations/{made['uuid']}", {"status": "PAUSED"}).ok()
    token = flow.get("/tokens").ok()["elements"][0]["uuid"]
    cache.forget_all()
    read, replaced = stored.graph_of, []

    def meanwhile(head: stored.Automation) -> Any:
        if not replaced:
            replaced.append(head.graph_hash)
            first, *others = whole["steps"]
            described = {**whole, "steps": [{**first, "description": "new"}, *others]}
            assert flow.put(f"/automations/{made['uuid']}", described).status == 200
            stored.drop_graph(head, head.graph_hash)
            cache.forget_all()
        return read(head)

    monkeypatch.setattr(stored, "graph_of", meanwhile)
    answer = flow.get(path.format(token=token, uuid=made["uuid"]), headers=ZIP if "reports" in path else {})
    assert (answer.status, len(replaced)) == (200, 1), answer.body


def test_several_automations_are_merged_by_entry(flow: FlowClient, still: Clock) -> None:
    made = [make_automation(flow), make_automation(flow)]
    for number in range(6):
        still.advance_s(1)
        attributes = {"email": f"p{number}@example.com", "name": "x"}
        flow.post(f"/automations/{made[number % 2]['uuid']}/customers", {"attributes": attributes})
    cache.forget_all()
    assert names(flow.get("/tokens")) == ["p5", "p4", "p3", "p2", "p1", "p0"]
    assert names(flow.get(f"/tokens?automationUuid={made[0]['uuid']}")) == ["p4", "p2", "p0"]


def test_filters_combine(flow: FlowClient, still: Clock) -> None:
    step = step_uuid()
    graph = joined(wait_step(step), *welcome()["steps"][:1], end_step(step_uuid()))
    made = filled(flow, still, 2, **graph)
    filled(flow, still, 3)
    pump()
    assert names(flow.get(f"/tokens?stepUuid={step}")) == ["p1", "p0"]
    assert names(flow.get("/tokens?aggregatedStatus=COMPLETED")) == ["p2", "p1", "p0"]
    assert names(flow.get(f"/tokens?aggregatedStatus=COMPLETED&automationUuid={made['uuid']}")) == []
    assert names(flow.get("/tokens?recipient=P1@example.com")) == ["p1", "p1"]
    assert names(flow.get("/tokens?recipient=p1@example.com&aggregatedStatus=RUNNING")) == ["p1"]
    assert flow.get(f"/tokens?stepUuid={step}&aggregatedStatus=RUNNING").ok()["page"]["totalElements"] == 2
    compact = flow.get("/tokens?style=compact").ok()["elements"][0]
    assert "attributes" not in compact and compact["status"] == "COMPLETED"


@pytest.mark.parametrize(
    ("sort", "expected"),
    [("recipient", ["p0", "p1", "p2"]), ("recipient,desc", ["p2", "p1", "p0"]), ("status,asc", None)],
)
def test_sorting(flow: FlowClient, still: Clock, sort: str, expected: list[str] | None) -> None:
    filled(flow, still, 3)
    answer = names(flow.get(f"/tokens?sort={sort}"))
    assert answer == expected if expected else sorted(answer) == ["p0", "p1", "p2"]


@pytest.mark.parametrize(
    "query",
    [
        "sort=name",
        "sort=recipient,up",
        "sort=recipient,",
        "size=1001",
        "size=0",
        "page=600",
        "aggregatedStatus=OTHER",
        "cursor=x",
        "stepUuid=x",
    ],
)
def test_bad_parameters_are_refused(flow: FlowClient, query: str) -> None:
    assert flow.get(f"/tokens?{query}").status == 400


def test_a_page_that_no_answer_could_hold_is_refused(
    flow: FlowClient, still: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(flow, still, 3)
    monkeypatch.setattr(tokens, "MAX_ANSWER_BYTES", 1_500)
    refused = flow.get("/tokens")
    assert (refused.status, refused.body["errors"][0]["path"]) == (400, "size")
    assert flow.get("/tokens?size=1").status == 200
    assert len(flow.get("/tokens?style=compact").ok()["elements"]) == 3


def test_a_cursor_holds_for_its_own_search_only(flow: FlowClient, still: Clock) -> None:
    filled(flow, still, 3)
    cursor = flow.get("/tokens?size=1").ok()["page"]["next"]
    assert flow.get(f"/tokens?size=1&aggregatedStatus=RUNNING&cursor={cursor}").status == 400


def test_the_counter_report_has_a_row_for_each_step_and_safe_cells(flow: FlowClient, still: Clock) -> None:
    filled(flow, still, 2, name="=cmd|' /C calc'!A0", description="+1")
    pump()
    answer = flow.get("/automations/reports?filename=my report.csv")
    assert answer.headers["content-disposition"] == 'attachment; filename="myreport.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.body)))
    assert [row["stepOperation"] for row in rows] == ["CLAB_CAMPAIGN", "NO_ACTION"]
    assert rows[0]["automationName"].startswith("'=") and rows[0]["automationDescription"] == "'+1"
    assert (rows[0]["entered"], rows[0]["sent"], rows[0]["called"], rows[1]["sent"]) == ("2", "2", "", "")


def unzipped(body: str) -> list[dict[str, str]]:
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(body))) as archive:
        assert archive.namelist() == ["automations-monitor.csv"]
        return list(csv.DictReader(io.StringIO(archive.read("automations-monitor.csv").decode())))


def test_a_small_report_of_tokens_is_answered_directly(flow: FlowClient, still: Clock) -> None:
    filled(flow, still, 3)
    answer = flow.get("/tokens/reports", headers=ZIP)
    assert answer.headers["content-disposition"] == 'attachment; filename="automations-monitor.zip"'
    rows = unzipped(answer.body)
    assert [row["recipient"] for row in rows] == [f"p{number}@example.com" for number in (2, 1, 0)]
    assert rows[0]["aggregatedStatus"] == "RUNNING" and "attributes" not in rows[0]


def test_a_large_one_is_prepared_and_fetched_from_a_signed_address(
    flow: FlowClient, still: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "DIRECT_ROWS", 2)
    filled(flow, still, 5)
    asked = flow.get("/tokens/reports", headers=ZIP)
    assert (asked.status, asked.body["status"]) == (202, "QUEUED")
    pump()
    ready = flow.get(asked.headers["location"])
    assert ready.status == 303
    assert flow.get("/tokens/reports", headers=ZIP).status == 303
    path = "/flow/v1" + ready.headers["location"].partition("/flow/v1")[2]
    assert len(unzipped(flow.get(path, key=None, headers=ZIP).body)) == 5
    still.advance_s(301)
    assert flow.get(path, key=None, headers=ZIP).status == 404
    assert flow.get(path[:-2] + "xx", key=None, headers=ZIP).status == 404

"""Statuses of automations through the routes: what clients may ask, what the clock does, what tokens are told."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from chalicelib.core.errors import Unavailable
from chalicelib.journeys import lifecycle, moving
from chalicelib.journeys.models import automations as stored
from chalicelib.journeys.models import nodes
from chalicelib.journeys.models.automations import Automation
from chalicelib.journeys.rules import lifecycle as rules
from chalicelib.journeys.rules.lifecycle import Actor, Status
from chalicelib.storage.tables import JOURNEYS
from tests.conftest import Clock
from tests.journeys import FlowClient, make_automation, make_node
from tests.queues import bodies

Json = dict[str, Any]
FUTURE, END = "2026-02-01T09:00:00Z", "2026-03-01T09:00:00Z"
DAY_S = 86_400
WAYS: dict[str, list[str | tuple[str, str]]] = {  # how each status is reached: by clients, or (engine, status)
    "DRAFT": [],
    "COMMITTED": [],
    "RUNNING": [],
    "PAUSED": ["PAUSED"],
    "ERROR": [("engine", "ERROR")],
    "TO_ARCHIVE": ["PAUSED", "TO_ARCHIVE"],
    "ARCHIVED": ["PAUSED", "TO_ARCHIVE", ("engine", "ARCHIVED")],
    "TO_DELETE": ["TO_DELETE"],
}


@pytest.fixture
def flow(workspace: str, still: Clock) -> FlowClient:
    return make_node(workspace)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """What tokens were told, in order."""
    found: list[tuple[str, str]] = []
    monkeypatch.setattr(moving, "after_transition", lambda w, n, a, before, after: found.append((before, after)))
    return found


def load(flow: FlowClient, uuid: str) -> Automation:
    found = stored.load(flow.key, str(flow.node), uuid, fresh=True)
    assert found is not None
    return found


def reach(flow: FlowClient, status: str) -> str:
    """Make an automation and lead it to a status; give its uuid."""
    begun = {"DRAFT": "DRAFT", "TO_DELETE": "DRAFT", "COMMITTED": "COMMITTED"}.get(status, "RUNNING")
    made = make_automation(flow, begun, **({"startDate": FUTURE} if status == "COMMITTED" else {}))
    for way in WAYS[status]:
        if isinstance(way, tuple):
            lifecycle.engine_transition(load(flow, made["uuid"]), way[1], "test")
        else:
            assert flow.patch(f"/automations/{made['uuid']}", {"status": way}).status == 200
    assert flow.get(f"/automations/{made['uuid']}").body["status"] == status
    return str(made["uuid"])


@pytest.mark.parametrize("before", list(WAYS))
def test_every_wish_in_every_status_is_answered_by_the_table(flow: FlowClient, before: str) -> None:
    for asked in Status:
        uuid = reach(flow, before)
        to = rules.meant(Status(before), asked, load(flow, uuid).start_at, rules_now())
        is_legal = to == before or rules.may(Actor.CLIENT, Status(before), to)
        answer = flow.patch(f"/automations/{uuid}", {"status": asked})
        assert answer.status == (200 if is_legal else 409), (before, asked, answer.body)
        now = flow.get(f"/automations/{uuid}").body["status"]
        assert now == (to if is_legal else before)


def rules_now() -> int:
    from chalicelib.core import clock

    return clock.now_ms()


@pytest.mark.parametrize("before", list(WAYS))
def test_delete_is_refused_exactly_where_the_table_says(flow: FlowClient, before: str) -> None:
    uuid = reach(flow, before)
    answer = flow.delete(f"/automations/{uuid}")
    assert answer.status == (409 if before in ("RUNNING", "TO_ARCHIVE") else 204)
    expected = before if answer.status == 409 else "TO_DELETE"
    assert flow.get(f"/automations/{uuid}").body["status"] == expected


@pytest.mark.parametrize("before", list(WAYS))
def test_whole_changes_are_taken_in_four_statuses(flow: FlowClient, before: str) -> None:
    uuid = reach(flow, before)
    whole = flow.get(f"/automations/{uuid}").body
    answer = flow.put(f"/automations/{uuid}", {**whole, "description": "new"})
    assert answer.status == (200 if before in ("DRAFT", "COMMITTED", "PAUSED", "ERROR") else 409)


@pytest.mark.parametrize("before", list(WAYS))
def test_a_new_name_is_taken_until_the_end(flow: FlowClient, before: str) -> None:
    uuid = reach(flow, before)
    answer = flow.patch(f"/automations/{uuid}", {"name": "Other"})
    assert answer.status == (409 if before == "TO_DELETE" else 200)


def test_the_engine_does_only_what_the_table_allows_it(flow: FlowClient) -> None:
    for before, to in itertools.product(WAYS, [*Status, None]):
        if before == "TO_DELETE" and to is None:
            continue
        uuid = reach(flow, before)
        lifecycle.engine_transition(load(flow, uuid), to, "test")
        allowed = rules.may(Actor.ENGINE, Status(before), to)
        assert load(flow, uuid).status == (to if allowed else before), (before, to)


def test_a_refused_status_takes_the_name_with_it(flow: FlowClient) -> None:
    uuid = reach(flow, "RUNNING")
    refused = flow.patch(f"/automations/{uuid}", {"name": "Other", "status": "ARCHIVED"})
    assert (refused.status, refused.body["data"]) == (409, {"status": "RUNNING", "allowed": ["PAUSED"]})
    assert flow.get(f"/automations/{uuid}").body["name"] == "Welcome"


def test_the_same_status_again_changes_nothing(flow: FlowClient, told: list[tuple[str, str]]) -> None:
    uuid = reach(flow, "PAUSED")
    told.clear()
    etag = flow.get(f"/automations/{uuid}").headers["etag"]
    again = flow.patch(f"/automations/{uuid}", {"status": "PAUSED"})
    assert (again.status, again.headers["etag"], told) == (200, etag, [])


def test_a_broken_graph_stays_out_of_running(flow: FlowClient) -> None:
    uuid = flow.post("/automations", {"name": "x"}).body["uuid"]
    refused = flow.patch(f"/automations/{uuid}", {"status": "RUNNING"})
    assert refused.status == 422
    assert flow.get(f"/automations/{uuid}").body["status"] == "DRAFT"


def test_a_connector_that_is_gone_keeps_it_paused_until_it_is_back(flow: FlowClient) -> None:
    uuid = reach(flow, "ERROR")
    setting = next(one for one in flow.get("/settings").body["integrations"] if one["type"] == "CLAB_API_SOAP")
    flow.delete(f"/settings/{setting['uuid']}")
    refused = flow.patch(f"/automations/{uuid}", {"status": "RUNNING"})
    assert (refused.status, refused.body["errors"][0]["code"]) == (422, "OPERATION_UNAVAILABLE")
    flow.post("/settings", {"category": "INTEGRATION", "type": "CLAB_API_SOAP", "value": {"provider": "FAKE"}})
    assert flow.patch(f"/automations/{uuid}", {"status": "RUNNING"}).body["status"] == "RUNNING"


def test_a_draft_again_only_before_anybody_entered(flow: FlowClient, monkeypatch: pytest.MonkeyPatch) -> None:
    from chalicelib.journeys import counters

    uuid = reach(flow, "COMMITTED")
    monkeypatch.setattr(counters, "has_entered", lambda *_: True)
    assert flow.patch(f"/automations/{uuid}", {"status": "DRAFT"}).status == 409
    monkeypatch.setattr(counters, "has_entered", lambda *_: False)
    assert flow.patch(f"/automations/{uuid}", {"status": "DRAFT"}).body["status"] == "DRAFT"


# --- pauses ---------------------------------------------------------------------------------------------------------


def test_a_pause_is_remembered_with_what_resuming_did(flow: FlowClient, still: Clock) -> None:
    uuid = reach(flow, "RUNNING")
    began = still.at_ms
    flow.patch(f"/automations/{uuid}", {"status": "PAUSED"})
    still.advance_s(600)
    assert load(flow, uuid).resumed_at is None
    flow.patch(f"/automations/{uuid}?removeExpiredCustomers=true", {"status": "RUNNING"})
    head = load(flow, uuid)
    assert (head.paused_at, head.resumed_at, head.remove_expired_on_resume) == (began, began + 600_000, True)
    assert [head.is_overdue(began + at) for at in (-1, 0, 599_999, 600_000)] == [False, True, True, False]
    flow.patch(f"/automations/{uuid}", {"status": "PAUSED"})
    still.advance_s(600)
    flow.patch(f"/automations/{uuid}", {"status": "RUNNING"})
    head = load(flow, uuid)
    assert head.is_overdue(began), "an earlier pause is not forgotten"
    assert not head.is_overdue(began + 700_000), "the later one ended nobody"


def test_the_flag_counts_only_from_paused_to_running(flow: FlowClient) -> None:
    uuid = reach(flow, "PAUSED")
    flow.patch(f"/automations/{uuid}?removeExpiredCustomers=true", {"status": "TO_ARCHIVE"})
    assert not load(flow, uuid).remove_expired_on_resume
    assert flow.patch(f"/automations/{uuid}?removeExpiredCustomers=x", {"name": "y"}).status == 400


# --- dates ----------------------------------------------------------------------------------------------------------


def test_the_clock_starts_and_ends_it(flow: FlowClient, still: Clock, told: list[tuple[str, str]]) -> None:
    uuid = make_automation(flow, "COMMITTED", startDate=FUTURE, endDate=END)["uuid"]
    place = flow.key, str(flow.node), uuid
    lifecycle.keep_time(*place)
    assert load(flow, uuid).status == "COMMITTED"
    still.advance_s(31 * DAY_S)
    lifecycle.keep_time(*place)
    assert (load(flow, uuid).status, load(flow, uuid).started_at) == ("RUNNING", still.at_ms)
    still.advance_s(28 * DAY_S)
    lifecycle.keep_time(*place)
    lifecycle.keep_time(*place)
    assert (load(flow, uuid).status, load(flow, uuid).reason) == ("TO_ARCHIVE", "END_DATE")
    assert told == [("DRAFT", "COMMITTED"), ("COMMITTED", "RUNNING"), ("RUNNING", "TO_ARCHIVE")]


def due_keys(at_ms: int) -> list[str]:
    """List what the index of due times holds for a minute."""
    from chalicelib.durable import due

    buckets = [due.bucket(nodes.DUE, at_ms // due.MINUTE_MS, shard) for shard in range(due.SHARDS)]
    return [row["sk"] for bucket in buckets for row in JOURNEYS.query(bucket, index="due").rows]


def test_dates_stand_in_the_index_of_due_times(flow: FlowClient, still: Clock) -> None:
    start_ms, end_ms = 1_769_936_400_000, 1_772_355_600_000
    uuid = make_automation(flow, "COMMITTED", startDate=FUTURE, endDate=END)["uuid"]
    assert (due_keys(start_ms), due_keys(end_ms)) == ([f"aut#{uuid}"], [])
    still.at_ms = start_ms
    lifecycle.keep_time(flow.key, str(flow.node), uuid)
    assert (due_keys(start_ms), due_keys(end_ms)) == ([], [f"aut#{uuid}"])
    assert nodes.parts_of(f"{flow.key}#N#{flow.node}", f"aut#{uuid}") == {"w": flow.key, "n": flow.node, "a": uuid}


def test_a_date_that_is_near_has_a_message_of_its_own(flow: FlowClient, no_delays: None) -> None:
    bodies("journeys_lifecycle")
    uuid = make_automation(flow, "COMMITTED", startDate="2026-01-01T12:05:00Z")["uuid"]
    assert {"w": flow.key, "n": flow.node, "a": uuid} in bodies("journeys_lifecycle")


def test_clearing_the_start_date_starts_it_in_the_same_answer(flow: FlowClient) -> None:
    uuid = reach(flow, "COMMITTED")
    whole = flow.get(f"/automations/{uuid}").body
    assert flow.patch(f"/automations/{uuid}", {"status": "RUNNING"}).body["status"] == "COMMITTED"
    started = flow.put(f"/automations/{uuid}", {**whole, "startDate": None, "status": None})
    assert (started.status, started.body["status"]) == (200, "RUNNING")


def test_the_start_date_is_frozen_by_the_first_run_and_the_end_date_is_not(flow: FlowClient) -> None:
    uuid = reach(flow, "PAUSED")
    whole = flow.get(f"/automations/{uuid}").body
    refused = flow.put(f"/automations/{uuid}", {**whole, "startDate": FUTURE})
    assert (refused.status, refused.body["errors"][0]["path"]) == (422, "/startDate")
    assert flow.put(f"/automations/{uuid}", {**whole, "endDate": END}).status == 200
    past = flow.put(f"/automations/{uuid}", {**whole, "endDate": "2025-01-01T00:00:00Z"})
    assert (past.status, past.body["errors"][0]["code"]) == (422, "DATES")


def test_a_node_that_is_off_freezes_dates_and_on_again_lets_them_count(
    flow: FlowClient, still: Clock, told: list[tuple[str, str]]
) -> None:
    ready = make_automation(flow, "COMMITTED", startDate=FUTURE)["uuid"]
    running = make_automation(flow)["uuid"]
    flow.patch(f"/nodes/{flow.node}", {"active": False})
    still.advance_s(40 * DAY_S)
    lifecycle.keep_time(flow.key, str(flow.node), ready)
    assert load(flow, ready).status == "COMMITTED"
    assert flow.get("/automations").status == 403
    told.clear()
    from chalicelib.journeys import node_upkeep

    bodies("journeys_lifecycle")
    flow.patch(f"/nodes/{flow.node}", {"active": True})
    assert {"w": flow.key, "n": flow.node} in bodies("journeys_lifecycle")
    node_upkeep.keep(flow.key, str(flow.node))
    assert (load(flow, ready).status, load(flow, running).status) == ("RUNNING", "RUNNING")
    assert sorted(told) == [("COMMITTED", "RUNNING"), ("RUNNING", "RUNNING"), ("RUNNING", "RUNNING")]


# --- what tokens are told -------------------------------------------------------------------------------------------


def test_tokens_are_told_even_when_the_queue_was_down(
    flow: FlowClient, still: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    uuid = reach(flow, "RUNNING")
    found: list[tuple[str, str]] = []

    def down(*_: Any) -> None:
        raise Unavailable("the queue did not answer")

    monkeypatch.setattr(moving, "after_transition", down)
    assert flow.patch(f"/automations/{uuid}", {"status": "PAUSED"}).status == 503
    assert (load(flow, uuid).status, load(flow, uuid).owes) == ("PAUSED", [["RUNNING", "PAUSED"]])
    assert due_keys(still.at_ms) == [f"aut#{uuid}"], "the sweep will find it"
    monkeypatch.setattr(moving, "after_transition", lambda w, n, a, before, after: found.append((before, after)))
    lifecycle.keep_time(flow.key, str(flow.node), uuid)
    assert (found, load(flow, uuid).owes, due_keys(still.at_ms)) == ([("RUNNING", "PAUSED")], [], [])


def test_a_repeat_of_the_request_tells_them_too(flow: FlowClient, monkeypatch: pytest.MonkeyPatch) -> None:
    uuid = reach(flow, "RUNNING")
    found: list[str] = []

    def down(*_: Any) -> None:
        raise Unavailable("the queue did not answer")

    monkeypatch.setattr(moving, "after_transition", down)
    assert flow.patch(f"/automations/{uuid}", {"status": "PAUSED"}).status == 503
    monkeypatch.setattr(moving, "after_transition", lambda w, n, a, before, after: found.append(after))
    assert flow.patch(f"/automations/{uuid}", {"status": "PAUSED"}).status == 200
    assert found == ["PAUSED"]


def test_two_who_move_it_at_once_are_both_counted_once(flow: FlowClient) -> None:
    uuid = reach(flow, "RUNNING")
    first, second = load(flow, uuid), load(flow, uuid)
    assert lifecycle.engine_transition(first, "ERROR", "x") is not None
    later = lifecycle.engine_transition(second, "ERROR", "y")
    assert later is not None
    assert (later.status, later.reason) == ("ERROR", "x")
    counts = flow.get("/kpis/nodes").body["elements"][0]["automations"]
    assert (counts["RUNNING"], counts["ERROR"], counts["total"]) == (0, 1, 1)


def test_erasing_removes_all_an_automation_kept(flow: FlowClient) -> None:
    from chalicelib.adapters import blobs

    uuid = make_automation(flow, "DRAFT")["uuid"]
    whole = flow.get(f"/automations/{uuid}").body
    whole["steps"][0]["parameters"]["htmlContent"] = "x" * 5000
    flow.put(f"/automations/{uuid}", {**whole, "status": "COMMITTED", "startDate": FUTURE})
    head = load(flow, uuid)
    blob = head.graph.steps[0]["parameters"]["htmlContent"]["blob"]
    assert blobs.blobs().get(flow.key, blob)
    flow.delete(f"/automations/{uuid}")
    assert lifecycle.engine_transition(head, None) is None
    assert lifecycle.engine_transition(head, None) is None
    assert flow.get(f"/automations/{uuid}").status == 404
    for part in ("", f"#A#{uuid}", "#STEPS"):
        rows = JOURNEYS.query_all(f"{flow.key}#N#{flow.node}{part}")
        assert [row["sk"] for row in rows if row["sk"].startswith(("aut#", "graph#", "0"))] == []
    with pytest.raises(Exception, match="no such value"):
        blobs.blobs().get(flow.key, blob)

"""Editing where customers stand: occupied steps, versions, what an old graph leaves behind."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.core import cache
from chalicelib.journeys import counters, graphs
from chalicelib.journeys.models import automations as stored
from chalicelib.storage.tables import JOURNEYS
from tests.conftest import Clock
from tests.journeys import FlowClient, email_step, end_step, joined, make_node, step_uuid, wait_step

Json = dict[str, Any]


@pytest.fixture
def flow(workspace: str, still: Clock) -> FlowClient:
    return make_node(workspace)


@pytest.fixture
def paused(flow: FlowClient) -> Json:
    """A mail, a wait, an end; paused."""
    steps = joined(email_step(step_uuid()), wait_step(step_uuid()), end_step(step_uuid()))
    made = flow.post("/automations", {"name": "x", "status": "RUNNING", **steps}).body
    return dict(flow.patch(f"/automations/{made['uuid']}", {"status": "PAUSED"}).body)


def test_a_step_with_customers_is_neither_removed_nor_changed_in_kind(
    flow: FlowClient, paused: Json, monkeypatch: pytest.MonkeyPatch
) -> None:
    mail, wait, end = paused["steps"]
    monkeypatch.setattr(counters, "in_step", lambda w, n, a, steps: {one: 3 for one in steps if one == wait["uuid"]})
    path = f"/automations/{paused['uuid']}"
    removed = flow.put(path, {**paused, **joined(mail, end)})
    assert (removed.status, removed.body["data"]) == (409, {"steps": {wait["uuid"]: 3}})
    assert removed.body["errors"][0]["code"] == "OCCUPIED_STEP"
    retyped = flow.put(path, {**paused, **joined(mail, email_step(wait["uuid"]), end)})
    assert retyped.status == 409
    changed = flow.put(path, {**paused, **joined(mail, wait_step(wait["uuid"], 5, "HOURS"), end)})
    assert changed.status == 200
    others = flow.put(path, {**paused, **joined(wait, email_step(step_uuid()), end)})
    assert others.status == 200, "a step on which nobody stands may go"


def test_the_step_where_customers_come_in_is_occupied_by_those_who_just_did(flow: FlowClient) -> None:
    wait, mail, end = wait_step(step_uuid()), email_step(step_uuid()), end_step(step_uuid())
    made = flow.post("/automations", {"name": "x", "status": "RUNNING", **joined(wait, mail, end)}).body
    path = f"/automations/{made['uuid']}"
    assert flow.post(f"{path}/customers", {"userPk": "ann"}).status == 201
    flow.patch(path, {"status": "PAUSED"})
    refused = flow.put(path, {**made, "status": None, **joined(mail, end)})
    assert (refused.status, refused.body["data"]) == (409, {"steps": {wait["uuid"]: 1}})


def test_saving_and_resuming_is_one_step(flow: FlowClient, paused: Json) -> None:
    path = f"/automations/{paused['uuid']}?removeExpiredCustomers=true"
    answer = flow.put(path, {**paused, "name": "Resumed", "status": "RUNNING"})
    assert (answer.status, answer.body["status"], answer.body["name"]) == (200, "RUNNING", "Resumed")
    head = stored.load(flow.key, str(flow.node), paused["uuid"], fresh=True)
    assert head is not None
    assert head.remove_expired_on_resume


def test_an_invalid_graph_changes_neither_graph_nor_status(flow: FlowClient, paused: Json) -> None:
    path = f"/automations/{paused['uuid']}"
    refused = flow.put(path, {**paused, "name": "Bad", "steps": paused["steps"][:1], "status": "RUNNING"})
    assert refused.status == 422
    shown = flow.get(path).body
    assert (shown["name"], shown["status"], len(shown["steps"])) == ("x", "PAUSED", 3)


def test_what_is_saved_where_customers_stand_must_be_valid(flow: FlowClient, paused: Json) -> None:
    assert flow.put(f"/automations/{paused['uuid']}", {**paused, "connections": []}).status == 422


def test_a_stale_version_is_refused_and_a_current_one_taken(flow: FlowClient, paused: Json) -> None:
    path = f"/automations/{paused['uuid']}"
    etag = flow.get(path).headers["etag"]
    first = flow.put(path, paused, headers={"if-match": etag})
    assert (first.status, first.headers["etag"] != etag) == (200, True)
    stale = flow.put(path, paused, headers={"if-match": etag})
    assert (stale.status, stale.body["data"]["etag"]) == (412, first.headers["etag"])
    assert flow.patch(path, {"name": "y"}, headers={"if-match": etag}).status == 412
    assert flow.patch(path, {"name": "y"}, headers={"if-match": f'"0", {first.headers["etag"]}'}).status == 200
    assert flow.patch(path, {"name": "z"}, headers={"if-match": "*"}).status == 200


def test_the_version_of_an_answer_is_the_one_that_is_read_next(flow: FlowClient, paused: Json) -> None:
    path = f"/automations/{paused['uuid']}"
    resumed = flow.patch(path, {"status": "RUNNING"})
    assert flow.get(path).headers["etag"] == resumed.headers["etag"]


def graphs_of(flow: FlowClient, uuid: str) -> list[str]:
    return [row["sk"] for row in JOURNEYS.query_all(f"{flow.key}#N#{flow.node}#A#{uuid}")]


def test_old_graphs_and_their_texts_are_swept_up(flow: FlowClient, paused: Json) -> None:
    from chalicelib.adapters import blobs
    from chalicelib.core.errors import NotFound

    path, found = f"/automations/{paused['uuid']}", []
    for number in range(3):
        paused["steps"][0]["parameters"]["htmlContent"] = f"{number}" * 5000
        assert flow.put(path, paused).status == 200
        head = stored.load(flow.key, str(flow.node), paused["uuid"], fresh=True)
        assert head is not None
        found.append(head.graph.steps[0]["parameters"]["htmlContent"]["blob"])
    assert len(graphs_of(flow, paused["uuid"])) == 1
    assert blobs.blobs().get(flow.key, found[-1])
    for old in found[:-1]:
        with pytest.raises(NotFound):
            blobs.blobs().get(flow.key, old)


def test_a_save_that_comes_second_leaves_nothing_behind(
    flow: FlowClient, paused: Json, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, put = f"/automations/{paused['uuid']}", graphs.put
    raced: list[int] = []

    def put_late(*args: Any) -> None:
        put(*args)
        if not raced:
            raced.append(1)
            assert flow.patch(path, {"name": "faster"}).status == 200

    monkeypatch.setattr(graphs, "put", put_late)
    answer = flow.put(path, {**paused, "description": "slower"})
    assert (answer.status, answer.body["description"]) == (200, "slower")
    assert len(graphs_of(flow, paused["uuid"])) == 1


def test_a_worker_that_holds_an_old_graph_is_told_so(flow: FlowClient, paused: Json) -> None:
    from chalicelib.core.errors import NotFound

    old = stored.load(flow.key, str(flow.node), paused["uuid"], fresh=True)
    assert old is not None
    flow.put(f"/automations/{paused['uuid']}", {**paused, "description": "new"})
    cache.forget_all()  # as another process, which has not read it yet
    with pytest.raises(NotFound, match="replaced"):
        _ = old.graph


def test_who_reads_while_it_is_saved_sees_the_newer_one(
    flow: FlowClient, paused: Json, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, load = f"/automations/{paused['uuid']}", stored.load
    raced: list[int] = []

    def load_early(*args: Any, **how: Any) -> Any:
        found = load(*args, **how)
        if not raced:
            raced.append(1)
            assert flow.put(path, {**paused, "description": "newer"}).status == 200
            cache.forget_all()
        return found

    for ask in (lambda: flow.get(path), lambda: flow.patch(path, {"status": "RUNNING"})):
        raced.clear()
        monkeypatch.setattr(stored, "load", load_early)
        answer = ask()
        monkeypatch.setattr(stored, "load", load)
        assert (answer.status, answer.body["description"]) == (200, "newer")


def test_who_lists_while_one_is_saved_sees_the_newer_one(
    flow: FlowClient, paused: Json, monkeypatch: pytest.MonkeyPatch
) -> None:
    heads = stored.list_all(flow.key, str(flow.node))
    flow.put(f"/automations/{paused['uuid']}", {**paused, "description": "newer"})
    cache.forget_all()
    monkeypatch.setattr(stored, "list_all", lambda w, n: heads)
    assert [one["description"] for one in flow.get("/automations").body["elements"]] == ["newer"]

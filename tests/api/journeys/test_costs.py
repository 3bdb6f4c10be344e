"""What an entry by itself writes: the token, its place in the list, a row for each name, one counter, one guard."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.journeys.moving import pump
from tests.conftest import Clock
from tests.counting import counting
from tests.journeys import FlowClient, email_step, end_step, joined, make_automation, make_node, step_uuid, wait_step

ANN = {"attributes": {"email": "ann@example.com", "name": "Ann"}}
THREE_NAMES = {**ANN, "userPk": "ann", "clabUuid": step_uuid()}


@pytest.fixture
def flow(workspace: str, still: Clock, no_delays: None) -> FlowClient:
    return make_node(workspace)


@pytest.mark.parametrize(
    ("fields", "who", "rows"),
    [({}, ANN, 4), ({}, THREE_NAMES, 6), ({"uniqueToken": True}, ANN, 5), ({"uniqueToken": True}, THREE_NAMES, 7)],
)
def test_an_entry_by_itself_writes_no_row_too_many(
    flow: FlowClient, fields: dict[str, Any], who: dict[str, Any], rows: int
) -> None:
    made = make_automation(flow, **fields)
    with counting() as calls:
        assert flow.post(f"/automations/{made['uuid']}/customers", who).status == 201
    assert calls["writes"] == rows


def test_a_mail_and_the_wait_after_it_write_a_claim_and_one_transaction(flow: FlowClient) -> None:
    graph = joined(email_step(step_uuid()), wait_step(step_uuid()), end_step(step_uuid()))
    made = make_automation(flow, **graph)
    flow.post(f"/automations/{made['uuid']}/customers", ANN)
    with counting() as calls:
        pump()
    assert calls["writes"] == 4  # the claim; the token and the counters of both steps
    assert flow.get(f"/automations/{made['uuid']}").ok()["statistics"]["steps"][1]["inStep"] == 1


def test_a_batch_of_one_is_released_in_few_rows(flow: FlowClient) -> None:
    made = make_automation(flow)
    with counting() as calls:
        sent = {"customers": [ANN]}
        assert flow.post(f"/automations/{made['uuid']}/customers/batch", sent).status == 202
    assert calls["writes"] == 3  # the batch, its packet, what leads to it
    flow.patch(f"/automations/{made['uuid']}", {"status": "PAUSED"})
    with counting() as calls:
        pump()
    assert calls["writes"] == 4 + 4 + 1  # take, cursor, end, packet; the entry; the marker of a token that stands still

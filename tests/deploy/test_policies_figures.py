"""Every function that may add to the sums of workspaces does so when its invocation ends, and only there."""

from __future__ import annotations

import importlib
from typing import Any

import pytest

from chalicelib.core import figures
from chalicelib.durable import counts
from infra import policies
from infra.functions import API, FUNCTIONS, STAGES
from tests.client import Client
from tests.conftest import Clock

COUNTING = [function for function in FUNCTIONS if function.counts]
WATCHING = [function for function in FUNCTIONS if function.watches]


@pytest.mark.parametrize("function", COUNTING, ids=lambda function: function.name)
def test_what_is_in_hand_is_added_when_an_invocation_ends(workspace: str, still: Clock, function: Any) -> None:
    module, _, name = function.handler.rpartition(".")
    figures.forget()
    figures.add("OutboundRequests", 3, workspace_id=workspace)
    getattr(importlib.import_module(module), name)({"Records": []}, None)
    assert counts.of_day(workspace, "2026-01-01") == {"12": {"OutboundRequests": 3}}


@pytest.mark.parametrize("function", COUNTING, ids=lambda function: function.name)
def test_a_function_may_touch_no_other_row_by_that(function: Any) -> None:
    found = [
        one
        for one in policies.document(function, STAGES["prod"])["Statement"]
        if one.get("Action") == ["dynamodb:UpdateItem"] and "Condition" in one
    ]
    (only,) = found
    assert only["Condition"] == {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": [f"*{counts.MARK}*"]}}
    assert "UpdateItem" not in function.tables.get("work", "")
    assert counts.MARK in counts.partition("w1", "2026-01-01")


@pytest.mark.parametrize("function", [one for one in FUNCTIONS if one.runs_logic], ids=lambda function: function.name)
def test_who_runs_scripts_may_look_what_was_used_and_read_nothing_else_by_that(function: Any) -> None:
    assert ("dynamodb:Query", "work") in policies.granted(function)
    found = [one for one in policies.document(function, STAGES["prod"])["Statement"] if "Condition" in one]
    looks = [one["Condition"] for one in found if one["Action"] == ["dynamodb:Query"]]
    own = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": [f"*{counts.MARK}*"]}}
    assert looks == ([] if "Query" in function.tables.get("work", "") else [own])


@pytest.mark.parametrize("function", [one for one in FUNCTIONS if one.queue], ids=lambda function: function.name)
def test_a_consumer_may_send_its_own_messages_anew(function: Any) -> None:
    assert ("sqs:SendMessage", function.queue) in policies.granted(function)


def test_only_the_api_looks_at_queues_and_ages(client: Client) -> None:
    assert [function.name for function in WATCHING] == [API]
    assert client.get("/v1/metrics").status == 200

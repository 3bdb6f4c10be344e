"""What activity tells: who is found, who acted, what came of steps that were never begun."""

from __future__ import annotations

import pytest

from tests.workers.channels.office import Office, delay, in_app


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("search=NN@example", ["ann"]), ("search=bob", ["bob"]), ("search=bo", []), ("search=nobody", []),
        ("emails[]=ann@example.com&subscriberIds[]=bob", ["ann", "bob"]), ("emails=x@example.com", []),
        ("subscriberIds=ann&channels=sms", []), ("subscriberIds=ann&channels=in_app", ["ann"]),
    ],
)  # fmt: skip
def test_one_way_of_naming_somebody_is_enough(office: Office, query: str, found: list[str]) -> None:
    office.workflow(in_app("x"))
    office.trigger(to=["ann", "bob"])
    office.pump()
    shown = office.client.get(f"/v1/notifications?{query}").body["data"]
    assert sorted(one["subscriber"]["subscriberId"] for one in shown) == found


def test_every_step_names_a_provider_for_readers_who_insist_on_one(office: Office) -> None:
    slack = {"template": {"type": "chat", "content": "x"}}
    office.workflow(in_app("x"), {"template": {"type": "sms", "content": "x"}}, slack, delay(1), in_app("y"))
    transaction = office.trigger()
    office.pump()
    (shown,) = office.client.get(f"/v1/notifications?transactionId={transaction}").body["data"]
    assert [job["providerId"] for job in shown["jobs"]] == ["novu"] * 5
    assert {detail["providerId"] for job in shown["jobs"] for detail in job["executionDetails"]} == {"novu"}
    assert shown["jobs"][3]["digest"] == {"type": "regular", "amount": 1, "unit": "hours"}


def test_the_graph_names_channels_only_and_knows_no_end_of_days(office: Office) -> None:
    office.workflow(delay(1), in_app("x"))
    office.trigger()
    office.pump()
    (day,) = office.client.get("/v1/notifications/graph/stats?days=365").body["data"]
    assert (day["count"], day["channels"]) == (1, ["in_app"])


def test_a_delay_to_a_date_is_not_spelt_as_a_digest(office: Office) -> None:
    until = {"template": {"type": "delay"}, "metadata": {"type": "scheduled", "delayPath": "at"}}
    office.workflow(until, in_app("x"))
    transaction = office.trigger(payload={"at": "2026-01-01T12:30:00Z"})
    office.pump()
    (shown,) = office.client.get(f"/v1/notifications?transactionId={transaction}").body["data"]
    assert [("digest" in job, job["status"]) for job in shown["jobs"]] == [(False, "delayed"), (False, "pending")]

"""GET /v1/metrics: what was done is what is shown, to its own workspace, by day and hour, at few queries."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.adapters import aws, backlog, queue
from chalicelib.core import clock
from chalicelib.core.queues import DEAD_LETTERS, QUEUES
from tests.automations import begin, make, pump, run
from tests.builders import make_user
from tests.client import Client
from tests.conftest import Clock
from tests.counting import counting
from tests.queues import bodies

CODE = {"id": "c", "type": "code", "code": "return input.n + 1"}
THROWS = {"id": "c", "type": "code", "code": "throw new Error('no')"}


@pytest.fixture(autouse=True)
def _empty_queues(cloud: None) -> None:
    """The queues are one module's."""
    for name in (*QUEUES, DEAD_LETTERS):
        while bodies(name):
            continue


def metrics(client: Client, **query: str) -> Any:
    return client.get("/v1/metrics", query=query).ok()


def test_executions_and_scripts_are_counted_by_day_and_hour(client: Client, still: Clock) -> None:
    make_user(client)
    made = make(client, [CODE])
    for _ in range(3):
        begin(client, made, {"n": 1})
    pump()
    still.advance_s(3_600)
    assert run(client, [THROWS]).status == 422
    found = metrics(client, by="hour")
    assert found["total"]["executions"] == {"done": 3, "failed": 1, "cancelled": 0}
    ran, read = 4, 2 * 2  # the script of each automation is read when it is saved and when it is published
    assert (found["total"]["javaScript"]["runs"], found["total"]["javaScript"]["failures"]) == (ran + read, 1)
    assert found["total"]["javaScript"]["ms"] > 0
    assert found["total"]["microDollars"] >= client.get("/v1/usage").ok()["total"]["microDollars"] > 0
    hours = {one["start"]: one for one in found["periods"]}
    assert list(hours) == [f"2026-01-01T{hour:02d}:00:00" for hour in range(14)]
    assert hours["2026-01-01T12:00:00"]["executions"] == {"done": 3, "failed": 0, "cancelled": 0}
    assert hours["2026-01-01T13:00:00"]["executions"] == {"done": 0, "failed": 1, "cancelled": 0}
    assert [hours[f"2026-01-01T{hour}:00:00"]["javaScript"]["runs"] for hour in (11, 12, 13)] == [0, 3 + 2, 1 + 2]
    (day,) = metrics(client)["periods"]
    assert day == {"start": "2026-01-01T00:00:00", **{k: v for k, v in found["total"].items() if k != "microDollars"}}


def test_another_day_is_shown_when_it_is_asked_for(client: Client, still: Clock) -> None:
    make_user(client)
    run(client, [CODE], {"n": 1})
    metrics(client)
    still.advance_s(2 * 86_400)
    assert metrics(client)["total"]["executions"]["done"] == 0
    found = metrics(client, **{"from": "2026-01-01"})
    assert [one["start"][:10] for one in found["periods"]] == ["2026-01-01", "2026-01-02", "2026-01-03"]
    assert [one["executions"]["done"] for one in found["periods"]] == [1, 0, 0]
    assert (found["from"], found["to"], found["isComplete"]) == ("2026-01-01", "2026-01-03", True)


def test_a_workspace_sees_nothing_of_another_but_the_common_queues(
    client: Client, stranger: Client, still: Clock
) -> None:
    make_user(client)
    made = make(client, [CODE])
    begin(client, made, {"n": 1})
    queue.send("automations_advance", {"w": client.key, "x": "1"})
    mine, other = metrics(client), metrics(stranger)
    pump()
    assert metrics(client)["total"]["executions"]["done"] == 1
    text = json.dumps(metrics(stranger))
    assert metrics(stranger)["total"]["executions"]["done"] == 0
    assert client.key not in text and made[0] not in text
    assert mine["queues"] == other["queues"]


def test_queues_are_shown_with_what_waits_in_them(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    prefix = queue.url("chat_deliver").rpartition("/")[2].removesuffix("chat_deliver")
    monkeypatch.setattr(backlog, "_ages", lambda names: {f"{prefix}chat_deliver": 12.5} if names else {})
    for number in range(3):
        queue.send("chat_deliver", {"b": str(number)})
    queue.send("chat_deliver", {"b": "later"}, 600)
    address = queue.url("chat_deliver")
    aws.client("sqs").receive_message(QueueUrl=address, MaxNumberOfMessages=1)
    found = {one["name"]: one for one in metrics(client)["queues"]}
    assert list(found) == [*QUEUES, DEAD_LETTERS]
    shown = {"name": "chat_deliver", "waiting": 2, "inFlight": 1, "delayed": 1, "oldestS": 12.5}
    assert found["chat_deliver"] == shown
    aws.client("sqs").purge_queue(QueueUrl=address)
    assert found["chat_setup"] == {"name": "chat_setup", "waiting": 0, "inFlight": 0, "delayed": 0, "oldestS": 0}


def test_ages_are_what_cloudwatch_measured_last(client: Client) -> None:
    name = queue.url("journeys_step").rpartition("/")[2]
    now = datetime.fromtimestamp(clock.now_s(), UTC)
    aws.client("cloudwatch").put_metric_data(
        Namespace="AWS/SQS",
        MetricData=[
            {
                "MetricName": "ApproximateAgeOfOldestMessage",
                "Dimensions": [{"Name": "QueueName", "Value": name}],
                "Timestamp": now - timedelta(minutes=minutes),
                "Value": value,
            }
            for minutes, value in ((3, 20.0), (2, 80.0))
        ],
    )
    queue.send("journeys_step", {"w": "w"})
    queue.send("journeys_job", {"w": "w"})
    found = {one["name"]: one["oldestS"] for one in metrics(client)["queues"]}
    assert (found["journeys_step"], found["journeys_job"], found["journeys_event"]) == (80.0, None, 0)


def test_ages_that_cannot_be_had_refuse_nobody_the_rest(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_names: list[str]) -> dict[str, float]:
        raise RuntimeError("AccessDenied")

    monkeypatch.setattr(backlog, "_ages", refuse)
    queue.send("journeys_step", {"w": "w"})
    found = {one["name"]: one for one in metrics(client)["queues"]}
    assert (found["journeys_step"]["waiting"], found["journeys_step"]["oldestS"]) == (1, None)


@pytest.mark.parametrize("days", [1, 7])
def test_a_day_is_two_queries_however_much_happened(client: Client, still: Clock, days: int) -> None:
    make_user(client)
    for _ in range(5):
        run(client, [CODE], {"n": 1})
    metrics(client)
    first = (datetime.fromtimestamp(still() / 1000, UTC) - timedelta(days=days - 1)).date().isoformat()
    with counting() as calls:
        metrics(client, **{"from": first})
    assert (calls["reads"], calls["writes"]) == (2 * days, 0)


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ({"from": "yesterday"}, "query.from"),
        ({"to": "2026-02-30"}, "query.to"),
        ({"from": "2026-01-02", "to": "2026-01-01"}, "query.to"),
        ({"from": "2026-01-01", "to": "2026-01-08"}, "query.to"),
        ({"by": "minute"}, "query.by"),
    ],
)
def test_a_query_that_cannot_be_meant_is_refused(client: Client, query: dict[str, str], place: str) -> None:
    answer = client.get("/v1/metrics", query=query)
    assert answer.status == 400
    assert answer.body["details"]["faults"][0]["location"] == place


def test_only_who_administers_the_workspace_sees_figures(client: Client) -> None:
    made = client.post("/v1/admin/keys", {"name": "reader", "scopes": ["read", "write", "run"]}).ok()
    assert client.get("/v1/metrics", key=made["key"]).status == 403
    assert client.get("/v1/metrics", key=None).status == 401


def test_text_is_given_to_who_asks_for_text(client: Client) -> None:
    plain = client.get("/v1/metrics", headers={"accept": "text/plain"})
    assert plain.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert plain.body.startswith("# HELP millrace_executions_total ") and "# EOF" not in plain.body
    scraper = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1"
    text = client.get("/v1/metrics", headers={"accept": scraper})
    assert text.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    assert text.body.endswith("# EOF\n")


def test_the_reference_shows_the_shapes_that_are_answered(client: Client) -> None:
    import jsonschema_rs

    document = client.get("/v1/openapi.json").ok()
    operation = document["paths"]["/v1/metrics"]["get"]
    content = operation["responses"]["200"]["content"]
    assert set(content) == {"application/json", "text/plain", "application/openmetrics-text"}
    assert {one["name"] for one in operation["parameters"]} >= {"from", "to", "by"}
    schema = {**content["application/json"]["schema"], "components": document["components"]}
    for by in ("day", "hour"):
        jsonschema_rs.validator_for(schema).validate(metrics(client, by=by))

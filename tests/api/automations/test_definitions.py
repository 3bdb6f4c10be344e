"""Automations and versions: made, checked, published, enabled, taken elsewhere."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chalicelib.adapters import queue
from chalicelib.automations import queues
from tests.automations import look, make, pump, run
from tests.builders import USER, make_event, make_service, make_trigger, number
from tests.client import Client
from tests.conftest import Clock

OF_USER = f"?userId={USER}"
STEPS = [{"id": "end", "type": "return", "value": "${input}"}]


def faults(client: Client, definition: Any) -> dict[str, str]:
    answer = client.post(f"/v1/automation{OF_USER}", {"name": f"a{number()}", "definition": definition})
    assert answer.status == 400, answer
    return {fault["location"]: fault["message"] for fault in answer.body["details"]["faults"]}


@pytest.mark.parametrize(
    ("definition", "place"),
    [
        ({}, "body.definition.steps"),
        ({"steps": [], "more": 1}, "body.definition.more"),
        ({"steps": [{"id": "a", "type": "magic"}]}, "body.definition.steps.0.type"),
        ({"steps": [{"type": "return"}]}, "body.definition.steps.0.id"),
        ({"steps": [{"id": "a", "type": "http"}]}, "body.definition.steps.0.url"),
        ({"steps": [{"id": "a", "type": "wait"}]}, "body.definition.steps.0"),
        ({"steps": [{"id": "a", "type": "return"}, {"id": "a", "type": "return"}]}, "body.definition.steps.1.id"),
        ({"steps": [{"id": "a", "type": "return", "value": ["${steps.b.output}"]}]}, "body.definition.steps.0.value.0"),
        ({"steps": [{"id": "a", "type": "return", "value": "${who.knows}"}]}, "body.definition.steps.0.value"),
        ({"steps": [{"id": "a", "type": "return", "value": "${a b}"}]}, "body.definition.steps.0.value"),
        ({"steps": [{"id": "a", "type": "goto", "target": "z"}]}, "body.definition.steps.0.target"),
        (
            {"steps": [{"id": "r", "type": "repeat", "count": 1, "steps": [{"id": "x", "type": "if", "then": []}]}]},
            "body.definition.steps.0.steps.0.condition",
        ),
        (
            {"steps": [{"id": "a", "type": "code", "code": "1", "retry": {"maxAttempts": 99}}]},
            "body.definition.steps.0.retry.maxAttempts",
        ),
        ({"steps": [], "trigger": {"cron": "every day"}}, "body.definition.trigger.cron"),
        ({"steps": [], "trigger": {"cron": "0 9 * * *", "timeZone": "Mars/Base"}}, "body.definition.trigger.timeZone"),
    ],
)
def test_a_definition_that_cannot_run_is_refused_with_the_path_of_the_fault(
    owner: Client, definition: Any, place: str
) -> None:
    assert place in faults(owner, definition)


def test_the_published_schema_takes_what_the_check_takes(owner: Client) -> None:
    import jsonschema_rs

    schema = owner.get("/v1/automation/schema").ok()
    validator = jsonschema_rs.validator_for(schema)
    assert validator.is_valid({"steps": STEPS})
    assert not validator.is_valid({"steps": [{"id": "a", "type": "http"}]})


def test_a_published_version_never_changes_and_a_draft_does(owner: Client) -> None:
    automation = owner.post(f"/v1/automation{OF_USER}", {"name": "a", "definition": {"steps": STEPS}}).ok()["id"]
    path = f"/v1/automation/{automation}/version"
    (first,) = owner.get(path + OF_USER).ok()
    assert (first["name"], first["published"]) == ("1", False)
    changed = {"definition": {"steps": [{"id": "end", "type": "return", "value": 2}]}}
    assert owner.put(f"{path}/1{OF_USER}", changed).ok()["definition"] == changed["definition"]
    owner.post(f"{path}/1/publish{OF_USER}").ok()
    assert owner.put(f"{path}/1{OF_USER}", changed).status == 409
    assert owner.delete(f"{path}/1{OF_USER}").status == 409
    assert owner.post(path + OF_USER, {"definition": {"steps": STEPS}}).status == 200
    assert owner.post(f"{path}/live/execute", {}).ok()["output"] == 2


def test_an_execution_stays_on_the_draft_it_began_with(owner: Client, still: Clock) -> None:
    from tests.automations import begin, nudge

    steps = [{"id": "w", "type": "wait", "seconds": 100}, {"id": "end", "type": "return", "value": "old"}]
    automation = owner.post(f"/v1/automation{OF_USER}", {"name": "a", "definition": {"steps": steps}}).ok()["id"]
    execution = begin(owner, (automation, "1"))
    pump()
    new = [steps[0], {"id": "end", "type": "return", "value": "new"}]
    owner.put(f"/v1/automation/{automation}/version/1{OF_USER}", {"definition": {"steps": new}}).ok()
    owner.delete(f"/v1/automation/{automation}/version/1{OF_USER}").ok()
    from chalicelib.core import cache

    cache.forget_all()
    still.advance_s(101)
    nudge(owner, execution)
    assert look(owner, execution)["output"] == "old"


def test_export_and_import_make_the_same_automation(owner: Client) -> None:
    automation, _ = make(owner, STEPS, variables={"a": 1})
    exported = owner.get(f"/v1/automation/{automation}/export{OF_USER}").ok()
    again = owner.post(f"/v1/automation/import{OF_USER}", {**exported, "name": "copy"}).ok()
    version = owner.get(f"/v1/automation/copy/version/{again['versionId']}{OF_USER}").ok()
    assert version["definition"] == exported["definition"] == {"steps": STEPS, "variables": {"a": 1}}
    assert owner.post(f"/v1/automation/import{OF_USER}", {**exported, "name": "copy"}).status == 409


def test_an_enabled_automation_is_started_by_every_notification_of_its_trigger(owner: Client) -> None:
    service = make_service(owner, name=f"shop{number()}")
    event = make_event(owner, service, "return 'order.placed'")
    hooks = {
        "trigger": "return notification.body.skip ? null : {id: notification.body.id, to: variables.to}",
        "create": "return {made: webhook.url.length > 0}",
        "delete": "return stored.made",
    }
    make_trigger(owner, service, name="order.placed", logic=hooks)
    trigger = {"service": service, "trigger": "order.placed", "variables": {"to": "me"}}
    automation, _ = make(owner, STEPS, trigger=trigger)
    assert owner.post(f"/v1/automation/{automation}/enable{OF_USER}", {}).ok()["enabled"] is True
    url = owner.get(f"/v1/service/{service}/webhookSetting{OF_USER}").ok()["url"]
    hook = url[url.index("/v1/hook/") :]
    for body in ({"id": 1}, {"id": 2, "skip": True}):
        owner.post(hook, body, key=None).ok() if event else None
    pump()
    (started,) = owner.get(f"/v1/automation/{automation}/execution{OF_USER}").ok()
    assert (started["state"], started["startedBy"]) == ("done", "trigger")
    assert look(owner, started["id"])["output"] == {"id": 1, "to": "me"}
    assert owner.get(f"/v1/subscription{OF_USER}").ok() == []
    assert owner.post(f"/v1/automation/{automation}/disable{OF_USER}").ok()["enabled"] is False
    pump()
    owner.post(hook, {"id": 3}, key=None).ok()
    pump()
    assert len(owner.get(f"/v1/automation/{automation}/execution{OF_USER}").ok()) == 1


def test_polled_records_start_executions_once_each(owner: Client, still: Clock) -> None:
    service = make_service(owner, name=f"shop{number()}")
    poll = "return {records: [{id: 1}, {id: 2}], cursor: 'c', emit: true}"
    make_trigger(owner, service, name="new", logic={"poll": poll, "trigger": "return notification.record"})
    automation, _ = make(owner, STEPS, trigger={"service": service, "trigger": "new"})
    owner.post(f"/v1/automation/{automation}/enable{OF_USER}", {}).ok()
    pump()
    listed = owner.get(f"/v1/automation/{automation}/execution{OF_USER}").ok()
    assert sorted(look(owner, one["id"])["output"]["id"] for one in listed) == [1, 2]


def ring(client: Client, automation: str) -> None:
    """Bring the message that the due index would bring for a schedule."""
    queue.send(queues.SCHEDULE, {"w": client.key, "a": automation})
    pump()


def test_a_clock_starts_one_execution_for_each_time_and_catches_up(owner: Client, still: Clock) -> None:
    automation, _ = make(owner, STEPS, trigger={"cron": "0 9 * * *", "timeZone": "Europe/Berlin"})
    owner.post(f"/v1/automation/{automation}/enable{OF_USER}", {}).ok()
    for hours in (12, 12, 12, 14):
        still.advance_s(hours * 3600)
        ring(owner, automation)
    listed = owner.get(f"/v1/automation/{automation}/execution{OF_USER}").ok()
    at = [look(owner, one["id"])["input"]["scheduledAt"] for one in listed]
    assert at == ["2026-01-03T08:00:00.000Z", "2026-01-02T08:00:00.000Z"]
    owner.post(f"/v1/automation/{automation}/disable{OF_USER}").ok()
    still.advance_s(48 * 3600)
    ring(owner, automation)
    assert len(owner.get(f"/v1/automation/{automation}/execution{OF_USER}").ok()) == 2


def test_deleting_an_automation_ends_what_is_under_way(owner: Client, still: Clock) -> None:
    from chalicelib.core import cache
    from tests.automations import begin, nudge

    automation, version = make(owner, [{"id": "w", "type": "wait", "seconds": 100}, *STEPS])
    execution = begin(owner, (automation, version))
    pump()
    owner.delete(f"/v1/automation/{automation}{OF_USER}").ok()
    assert owner.get(f"/v1/automation/{automation}{OF_USER}").status == 404
    cache.forget_all()
    still.advance_s(101)
    nudge(owner, execution)
    assert look(owner, execution)["state"] == "cancelled"


def test_a_request_repeated_under_its_key_starts_one_execution(owner: Client) -> None:
    automation, version = make(owner, STEPS)
    path = f"/v1/automation/{automation}/version/{version}/execute"
    answers = [owner.post(path, {"input": {"n": 1}}, headers={"idempotency-key": "k"}) for _ in range(2)]
    assert [answer.ok()["output"] for answer in answers] == [{"n": 1}] * 2
    assert len(owner.get(f"/v1/automation/{automation}/execution{OF_USER}").ok()) == 1


def test_executions_are_listed_by_state_and_time_page_by_page(owner: Client, still: Clock) -> None:
    from tests.automations import begin

    made = make(owner, [{"id": "c", "type": "code", "code": "if (input.bad) throw new Error('x'); return 1"}])
    begun = []
    for index in range(7):
        still.advance_s(1)
        begun.append(begin(owner, made, {"bad": index % 3 == 0}))
    pump()
    path = f"/v1/automation/{made[0]}/execution{OF_USER}"
    assert [one["id"] for one in owner.get(path).ok()] == begun[::-1]
    assert [one["id"] for one in owner.get(f"{path}&state=failed").ok()] == begun[::-3]
    first = owner.get(f"{path}&limit=3")
    second = owner.get(f"{path}&limit=5", query={"cursor": first.headers["x-next-cursor"]})
    assert [one["id"] for one in first.ok() + second.ok()] == begun[::-1]
    assert [one["id"] for one in owner.get(f"{path}&from={json.dumps(still.at_ms)}").ok()] == begun[-1:]
    assert run(owner, STEPS).status == 200


@pytest.mark.parametrize(
    ("cron", "begin", "expected"),
    [
        ("30 2 * * *", "2026-03-27T12:00:00+00:00", ["03-28T01:30", "03-29T01:00", "03-30T00:30"]),  # 2:30 is left out
        ("30 2 * * *", "2026-10-23T12:00:00+00:00", ["10-24T00:30", "10-25T00:30", "10-26T01:30"]),  # 2:30 comes twice
        ("0 9 * * *", "2026-03-27T12:00:00+00:00", ["03-28T08:00", "03-29T07:00", "03-30T07:00"]),
        ("15 * * * *", "2026-10-24T23:20:00+00:00", ["10-25T00:15", "10-25T01:15", "10-25T02:15"]),
        ("15 * * * *", "2026-03-29T00:20:00+00:00", ["03-29T01:15", "03-29T02:15", "03-29T03:15"]),
    ],
)
def test_a_clock_keeps_local_time_on_the_days_when_clocks_are_changed(
    owner: Client, still: Clock, cron: str, begin: str, expected: list[str]
) -> None:
    from datetime import datetime

    still.at_ms = int(datetime.fromisoformat(begin).timestamp() * 1000)
    automation, _ = make(owner, STEPS, trigger={"cron": cron, "timeZone": "Europe/Berlin"})
    owner.post(f"/v1/automation/{automation}/enable{OF_USER}", {}).ok()
    path = f"/v1/automation/{automation}/execution{OF_USER}"
    for _ in range(75 * 2 if "* * * *" not in cron else 8):
        still.advance_s(1800)
        ring(owner, automation)
        if len(listed := owner.get(path).ok()) == 3:
            break
    at = [look(owner, one["id"])["input"]["scheduledAt"] for one in reversed(listed)]
    assert at == [f"2026-{moment}:00.000Z" for moment in expected]


def test_an_execution_is_kept_for_a_month_after_its_end(owner: Client, still: Clock) -> None:
    from tests.automations import begin

    made = make(owner, STEPS)
    execution = begin(owner, made)
    pump()
    path, listed = f"/v1/execution/{execution}{OF_USER}", f"/v1/automation/{made[0]}/execution{OF_USER}"
    still.advance_s(29 * 86_400)
    assert (owner.get(path).status, len(owner.get(listed).ok())) == (200, 1)
    still.advance_s(2 * 86_400)
    assert (owner.get(path).status, owner.get(listed).ok()) == (404, [])

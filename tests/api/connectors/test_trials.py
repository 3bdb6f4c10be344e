"""Trial runs: stored logic on made-up data, and made-up notifications."""

from __future__ import annotations

from typing import Any

import pytest

from tests.builders import (
    USER,
    make_action,
    make_condition,
    make_datatype,
    make_event,
    make_security,
    make_service,
    make_token,
    make_trigger,
    make_user,
    make_version,
)
from tests.client import Answer, Client
from tests.queues import bodies

UNKNOWN = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def service(client: Client) -> str:
    make_user(client)
    return make_service(client, scripts={"twice": "return arguments[0] * 2"})


def logic(client: Client, table: str, record: str, **body: Any) -> Answer:
    return client.post("/v1/test/logic", {"table": table, "id": record, **body})


def notification(client: Client, body: Any) -> Answer:
    return client.post("/v1/test/notification", body)


@pytest.mark.parametrize("table", ["action", "Action", "ActionVersion", "actionVersion"])
def test_logic_answers_its_bare_value(client: Client, service: str, table: str) -> None:
    action = make_action(client, service, "return 'a' + input.data.b")
    assert logic(client, table, action["id"], data={"b": "dc"}).ok() == "adc"
    assert logic(client, table, action["version_id"], data={"b": "x"}).ok() == "ax"


def test_every_kind_with_logic_can_be_tried(client: Client, service: str) -> None:
    assert logic(client, "Condition", make_condition(client, service, "return input.data.n > 1"), data={"n": 2}).ok()
    assert logic(client, "DatatypeVersion", make_datatype(client, service, "return [1]")).ok() == [1]
    event = make_event(client, service, "return notification.body.kind")["id"]
    assert logic(client, "EventVersion", event, data={"kind": "t"}).ok() == "t"
    assert logic(client, "event", event, data={"body": {"kind": "u"}, "headers": {}}).ok() == "u"
    trigger = make_trigger(client, service, "return [notification.body.a, variables.b]")["id"]
    data = {"notification": {"body": {"a": 1}}, "variables": {"b": 2}}
    assert logic(client, "TriggerVersion", trigger, data=data).ok() == [1, 2]
    version = make_version(client, service, logic={"oauth": "return input.data.code"})
    assert logic(client, "ServiceVersion", version, data={"code": "c"}).ok() == "c"


def test_an_older_version_of_a_component_is_tried_by_its_id(client: Client, service: str) -> None:
    old = make_action(client, service, "return 1", name="a")
    client.put(f"/v1/service/{service}/action/a?version=minor", {"logic": {"execute": "return 2"}}).ok()
    assert logic(client, "ActionVersion", old["version_id"]).ok() == 1
    assert logic(client, "ActionVersion", old["id"]).ok() == 2


def test_paths_pick_the_hooks(client: Client, service: str) -> None:
    logics = {"trigger": "return 't'", "create": "return 'c'", "delete": "return 'd'"}
    trigger = make_trigger(client, service, logic=logics)["id"]
    assert logic(client, "trigger", trigger).ok() == "t"
    assert logic(client, "trigger", trigger, record_path=[["logic", "delete"]]).ok() == "d"
    assert logic(client, "trigger", trigger, record_path=[["logic", "create", "code"], ["delete"]]).ok() == ["c", "d"]
    wrong = logic(client, "trigger", trigger, record_path=[["logic", "poll"]])
    assert (wrong.status, wrong.body["details"]["faults"][0]["location"]) == (400, "body.record_path")


def test_references_read_from_source(client: Client, service: str) -> None:
    action = make_action(client, service, "return input.data")["id"]
    data = {
        "whole": "${source.0.0.id}",
        "text": "no ${source.0.0.id}!",
        "tagged": {"@type": "reference", "operation": "source", "path": [0, 1, "name"]},
        "nowhere": {"@type": "reference", "operation": "source", "path": [9]},
    }
    answer = logic(client, "action", action, data=data, source=[[{"id": 7}, {"name": "n"}]]).ok()
    assert answer == {"whole": 7, "text": "no 7!", "tagged": "n", "nowhere": None}


def test_logic_that_throws_is_500_with_its_position(client: Client, service: str) -> None:
    action = make_action(client, service, "const a = 1;\n  throw new Error('no way')")["id"]
    answer = logic(client, "action", action)
    assert (answer.status, "no way" in answer.body["error"]) == (500, True)
    assert answer.body["details"]["position"]["line"] == 2
    assert answer.body["details"]["kind"] == "threw"


@pytest.mark.parametrize("table", ["", "Nonsense", "Version", "service", "variable", "security", "ActionVersion"])
def test_an_unknown_table_or_id_is_404(client: Client, service: str, table: str) -> None:
    assert logic(client, table, UNKNOWN).status == 404
    assert client.post("/v1/test/logic", {}).status == 404


def test_a_record_without_logic_is_named(client: Client, service: str) -> None:
    action = make_action(client, service, logic={})["id"]
    answer = logic(client, "action", action)
    assert (answer.status, answer.body["details"]["faults"][0]["location"]) == (400, "body.id")


def test_another_workspaces_logic_is_not_tried(client: Client, stranger: Client, service: str) -> None:
    assert logic(stranger, "action", make_action(client, service)["id"]).status == 404


def test_logic_is_given_the_token_of_the_user_who_is_named(client: Client, service: str) -> None:
    make_token(client, make_security(client, service), name="mine")
    action = make_action(client, service, "return service.token_name")["id"]
    assert logic(client, "action", action).ok() is None
    asked = client.post("/v1/test/logic", {"table": "action", "id": action}, query={"userId": USER})
    assert asked.ok() == "mine"


# --- notifications ---------------------------------------------------------------------------------------------------


def test_an_empty_notification_does_nothing(client: Client) -> None:
    assert notification(client, {}).ok() == ""


def test_a_notification_is_routed_and_delivered_to_nobody(client: Client, service: str) -> None:
    make_event(client, service, "return [{trigger: notification.body.kind, match: 3}, 'other']", name="e")
    make_trigger(client, service, "if (match !== 3) throw new Error('match')", name="mail")
    make_trigger(client, service, "return variables.x.y", name="other")
    path = f"/v1/service/{service}/trigger/mail/subscription?userId={USER}"
    client.post(path, {"url": "https://example.com/hook"}).ok()
    sent = {"service": service, "event": "e", "notification": {"body": {"kind": "mail"}, "headers": {}}}
    assert notification(client, {**sent, "variables": {"x": {"y": 1}}}).ok() == ""
    assert (
        notification(client, {"service": service, "notification": {"kind": "mail"}, "variables": {"x": {}}}).ok() == ""
    )
    failed = notification(client, sent)
    assert (failed.status, failed.body["details"]["kind"]) == (500, "threw")
    assert bodies("subscriptions_fan_out") == bodies("subscriptions_deliver") == []


def test_a_notification_names_its_service_and_event(client: Client, service: str) -> None:
    assert notification(client, {"event": "e"}).status == 400
    assert notification(client, {"service": service}).status == 400
    assert notification(client, {"service": "none"}).status == 404
    assert notification(client, [1]).status == 400
    make_event(client, service, "return 'unknown.trigger'", name="e")
    assert notification(client, {"service": service, "event": "x"}).status == 404
    assert notification(client, {"service": service}).status == 404


def test_an_event_without_route_fires_the_trigger_of_its_name(client: Client, service: str) -> None:
    make_event(client, service, logic={}, name="same")
    make_trigger(client, service, "throw new Error('fired')", name="same")
    assert notification(client, {"service": service}).status == 500

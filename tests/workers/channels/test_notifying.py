"""From an event to messages: recipients, filters, preferences, choices, failures, and what it costs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chalicelib.channels import channel_steps, fan_out
from tests.workers.channels.office import Office, in_app

SMS_URL = "https://sms.example.com/send"


def sms(content: str = "Code {{code}}", **more: Any) -> dict[str, Any]:
    return {"template": {"type": "sms", "content": content}, **more}


def gateway(office: Office, url: str = SMS_URL, **more: Any) -> dict[str, Any]:
    office.http.answer(url, 200, b'{"data": {"id": "m-1"}}')
    keys = {"baseUrl": url, "apiKey": "k", "apiKeyRequestHeader": "X-Key", "idPath": "data.id", "from": "Acme"}
    return office.integration("generic-sms", "sms", **keys, more=more)


def test_topics_objects_and_names_are_merged_and_the_actor_is_left_out(office: Office) -> None:
    office.workflow(in_app("{{n}} from {{actor.subscriberId}}"))
    for name in ("bob", "eve", "kim"):
        office.post("/v1/subscribers", {"subscriberId": name})
    office.post("/v1/topics", {"key": "t", "name": "T"})
    office.post("/v1/topics/t/subscribers", {"subscribers": ["ann", "bob", "eve"]})
    to = ["ann", {"subscriberId": "new", "firstName": "New"}, {"type": "Topic", "topicKey": "t"}]
    office.trigger(to=to, payload={"n": 1}, actor="eve")
    office.pump()
    assert {name: len(office.feed(name)) for name in ("ann", "bob", "eve", "kim", "new")} == {
        "ann": 1, "bob": 1, "eve": 0, "kim": 0, "new": 1,
    }  # fmt: skip
    assert office.feed() == ["1 from eve"]


def test_a_broadcast_reaches_everybody_page_by_page(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fan_out, "PAGE", 5)
    office.workflow(in_app("x"))
    people = [{"subscriberId": f"s{number}"} for number in range(12)]
    assert len(office.post("/v1/subscribers/bulk", {"subscribers": people})["created"]) == 12
    office.post("/v1/events/trigger/broadcast", {"name": "hello", "actor": "s0"})
    assert office.pump() >= 13
    assert [len(office.feed(name)) for name in ("ann", "s0", "s11")] == [1, 1, 1]


def test_a_transaction_id_is_used_once(office: Office) -> None:
    office.workflow(in_app("{{n}}"))
    assert office.trigger(payload={"n": 1}, transactionId="t-1") == "t-1"
    assert office.trigger(payload={"n": 2}, transactionId="t-1") == "t-1"
    office.pump()
    assert office.feed() == ["1"]


def test_a_text_is_sent_through_the_primary(office: Office) -> None:
    gateway(office, "https://first.example.com/")
    second = gateway(office, more := SMS_URL)
    office.client.post(f"/v1/integrations/{second['_id']}/set-primary")
    office.workflow(sms())
    office.trigger(to={"subscriberId": "ann", "phone": "+123"}, payload={"code": 7})
    office.pump()
    (_, request), *rest = office.http.sent
    body = json.loads(request.body or b"")
    assert (rest, request.url, request.headers["X-Key"]) == ([], more, "k")
    assert (body["to"], body["content"], body["from"]) == ("+123", "Code 7", "Acme")


def test_conditions_choose_before_the_primary(office: Office) -> None:
    gateway(office)
    child = {"on": "subscriber", "field": "data.plan", "operator": "EQUAL", "value": "{{wanted}}"}
    gateway(office, "https://vip.example.com/", conditions=[{"children": [child]}])
    office.workflow(sms())
    to = {"subscriberId": "ann", "phone": "+1", "data": {"plan": "vip"}}
    office.trigger(to=to, payload={"wanted": "vip"})
    office.trigger(to=to, payload={"wanted": "basic"})
    office.pump()
    assert [request.url for _, request in office.http.sent] == ["https://vip.example.com/", SMS_URL]


def test_what_a_provider_refuses_is_told_and_the_run_goes_on(office: Office) -> None:
    gateway(office)
    office.http._answers.clear()
    office.http.answer(SMS_URL, 401, b"bad key")
    office.workflow(sms(), in_app("after"))
    transaction = office.trigger(to={"subscriberId": "ann", "phone": "+1"})
    office.pump()
    assert office.jobs(transaction) == ["sms failed", "in_app completed"]
    assert office.details(transaction)[0] == "The message was not delivered: the provider answered 401"
    failed = office.client.get("/v1/messages?channel=sms").body["data"][0]
    assert (failed["status"], failed["errorId"]) == ("error", "provider_error")


def test_a_failure_stops_the_run_where_the_step_asks_for_it(office: Office) -> None:
    office.workflow(sms(shouldStopOnFail=True), in_app("after"))
    transaction = office.trigger(to={"subscriberId": "ann", "phone": "+1"})
    office.pump()
    assert office.jobs(transaction) == ["sms failed", "in_app canceled"]
    assert office.details(transaction) == [channel_steps.NO_INTEGRATION]


def test_a_provider_without_delivery_says_so(office: Office) -> None:
    office.integration("plivo", "sms", accountSid="a", token="t")
    office.workflow(sms())
    transaction = office.trigger(to={"subscriberId": "ann", "phone": "+1"})
    office.pump()
    assert "plivo cannot be delivered to from here" in office.details(transaction)[0]


def test_preferences_of_both_levels_must_allow_unless_critical(office: Office) -> None:
    flow = office.workflow(in_app("x"))
    office.workflow(in_app("c"), name="must", critical=True)
    office.client.patch("/v1/subscribers/ann/preferences", {"preferences": [{"type": "in_app", "enabled": False}]})
    first = office.trigger()
    office.trigger(name="must")
    office.pump()
    assert (office.feed(), office.jobs(first)) == (["c"], ["in_app skipped"])
    office.client.patch("/v1/subscribers/ann/preferences", {"preferences": [{"type": "in_app", "enabled": True}]})
    channel = {"channel": {"type": "in_app", "enabled": False}}
    office.client.patch(f"/v1/subscribers/ann/preferences/{flow['_id']}", channel)
    office.trigger()
    office.pump()
    assert office.feed() == ["c"]


def test_filters_skip_a_step(office: Office) -> None:
    child = {"on": "payload", "field": "n", "operator": "LARGER", "value": "5"}
    office.workflow(in_app("{{n}}", filters=[{"children": [child]}]))
    for number in (3, 9):
        office.trigger(payload={"n": number})
    office.pump()
    assert office.feed() == ["9"]


def test_a_chat_goes_to_the_address_of_the_subscriber(office: Office) -> None:
    office.integration("slack", "chat")
    office.http.answer("https://hooks.example.com/s", 200, b"ok")
    credentials = {"providerId": "slack", "credentials": {"webhookUrl": "https://hooks.example.com/s"}}
    assert office.client.put("/v1/subscribers/ann/credentials", credentials).status == 200
    office.workflow({"template": {"type": "chat", "content": "Hi {{subscriber.firstName}}"}})
    office.trigger()
    office.pump()
    assert [json.loads(request.body or b"") for _, request in office.http.sent] == [{"text": "Hi Ann"}]


def test_a_link_that_would_run_something_is_dropped(office: Office) -> None:
    cta = {"data": {"url": "{{link}}"}}
    office.workflow({"template": {"type": "in_app", "content": "x", "cta": cta}})
    office.trigger(payload={"link": "java\nscript:alert(1)"})
    office.trigger(payload={"link": "https://example.com/?a=1&b=2"})
    office.pump()
    found = office.client.get("/v1/subscribers/ann/notifications/feed").body["data"]
    assert sorted(one["cta"]["data"]["url"] for one in found) == ["", "https://example.com/?a=1&b=2"]


def test_what_cannot_be_kept_of_somebody_keeps_nobody_from_hearing(office: Office) -> None:
    office.workflow(in_app("x"))
    room = {"providerId": "slack", "credentials": {"webhookUrl": "https://hooks.example.com/a"}}
    client = office.client
    client.put("/v1/subscribers/ann", {"data": {"x": "y" * 300_000}})
    office.trigger(to=[{"subscriberId": "new", "channels": [room]}, {"subscriberId": "ann", "avatar": "a" * 4_000}])
    office.trigger(to={"subscriberId": "ann", "data": {"x": "y" * 300_000}, "avatar": "a" * 4_000})
    long = {"subscriberId": "ann", "channels": [room], "data": {"x": "y" * 340_000}}
    office.trigger(to="new", actor=long)
    office.pump()
    assert (len(office.feed("new")), len(office.feed())) == (2, 2)


def test_a_row_has_room_for_what_became_of_every_step(office: Office) -> None:
    for number in range(20):
        office.integration("slack", "chat", more={"identifier": f"s{number}"})
        credentials = {"webhookUrl": f"https://hooks.example.com/{number}"}
        body = {"providerId": "slack", "integrationIdentifier": f"s{number}", "credentials": credentials}
        assert office.client.put("/v1/subscribers/ann/credentials", body).status == 200
        office.http.answer(f"https://hooks.example.com/{number}", 400, b'"no"' * 900)
    office.workflow(*[{"template": {"type": "chat", "content": "x"}}] * 12)
    transaction = office.trigger()
    office.pump()
    assert office.jobs(transaction) == ["chat failed"] * 12
    assert len(office.details(transaction)) == 240


def test_a_message_to_many_devices_is_kept_without_their_names(office: Office) -> None:
    url = "https://push.example.com/"
    office.integration("push-webhook", "push", webhookUrl=url, secretKey="k")
    office.client.put("/v1/subscribers/ann/credentials", {"providerId": "push-webhook", "credentials": {}})
    office.http.answer(url, 200, b"{}")
    office.workflow({"template": {"type": "push", "title": "t", "content": "c"}})
    tokens = [f"{number}-".ljust(2_000, "x") for number in range(200)]
    transaction = office.trigger(overrides={"push": {"deviceTokens": tokens}})
    office.pump()
    assert (office.jobs(transaction), len(office.http.sent)) == (["push completed"], 200)
    (message,) = office.client.get("/v1/messages?channel=push").body["data"]
    assert (message["title"], message["content"], message["deviceTokens"]) == ("t", "c", [])

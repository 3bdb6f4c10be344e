"""What filters look at: rendered values, earlier steps, receivers of the tenant's own, who is there."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.workers.channels.office import Office, in_app

HOOK = "https://hook.example.com/ask"


def when(on: str, **child: Any) -> dict[str, Any]:
    return {"filters": [{"children": [{"on": on, **child}]}]}


def waits(kind: str) -> dict[str, Any]:
    return {"template": {"type": kind}, "metadata": {"type": "regular", "amount": 1, "unit": "hours"}}


def test_the_value_of_a_filter_is_rendered(office: Office) -> None:
    own = when("payload", field="owner", operator="EQUAL", value="{{subscriber.firstName}}")
    office.workflow(in_app("{{owner}}", **own))
    office.trigger(payload={"owner": "Ann"})
    office.trigger(payload={"owner": "{{subscriber.firstName}}"})
    office.pump()
    assert office.feed() == ["Ann"]


@pytest.mark.parametrize("kind", ["delay", "digest"])
@pytest.mark.parametrize(("answer", "state"), [(b'{"yes": true}', "delayed"), (b'{"yes": false}', "skipped")])
def test_steps_that_wait_have_all_filters(office: Office, kind: str, answer: bytes, state: str) -> None:
    office.http.answer(HOOK, 200, answer)
    asked = when("webhook", webhookUrl=HOOK, field="yes", operator="EQUAL", value="true")
    office.workflow({**waits(kind), **asked}, in_app("x"))
    transaction = office.trigger(payload={"n": 1})
    office.pump()
    assert office.jobs(transaction)[0] == f"{kind} {state}"
    sent = json.loads(office.http.sent[0][1].body)
    assert (sent["identifier"], sent["channel"], sent["payload"]) == ("hello", kind, {"n": 1})
    assert sent["subscriber"]["subscriberId"] == "ann"


@pytest.mark.parametrize(
    ("mark", "asked", "state"),
    [
        ({"seen": True}, "seen", "completed"), ({"seen": True}, "unseen", "skipped"),
        ({"read": True}, "read", "completed"), ({"seen": True}, "read", "skipped"), (None, "unread", "completed"),
    ],
)  # fmt: skip
def test_a_step_looks_at_the_marks_of_an_earlier_one(office: Office, mark: Any, asked: str, state: str) -> None:
    later = in_app("b", **when("previousStep", step="first", stepType=asked))
    office.workflow(in_app("a", uuid="first"), waits("delay"), later)
    transaction = office.trigger()
    office.pump()
    message = office.client.get("/v1/subscribers/ann/notifications/feed").body["data"][0]["_id"]
    if mark:
        office.post("/v1/subscribers/ann/messages/markAs", {"messageId": message, "mark": mark})
    office.wait_s(3_700)
    assert office.jobs(transaction)[2] == f"in_app {state}"


@pytest.mark.parametrize(("asked", "state"), [("seen", "completed"), ("unseen", "completed")])
def test_an_earlier_step_without_a_message_speaks_against_nothing(office: Office, asked: str, state: str) -> None:
    skipped = in_app("a", uuid="first", **when("payload", field="n", operator="EQUAL", value="1"))
    office.workflow(skipped, in_app("b", **when("previousStep", step="first", stepType=asked)))
    transaction = office.trigger()
    office.pump()
    assert office.jobs(transaction) == ["in_app skipped", f"in_app {state}"]


@pytest.mark.parametrize(("asked", "state"), [("unread", "completed"), ("read", "skipped")])
def test_a_message_outside_the_inbox_counts_as_not_read(office: Office, asked: str, state: str) -> None:
    office.integration("slack", "chat")
    office.http.answer("https://hooks.example.com/a", 200, b"ok")
    address = {"providerId": "slack", "credentials": {"webhookUrl": "https://hooks.example.com/a"}}
    assert office.client.put("/v1/subscribers/ann/credentials", address).status == 200
    chat = {"template": {"type": "chat", "content": "x"}, "uuid": "first"}
    office.workflow(chat, in_app("b", **when("previousStep", step="first", stepType=asked)))
    transaction = office.trigger()
    office.pump()
    assert office.jobs(transaction) == ["chat completed", f"in_app {state}"]


def test_of_whom_nothing_is_known_is_neither_there_nor_away(office: Office) -> None:
    office.workflow(in_app("here", **when("isOnline", value=True)), in_app("away", **when("isOnline", value=False)))
    office.trigger()
    office.pump()
    assert office.feed() == []
    office.client.patch("/v1/subscribers/ann/online-status", {"isOnline": False})
    office.trigger()
    office.pump()
    assert office.feed() == ["away"]


def test_a_room_whose_conditions_do_not_hold_is_left_out(office: Office) -> None:
    for name in ("one", "two"):
        conditions = when("payload", field="team", operator="EQUAL", value=name)["filters"]
        office.integration("slack", "chat", more={"identifier": name, "conditions": conditions})
        office.http.answer(f"https://hooks.example.com/{name}", 200, b"ok")
        credentials = {"webhookUrl": f"https://hooks.example.com/{name}"}
        body = {"providerId": "slack", "integrationIdentifier": name, "credentials": credentials}
        assert office.client.put("/v1/subscribers/ann/credentials", body).status == 200
    office.workflow({"template": {"type": "chat", "content": "x"}})
    office.trigger(payload={"team": "two"})
    nobody = office.trigger(payload={"team": "three"})
    office.trigger(payload={"team": "three"}, overrides={"chat": {"integrationIdentifier": "one"}})
    office.pump()
    assert [one.url for _, one in office.http.sent] == [
        "https://hooks.example.com/two",
        "https://hooks.example.com/one",
    ]
    assert office.jobs(nobody) == ["chat failed"]
    assert office.details(nobody)[-1] == "The subscriber has no active integration for this channel"


def variant(content: str, value: str, **more: Any) -> dict[str, Any]:
    chosen = when("payload", field="kind", operator="EQUAL", value=value)
    return {"template": {"type": "in_app", "content": content}, **chosen, **more}


def test_the_first_variant_whose_filters_hold_stands_in_for_the_step(office: Office) -> None:
    bare = {"template": {"type": "in_app", "content": "never"}}
    asleep = variant("asleep {{n}}", "b", active=False)
    variants = [bare, variant("a {{n}}", "a"), asleep, variant("b {{m}}", "b", name="B"), variant("late", "b")]
    made = office.workflow(in_app("own {{n}}", variants=variants))
    shown = made["steps"][0]["variants"]
    assert [one["active"] for one in shown] == [True, True, False, True, True]
    assert {one["name"] for one in made["triggers"][0]["variables"]} == {"n", "m"}
    for kind in ("a", "b", "c"):
        transaction = office.trigger(payload={"kind": kind, "n": 1, "m": 2})
        office.pump()
        office.clock.advance_s(1)
        if kind == "b":
            assert office.details(transaction)[0] == "A variant of the step was chosen"
    assert office.feed() == ["own 1", "b 2", "a 1"]
    found = office.client.get("/v1/subscribers/ann/notifications/feed").body["data"]
    assert [one["_messageTemplateId"] for one in found] == [
        made["steps"][0]["_templateId"], shown[3]["_templateId"], shown[1]["_templateId"],
    ]  # fmt: skip
    again = office.client.put(f"/v1/workflows/{made['_id']}", {"steps": made["steps"]}).body["data"]
    assert again["steps"] == made["steps"]


def test_a_variant_brings_the_defaults_of_its_own_variables(office: Office) -> None:
    own = {"type": "in_app", "content": "{{who}}", "variables": [{"name": "who", "defaultValue": "you"}]}
    office.workflow(in_app("x", variants=[{**variant("", "a"), "template": own}]))
    office.trigger(payload={"kind": "a"})
    office.pump()
    assert office.feed() == ["you"]

"""Events and feedback through the routes: addresses in mails, providers' callbacks, what customers did."""

from __future__ import annotations

import re
from typing import Any

import pytest

from chalicelib.journeys import sending
from tests.api.journeys.moving import pump
from tests.conftest import Clock
from tests.journeys import FlowClient, email_step, end_step, joined, make_automation, make_node, step_uuid

LINK = f"https://shop.example/sale?a=1&b=2&long={'x' * 500}"


@pytest.fixture
def flow(workspace: str, still: Clock, no_delays: None) -> FlowClient:
    return make_node(workspace)


@pytest.fixture
def mails(monkeypatch: pytest.MonkeyPatch) -> list[sending.Mail]:
    sent: list[sending.Mail] = []

    def keep(_workspace: str, _node: str, letter: sending.Mail) -> sending.Accepted:
        sent.append(letter)
        return sending.Accepted("kept", "", letter.key)

    monkeypatch.setattr(sending, "mail", keep)
    return sent


def sent_mail(flow: FlowClient, mails: list[sending.Mail]) -> tuple[dict[str, Any], str, sending.Mail]:
    body = f'<html><body><a href="{LINK.replace("&", "&amp;")}">sale</a></body></html>'
    graph = joined(email_step(step_uuid(), htmlContent=body), end_step(step_uuid()))
    made = make_automation(flow, **graph)
    token = flow.post(
        f"/automations/{made['uuid']}/customers", {"attributes": {"email": "ann@example.com", "name": "<Ann>"}}
    ).body["uuid"]
    pump()
    return made, token, mails[0]


def counted(flow: FlowClient, made: dict[str, Any]) -> dict[str, Any]:
    step = made["steps"][0]["uuid"]
    return dict(flow.get(f"/automations/{made['uuid']}/steps/{step}/feedbacks").ok()["feedbacks"])


def local(address: str) -> str:
    return "/flow/v1" + address.partition("/flow/v1")[2]


def test_opening_and_clicking_are_counted_and_lead_where_they_should(
    flow: FlowClient, mails: list[sending.Mail]
) -> None:
    made, _, letter = sent_mail(flow, mails)
    assert (letter.to, letter.subject) == ("ann@example.com", "Welcome <Ann>")
    pixel = re.search(r'<img src="([^"]+)"', letter.html)
    click = re.search(r'href="([^"]+)"', letter.html)
    assert pixel and click
    for _ in range(2):
        shown = flow.get(local(pixel[1]), key=None, headers={"accept": "image/gif"})
        assert (shown.status, shown.headers["content-type"]) == (200, "image/gif")
    followed = flow.get(local(click[1]), key=None)
    assert (followed.status, followed.headers["location"]) == (302, LINK)
    found = counted(flow, made)
    assert {name: found[name] for name in ("opened", "uniqueOpened", "clicked", "uniqueClicked")} == {
        "opened": 2,
        "uniqueOpened": 1,
        "clicked": 1,
        "uniqueClicked": 1,
    }
    assert found["links"] == [{"url": LINK, "clicked": 1, "uniqueClicked": 1}]


def test_one_click_unsubscribes_and_the_next_mail_is_left_out(flow: FlowClient, mails: list[sending.Mail]) -> None:
    made, _, letter = sent_mail(flow, mails)
    address = letter.headers["List-Unsubscribe"].strip("<>")
    for _ in range(2):
        assert flow.post(local(address), {}, key=None).status == 200
    assert counted(flow, made)["unsubscribed"] == 1
    again = {"attributes": {"email": "ann@example.com", "name": "x"}}
    flow.post(f"/automations/{made['uuid']}/customers", again)
    pump()
    assert len(mails) == 1 and counted(flow, made)["skipped"] == 1


def test_following_the_address_only_asks_whether_to_unsubscribe(flow: FlowClient, mails: list[sending.Mail]) -> None:
    made, _, letter = sent_mail(flow, mails)
    address = local(letter.headers["List-Unsubscribe"].strip("<>"))
    asked = flow.get(address, key=None)
    assert (asked.status, asked.headers["content-type"]) == (200, "text/html")
    assert "<form method=post>" in asked.body and "<button>" in asked.body
    assert counted(flow, made)["unsubscribed"] == 0
    pressed = {"content-type": "application/x-www-form-urlencoded"}
    done = flow.send("POST", address, raw=b"List-Unsubscribe=One-Click", key=None, headers=pressed)
    assert (done.status, "no more" in done.body, "<form" in done.body) == (200, True, False)
    assert counted(flow, made)["unsubscribed"] == 1


@pytest.mark.parametrize("mark", ["x", "AAAA", "é", "a" * 7000])
def test_forged_marks_lead_nowhere(flow: FlowClient, mark: str) -> None:
    for path in ("marks", "files"):
        assert flow.get(f"/flow/v1/{path}?m={mark}", key=None).status == 404
    told = {"feedbacks": [{"id": "1", "kind": "OPENED", "tokenUuid": step_uuid(), "stepUuid": step_uuid()}]}
    assert flow.post(f"/flow/v1/callbacks?m={mark}", told, key=None).status == 404


def test_a_mark_of_one_kind_is_no_mark_of_another(flow: FlowClient, mails: list[sending.Mail]) -> None:
    _, _, letter = sent_mail(flow, mails)
    pixel = re.search(r'<img src="([^"]+)"', letter.html)
    assert pixel
    path = local(pixel[1])
    assert flow.get(path.replace("/marks?", "/files?"), key=None).status == 404
    told = {"feedbacks": [{"id": "1", "kind": "OPENED", "tokenUuid": step_uuid(), "stepUuid": step_uuid()}]}
    assert flow.post(path.replace("/marks?", "/callbacks?"), told, key=None).status == 404


def test_a_provider_tells_at_the_callback_address(flow: FlowClient, mails: list[sending.Mail]) -> None:
    made, token, letter = sent_mail(flow, mails)
    assert letter.metadata["tokenUuid"] == token
    shown = flow.get("/feedbacks").ok()
    assert shown["signingSecret"].startswith("whsec_")
    own = {"tokenUuid": token, "stepUuid": letter.metadata["stepUuid"]}
    kinds = ("DELIVERED", "SOFT_BOUNCED", "HARD_BOUNCED", "MARKED_SPAM")
    told = {"feedbacks": [{"id": kind, "kind": kind, **own} for kind in kinds]}
    for _ in range(2):
        assert flow.post(local(shown["callbackUrl"]), told, key=None).ok() == {"accepted": 4}
    found = counted(flow, made)
    assert [found[name] for name in ("delivered", "softBounced", "hardBounced", "bounced", "markedSpam")] == [
        1,
        1,
        1,
        2,
        1,
    ]
    stranger = {"feedbacks": [{"id": "9", "kind": "OPENED", "tokenUuid": step_uuid(), "stepUuid": step_uuid()}]}
    assert flow.post("/feedbacks", stranger).ok() == {"accepted": 0}


def test_an_event_is_taken_once_and_another_under_its_id_is_refused(flow: FlowClient) -> None:
    source = {
        "action": "INSERT_CUSTOMER",
        "event": {"eventType": "abandonedCart"},
        "attributeMapping": {"name": "properties.who"},
    }
    made = make_automation(flow, triggerEvents=[source])
    event = {
        "id": "e1",
        "eventType": "abandonedCart",
        "customer": {"email": "ann@example.com"},
        "properties": {"who": "Ann"},
    }
    for _ in range(2):
        taken = flow.post("/events", event)
        assert (taken.status, taken.body) == (202, {"id": "e1"})
    assert flow.post("/events", {**event, "properties": {}}).status == 409
    pump()
    assert flow.get(f"/automations/{made['uuid']}").ok()["statistics"]["completed"] == 1


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"id": ""}, "/id"),
        ({"customer": {}}, "/customer"),
        ({"customer": {"email": "nobody"}}, "/customer"),
        ({"occurredAt": "yesterday"}, "/occurredAt"),
        ({"properties": {"a": "x" * 70_000}}, "/properties"),
    ],
)
def test_bad_events_are_refused(flow: FlowClient, change: dict[str, Any], place: str) -> None:
    refused = flow.post("/events", {"id": "e", "eventType": "x", "customer": {"userPk": "p"}, **change})
    assert (refused.status, refused.body["errors"][0]["path"]) == (400, place)


def test_a_person_is_forgotten_but_counters_stay(flow: FlowClient, mails: list[sending.Mail]) -> None:
    made, token, _ = sent_mail(flow, mails)
    flow.put("/profiles", {"customer": {"email": "ann@example.com"}, "profile": {"base": {"city": "Rome"}}}).ok()
    assert flow.get("/profiles?email=Ann@example.com").ok() == {"profile": {"base": {"city": "Rome"}}}
    assert flow.delete("/profiles?email=ann@example.com").status == 204
    shown = flow.get(f"/tokens/{token}").ok()
    assert (shown["recipient"], shown["attributes"]) == (None, {})
    assert flow.get("/tokens?recipient=ann@example.com").ok()["elements"] == []
    assert flow.get("/profiles?email=ann@example.com").ok() == {"profile": {}}
    assert counted(flow, made)["sent"] == 1

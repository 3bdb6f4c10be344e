"""Texts, tags and calls; mails are in every other test."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chalicelib.core import ids
from chalicelib.journeys import connectors, entering, feedback, forgetting, profiles, sending
from chalicelib.journeys.entering import Entry
from chalicelib.journeys.feedback import Feedback
from chalicelib.journeys.models import contents
from chalicelib.journeys.models.contents import Content
from chalicelib.journeys.models.settings import Setting
from chalicelib.journeys.rules import entry
from tests.workers.journeys import graphs
from tests.workers.journeys.world import N, W, World


@pytest.fixture
def texts(world: World, monkeypatch: pytest.MonkeyPatch) -> list[sending.Text]:
    sent: list[sending.Text] = []

    def keep(_workspace: str, _node: str, letter: sending.Text) -> sending.Accepted:
        sent.append(letter)
        return sending.Accepted("kept", "", letter.key)

    Content.new(W, id=contents.id_of(3), node=N, kind=contents.TEXT, name="alert", fields={}).insert()
    monkeypatch.setattr(sending, "text", keep)
    return sent


def text(**parameters: Any) -> graphs.Json:
    given = {"campaignName": "c", "modelIdentifier": 3, "text": "Hi ${name}", **parameters}
    return graphs.row(graphs.step(1, "CLAB_CAMPAIGN_SMS", given), graphs.end())


def test_a_text_goes_to_the_number_of_its_attribute_in_e164(world: World, texts: list[sending.Text]) -> None:
    head = world.automation(text(phoneAttribute="cell", defaultCountry="DE"))
    ann = world.enter(head, "ann", cell="0151/1234567")[0]
    world.run_for(10)
    assert [(one.to, one.content, one.key) for one in texts] == [("+491511234567", "Hi ann", f"journey:{ann.token}:1")]
    assert world.counted(head)[graphs.uuid(1)]["sent"] == 1


@pytest.mark.parametrize("is_early", [False, True])
def test_whoever_ends_texts_gets_no_more_texts_but_mails(
    world: World, texts: list[sending.Text], monkeypatch: pytest.MonkeyPatch, is_early: bool
) -> None:
    graph = text(phoneAttribute="mobilePhone")
    graph["steps"].insert(1, graphs.mail(2))
    graph["connections"] = [graphs.way(1, 2), graphs.way(2, 99)]
    head, number = world.automation(graph), "+39 333 1234567"

    def end_texts(token: str) -> None:
        feedback.record(W, N, Feedback("f1", "UNSUBSCRIBED", token, graphs.uuid(1), world.now_ms))

    if is_early:  # the provider tells before we have written that it went out
        keep = sending.text

        def told_at_once(workspace: str, node: str, letter: sending.Text) -> sending.Accepted:
            end_texts(letter.key.split(":")[1])
            return keep(workspace, node, letter)

        monkeypatch.setattr(sending, "text", told_at_once)
    ann = world.enter(head, "ann", mobilePhone=number)[0]
    world.run_for(10)
    if not is_early:
        end_texts(ann.token)
    world.enter(head, "ann", mobilePhone=number)
    world.run_for(10)
    counted = world.counted(head)
    assert len(texts) == 1 and counted[graphs.uuid(1)]["skipped"] == 1
    assert counted[graphs.uuid(2)]["sent"] == 2


def test_a_forgotten_customer_leaves_no_number_behind(world: World, texts: list[sending.Text]) -> None:
    head = world.automation(text(phoneAttribute="cell"))
    ann = world.enter(head, "ann", cell="+39 333 1234567")[0]
    world.run_for(10)
    forgetting.forget(W, N, world.identity("ann"))
    assert "3331234567" not in str(world.token(ann))
    assert world.token(ann)["doc"]["sent"][graphs.uuid(1)]["v"] == 1


def test_a_number_without_its_country_goes_to_the_country_of_the_step(world: World, texts: list[sending.Text]) -> None:
    world.node.phone_field = None
    head = world.automation(text(defaultCountry="IT"))
    who = entry.identity_of(None, None, {"mobilePhone": "333 1234567"})
    assert who is not None
    entering.enter(world.head(head), [Entry(ids.new_uuid(), who, {"name": "Ann"})])
    world.run_for(10)
    assert [one.to for one in texts] == ["+393331234567"]


def test_a_call_tells_of_the_event_as_the_contract_spells_it(world: World) -> None:
    source = {"action": "INSERT_CUSTOMER", "event": {"eventType": "abandonedCart"}}
    head = world.automation({**graphs.row(graphs.webhook(1), graphs.end()), "triggerEvents": [source]})
    world.happen("e1", "abandonedCart", email="ann@example.com", url="https://shop.example/cart")
    world.run_for(10)
    assert world.counted(head)["-"]["completed"] == 1
    (((request,),)) = world.calls.values()
    assert json.loads(request.body or b"")["event"] == {
        "id": "e1",
        "nodeUuid": N,
        "clabUuid": None,
        "userPk": None,
        "recipient": "ann@example.com",
        "type": "abandonedCart",
        "properties": {"url": "https://shop.example/cart"},
        "occurredAt": "2026-01-01T12:00:00.000Z",
    }


def test_without_a_number_the_text_is_left_out(world: World, texts: list[sending.Text]) -> None:
    head = world.automation(text(phoneAttribute="cell"))
    world.enter(head, "ann", cell="none")
    world.run_for(10)
    assert not texts and world.counted(head)[graphs.uuid(1)]["skipped"] == 1


def tag(mode: str, **parameters: Any) -> graphs.Json:
    given = {"property": "tags.manual", "mode": mode, "source": "CONSTANT", "constant": "vip", **parameters}
    return graphs.row(graphs.step(1, "TAG", given), graphs.end())


@pytest.mark.parametrize(
    ("graph", "expected"),
    [
        (tag("ADD"), ["old", "vip"]),
        (tag("ADD", constant="old"), ["old"]),
        (tag("REPLACE", source="ATTRIBUTE", path="name"), "ann"),
    ],
)
def test_a_tag_is_added_once_or_replaces(
    world: World, monkeypatch: pytest.MonkeyPatch, graph: graphs.Json, expected: Any
) -> None:
    setting = Setting(workspace_id=W, id="s", node=N, type=connectors.PROFILES)
    monkeypatch.setattr(connectors, "of_type", lambda *_, **__: setting)
    world.profile("mail:ann@example.com", {"tags": {"manual": ["old"]}})
    head = world.automation(graph)
    world.enter(head, "ann", "ann")
    world.run_for(10)
    found = profiles.read(world.node, world.identity("ann"))
    assert found["tags"]["manual"] == expected
    assert world.counted(head)[graphs.uuid(1)]["succeeded"] == 2


def test_a_tag_without_a_profile_store_stops_the_journey(world: World) -> None:
    head = world.automation(tag("ADD"))
    world.enter(head, "ann")
    world.run_for(10)
    assert world.head(head).status == "ERROR"

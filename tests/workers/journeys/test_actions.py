"""Texts and tags; mails are in every other test."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.journeys import connectors, profiles, sending
from chalicelib.journeys.models import contents
from chalicelib.journeys.models.contents import Content
from chalicelib.journeys.models.settings import Setting
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

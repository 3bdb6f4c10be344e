"""What an automation must say: each rule broken once, at the place it names."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.journeys.rules.graph import Graph
from chalicelib.journeys.rules.parameters import MAX_WAIT, Offer, faults_of_parameters
from chalicelib.journeys.rules.window import faults_of_window, is_zone

Json = dict[str, Any]
OFFER = Offer(
    operations=frozenset({"CLAB_CAMPAIGN", "CLAB_CAMPAIGN_SMS", "WEBHOOK", "TAG"}),
    mail_models=frozenset({7}),
    text_models=frozenset({3}),
    pages=frozenset({(1, 2)}),
    subscriptions=frozenset({"news"}),
    properties=frozenset({"tags.manual"}),
    phone_field="base.contacts.mobilePhone",
    is_plain=lambda url: url.startswith("http://localhost:1"),
)
MAIL = {
    "campaignName": "c",
    "modelIdentifier": 7,
    "subject": "s",
    "senderEmail": "a@example.com",
    "htmlContent": "<p>x</p>",
}
TEXT = {"campaignName": "c", "modelIdentifier": 3, "text": "t"}
TAG = {"property": "tags.manual", "mode": "ADD", "source": "CONSTANT", "constant": "x"}
DAY = {"amount": 1, "unit": "DAYS"}
SHARES = [{"outcome": "A", "share": 30}, {"outcome": "B", "share": 70}]
GOOD: dict[str, Json] = {
    "CLAB_CAMPAIGN": MAIL,
    "CLAB_CAMPAIGN_SMS": TEXT,
    "WEBHOOK": {"url": "https://example.com/${id}?a=${b}"},
    "TAG": TAG,
    "FROM_LAST_STEP": {"wait": DAY},
    "WAIT_AND_CHECK": {"wait": DAY, "subject": "CUSTOMER"},
    "WAIT_FOR_TRIGGER": {"timeout": DAY, "event": {"eventType": "loggedIn"}},
    "AB_TEST": {"shares": SHARES},
    "NO_ACTION": {},
}


def faults(operation: str, parameters: Json, offer: Offer = OFFER) -> list[tuple[str, str]]:
    """Check one step; give what is wrong as (place below parameters, code)."""
    graph = Graph({"steps": [{"uuid": "s", "operation": operation, "parameters": parameters}]})
    found = faults_of_parameters(graph, offer)
    return [(one.location.removeprefix("body.steps.0.parameters."), one.kind) for one in found]


def without(parameters: Json, *names: str) -> Json:
    return {name: value for name, value in parameters.items() if name not in names}


@pytest.mark.parametrize("operation", GOOD)
def test_what_is_complete_is_good(operation: str) -> None:
    assert faults(operation, GOOD[operation]) == []


@pytest.mark.parametrize(
    ("operation", "name"),
    [
        *(("CLAB_CAMPAIGN", name) for name in ("campaignName", "modelIdentifier", "subject", "senderEmail")),
        *(("CLAB_CAMPAIGN_SMS", name) for name in ("campaignName", "modelIdentifier", "text")),
        ("WEBHOOK", "url"),
        *(("TAG", name) for name in ("property", "mode", "source", "constant")),
        ("FROM_LAST_STEP", "wait"),
        ("WAIT_AND_CHECK", "wait"),
        ("WAIT_AND_CHECK", "subject"),
        ("WAIT_FOR_TRIGGER", "timeout"),
        ("WAIT_FOR_TRIGGER", "event"),
        ("AB_TEST", "shares"),
    ],
)
def test_what_is_missing_is_named(operation: str, name: str) -> None:
    assert (name, "MISSING_PARAMETER") in faults(operation, without(GOOD[operation], name))


def test_a_mail_needs_something_to_say() -> None:
    assert faults("CLAB_CAMPAIGN", without(MAIL, "htmlContent")) == [("htmlContent", "MISSING_PARAMETER")]
    assert faults("CLAB_CAMPAIGN", {**without(MAIL, "htmlContent"), "textContent": "x"}) == []
    built = {**without(MAIL, "htmlContent"), "contentSource": "PAGE_BUILDER"}
    assert faults("CLAB_CAMPAIGN", built) == [
        ("pageBuilder.templateId", "MISSING_PARAMETER"),
        ("pageBuilder.pageId", "MISSING_PARAMETER"),
    ]
    assert faults("CLAB_CAMPAIGN", {**built, "pageBuilder": {"templateId": 1, "pageId": 2}}) == []
    other = {**built, "pageBuilder": {"templateId": 2, "pageId": 2}}
    assert faults("CLAB_CAMPAIGN", other) == [("pageBuilder", "BAD_REFERENCE")]


@pytest.mark.parametrize(
    ("operation", "more", "place"),
    [
        ("CLAB_CAMPAIGN", {"modelIdentifier": 8}, "modelIdentifier"),
        ("CLAB_CAMPAIGN_SMS", {"modelIdentifier": 7}, "modelIdentifier"),
        ("CLAB_CAMPAIGN", {"subscriptionId": "old"}, "subscriptionId"),
        ("CLAB_CAMPAIGN_SMS", {"subscriptionId": "old"}, "subscriptionId"),
        ("TAG", {"property": "tags.unknown"}, "property"),
    ],
)
def test_what_refers_to_nothing_is_named(operation: str, more: Json, place: str) -> None:
    assert faults(operation, {**GOOD[operation], **more}) == [(place, "BAD_REFERENCE")]


def test_a_text_needs_a_way_to_its_number() -> None:
    nowhere = Offer(OFFER.operations, text_models=OFFER.text_models)
    assert faults("CLAB_CAMPAIGN_SMS", TEXT, nowhere) == [("phoneAttribute", "MISSING_PARAMETER")]
    assert faults("CLAB_CAMPAIGN_SMS", {**TEXT, "phoneAttribute": "phone"}, nowhere) == []


@pytest.mark.parametrize(
    ("sender", "is_good"),
    [("Shop24", True), ("+391234567890", True), ("123456789012345", True), ("MyLongShop24", False), ("My-Shop", False)],
)
def test_a_text_comes_from_a_short_word_or_a_number(sender: str, is_good: bool) -> None:
    found = faults("CLAB_CAMPAIGN_SMS", {**TEXT, "senderAlias": sender})
    assert found == ([] if is_good else [("senderAlias", "INVALID_PARAMETER")])


def test_operations_the_node_does_not_offer_are_named() -> None:
    graph = Graph({"steps": [{"uuid": "s", "operation": "TAG", "parameters": TAG}]})
    found = faults_of_parameters(graph, Offer(properties=OFFER.properties))
    assert [(one.location, one.kind) for one in found] == [("body.steps.0.operation", "OPERATION_UNAVAILABLE")]


@pytest.mark.parametrize(
    "url", ["http://example.com/", "https:///x", "https://${host}/x", "https://[::1/x", "ftp://example.com/"]
)
def test_callouts_go_to_a_fixed_host_over_tls(url: str) -> None:
    assert faults("WEBHOOK", {"url": url}) == [("url", "INVALID_PARAMETER")]


def test_development_may_call_what_it_lists_without_tls() -> None:
    assert faults("WEBHOOK", {"url": "http://localhost:1/x"}) == []


@pytest.mark.parametrize("unit", MAX_WAIT)
@pytest.mark.parametrize(("operation", "name"), [("FROM_LAST_STEP", "wait"), ("WAIT_FOR_TRIGGER", "timeout")])
def test_no_wait_is_longer_than_366_days(unit: str, operation: str, name: str) -> None:
    longest = {**GOOD[operation], name: {"amount": MAX_WAIT[unit], "unit": unit}}
    assert faults(operation, longest) == []
    beyond = {**GOOD[operation], name: {"amount": MAX_WAIT[unit] + 1, "unit": unit}}
    assert faults(operation, beyond) == [(f"{name}.amount", "LIMITS")]


@pytest.mark.parametrize(
    "shares",
    [
        [{"outcome": "A", "share": 50}, {"outcome": "A", "share": 50}],
        [{"outcome": "A", "share": 50}, {"outcome": "B", "share": 49}],
        [{"outcome": "A", "share": 100}, {"outcome": "B", "share": 100}],
    ],
)
def test_shares_are_one_each_and_add_up(shares: list[Json]) -> None:
    assert faults("AB_TEST", {"shares": shares}) == [("shares", "INVALID_PARAMETER")]


def test_a_winner_may_take_all() -> None:
    assert faults("AB_TEST", {"shares": [{"outcome": "A", "share": 100}, {"outcome": "B", "share": 0}]}) == []


def test_a_check_on_events_needs_its_event() -> None:
    assert faults("WAIT_AND_CHECK", {"wait": DAY, "subject": "EVENT"}) == [("event", "MISSING_PARAMETER")]
    for rule in ({}, {"contexts": ["WEB"]}):
        found = faults("WAIT_AND_CHECK", {"wait": DAY, "subject": "EVENT", "event": rule})
        assert found == [("event.eventType", "MISSING_PARAMETER")]


def referring(event_type: str, referenced: str, operation: str = "CLAB_CAMPAIGN") -> list[str]:
    """Check a check behind a message step, beside which another step stands."""
    event = {"eventType": event_type, "referencedStepUuid": referenced}
    steps = [
        {"uuid": "m", "operation": operation, "parameters": GOOD[operation]},
        {"uuid": "c", "operation": "WAIT_FOR_TRIGGER", "parameters": {"timeout": DAY, "event": event}},
        {"uuid": "aside", "operation": "CLAB_CAMPAIGN", "parameters": MAIL},
    ]
    ways = [{"fromStepUuid": "m", "toStepUuid": "c", "outcome": "NEXT"}]
    return [one.kind for one in faults_of_parameters(Graph({"steps": steps, "connections": ways}), OFFER)]


def test_feedback_is_asked_of_a_message_on_the_way() -> None:
    assert referring("campaignOpened", "m") == []
    assert referring("campaignOpened", "aside") == ["BAD_REFERENCE"]
    assert referring("campaignOpened", "ghost") == ["BAD_REFERENCE"]
    assert referring("completedOrder", "m") == ["BAD_REFERENCE"]
    assert referring("campaignLinkClicked", "m", "CLAB_CAMPAIGN_SMS") == []
    assert referring("campaignOpened", "m", "CLAB_CAMPAIGN_SMS") == ["BAD_REFERENCE"]
    assert referring("campaignOpened", "m", "WEBHOOK") == ["BAD_REFERENCE"]


def conditions(one: Json, depth: int = 1) -> Json:
    group = {"match": "ALL", "conditions": [one]}
    for _ in range(depth - 1):
        group = {"match": "ANY", "conditions": [group]}
    return group


def test_groups_nest_three_deep() -> None:
    bare = {"subject": "EVENT", "path": "a", "operator": "EXISTS"}

    def nested(depth: int) -> list[tuple[str, str]]:
        event = {"eventType": "loggedIn", "conditions": conditions(bare, depth)}
        return faults("WAIT_FOR_TRIGGER", {"timeout": DAY, "event": event})

    assert nested(3) == []
    assert [code for _, code in nested(4)] == ["LIMITS"]


@pytest.mark.parametrize(
    ("one", "wrong"),
    [
        ({"operator": "EQUALS", "value": 1}, None),
        ({"operator": "EQUALS", "value": False}, None),
        ({"operator": "EQUALS"}, "value"),
        ({"operator": "EXISTS"}, None),
        ({"operator": "IN", "values": ["a"]}, None),
        ({"operator": "IN", "value": "a"}, "values"),
        ({"operator": "BETWEEN", "values": [1, 2]}, None),
        ({"operator": "BETWEEN", "values": [1]}, "values"),
        ({"operator": "IN_LAST", "duration": DAY}, None),
        ({"operator": "IN_LAST", "value": 3}, "duration"),
    ],
)
def test_an_operator_gets_what_it_compares_with(one: Json, wrong: str | None) -> None:
    whole = {"subject": "EVENT", "path": "a", **one}
    event = {"eventType": "loggedIn", "conditions": conditions(whole)}
    found = faults("WAIT_FOR_TRIGGER", {"timeout": DAY, "event": event})
    assert [place.rpartition(".")[2] for place, _ in found] == ([wrong] if wrong else [])


def test_sources_say_what_they_do_and_on_what() -> None:
    sources = [{"action": "INSERT_CUSTOMER"}, {"event": {"eventType": "x", "referencedStepUuid": "s"}}]
    found = [(one.location, one.kind) for one in faults_of_parameters(Graph({"triggerEvents": sources}), OFFER)]
    assert found == [
        ("body.triggerEvents.0.event", "MISSING_PARAMETER"),
        ("body.triggerEvents.1.action", "MISSING_PARAMETER"),
        ("body.triggerEvents.1.event.referencedStepUuid", "INVALID_PARAMETER"),
    ]


def test_conditions_stand_on_yes_only() -> None:
    one = {
        "fromStepUuid": "a",
        "toStepUuid": "b",
        "outcome": "NO",
        "conditions": conditions({"subject": "EVENT", "path": "a", "operator": "EXISTS"}),
    }
    found = faults_of_parameters(Graph({"connections": [one]}), OFFER)
    assert [(fault.location, fault.kind) for fault in found] == [("body.connections.0.conditions", "INVALID_PARAMETER")]


def test_the_window_lies_ahead_and_its_zone_exists() -> None:
    assert faults_of_window(None, None, "Europe/Rome", 5) == []
    assert faults_of_window(1, 9, "UTC", 5) == []
    assert [one.location for one in faults_of_window(9, 9, "UTC", 5)] == ["body.endDate"]
    assert [one.location for one in faults_of_window(None, 5, "UTC", 5)] == ["body.endDate"]
    for zone in ("Mars/Olympus", "../etc/passwd", "/etc", "Europe", ""):
        assert [one.kind for one in faults_of_window(None, None, zone, 5)] == ["DATES"], zone
    assert is_zone("America/Argentina/Buenos_Aires")

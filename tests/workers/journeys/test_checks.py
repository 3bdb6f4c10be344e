"""Checks: windows of events, the race of match and time-out, feedback on the very token."""

from __future__ import annotations

from collections import Counter

import pytest

from chalicelib.journeys import feedback, profiles
from chalicelib.journeys.feedback import Feedback
from tests.workers.journeys import graphs
from tests.workers.journeys.world import MINUTE_MS, NOON_MS, N, W, World

HOUR_S = 3600


def opened(world: World, token: str, number: int = 1, kind: str = "OPENED", name: str = "f1") -> bool:
    return feedback.record(W, N, Feedback(name, kind, token, graphs.uuid(number), world.now_ms))


def test_an_open_that_came_before_the_check_counts(world: World) -> None:
    check = graphs.trigger(3, "campaignOpened", referencedStepUuid=graphs.uuid(1))
    graph = graphs.forked(check, "TIMEOUT")
    graph["steps"].insert(1, graphs.wait(2, 1))
    graph["connections"][0] = graphs.way(1, 2)
    graph["connections"].append(graphs.way(2, 3))
    head = world.automation(graph)
    ann = world.enter(head, "ann")[0]
    world.run_for(60)
    assert opened(world, ann.token)
    world.run_for(HOUR_S + 60)
    assert world.token(ann)["st"] == "COMPLETED"
    assert world.counted(head)[graphs.uuid(3)]["outcomeYES"] == 1


def test_feedback_is_matched_to_the_very_token(world: World) -> None:
    check = graphs.trigger(2, "campaignOpened", referencedStepUuid=graphs.uuid(1))
    head = world.automation(graphs.forked(check, "TIMEOUT"))
    first, second = world.enter(head, "ann", "ann")
    world.run_for(60)
    opened(world, second.token)
    world.run_for(60)
    assert (world.token(first)["st"], world.token(second)["st"]) == ("WAITING", "COMPLETED")


@pytest.mark.parametrize("operation", ["WAIT_AND_CHECK", "WAIT_FOR_TRIGGER"])
def test_that_the_mail_went_out_is_an_event_too(world: World, operation: str) -> None:
    event = {"eventType": "campaignSent", "referencedStepUuid": graphs.uuid(1)}
    hour = {"amount": 1, "unit": "HOURS"}
    given = {"wait": hour, "subject": "EVENT"} if operation == "WAIT_AND_CHECK" else {"timeout": hour}
    check = graphs.step(2, operation, {**given, "event": event})
    head = world.automation(graphs.forked(check, "NO" if operation == "WAIT_AND_CHECK" else "TIMEOUT"))
    world.enter(head, "ann")
    world.run_for(HOUR_S + 60)
    assert world.counted(head)[graphs.uuid(2)]["outcomeYES"] == 1
    world.check_counters(head)


@pytest.mark.parametrize(("at_h", "outcome"), [(0.5, "YES"), (1.5, "NO")])
def test_wait_and_check_waits_the_whole_time_and_ignores_what_comes_after(
    world: World, at_h: float, outcome: str
) -> None:
    parameters = {
        "wait": {"amount": 1, "unit": "HOURS"},
        "subject": "EVENT",
        "event": {"eventType": "completedOrder"},
    }
    head = world.automation(graphs.forked(graphs.step(2, "WAIT_AND_CHECK", parameters), "NO"))
    ann = world.enter(head, "ann")[0]
    world.run_for(at_h * HOUR_S)
    world.happen("e1", "completedOrder", email="ann@example.com")
    world.run_until(NOON_MS + 59 * MINUTE_MS if at_h < 1 else world.now_ms)
    assert world.token(ann)["st"] == ("WAITING" if at_h < 1 else "COMPLETED")
    world.run_until(NOON_MS + 120 * MINUTE_MS)
    assert world.counted(head)[graphs.uuid(2)][f"outcome{outcome}"] == 1


def test_wait_and_check_asks_for_the_profile_as_it_is_then(world: World) -> None:
    parameters = {"wait": {"amount": 1, "unit": "HOURS"}, "subject": "CUSTOMER"}
    graph = graphs.forked(graphs.step(2, "WAIT_AND_CHECK", parameters), "NO")
    milan = {"subject": "CUSTOMER", "path": "base.address.city", "operator": "EQUALS", "value": "Milan"}
    graph["connections"][1]["conditions"] = {"match": "ALL", "conditions": [milan]}
    head = world.automation(graph)
    world.enter(head, "ann", "ben")
    world.run_for(60)
    world.profile("mail:ann@example.com", {"base": {"address": {"city": "milan"}}})
    world.run_for(HOUR_S)
    assert world.counted(head)[graphs.uuid(2)] == {"entered": 2, "passed": 2, "outcomeYES": 1, "outcomeNO": 1}


def test_an_event_that_fits_no_way_out_leaves_the_token_waiting(world: World) -> None:
    big = {"subject": "EVENT", "path": "properties.amount", "operator": "GREATER_THAN", "value": 100}
    graph = graphs.forked(graphs.trigger(2, "completedOrder"), "TIMEOUT")
    graph["connections"][1]["conditions"] = {"match": "ALL", "conditions": [big]}
    head = world.automation(graph)
    ann = world.enter(head, "ann")[0]
    world.run_for(60)
    world.happen("e1", "completedOrder", email="ann@example.com", amount=50)
    world.run_for(60)
    assert world.token(ann)["st"] == "WAITING"
    world.happen("e2", "completedOrder", email="ann@example.com", amount=150)
    world.run_for(60)
    assert world.token(ann)["st"] == "COMPLETED"


def test_match_and_time_out_in_the_same_second_let_each_of_a_thousand_tokens_leave_once(world: World) -> None:
    head = world.automation(graphs.forked(graphs.trigger(2, "loggedIn", hours=1), "TIMEOUT"))
    names = [f"p{number}" for number in range(1000)]
    world.enter(head, *names)
    world.run_for(30)
    (due,) = {row["due"] for row in world.tokens_of(head)}
    world.run_until(due - 1)
    world.now_ms = due
    for number, name in enumerate(names):
        world.happen(f"e{number}", "loggedIn", email=f"{name}@example.com", spread=False)
    world.now_ms = due + 1000
    world.shuffle(seed=4)
    world.run_for(180)
    assert Counter(row["st"] for row in world.tokens_of(head)) == {"COMPLETED": 1000}
    counted = world.counted(head)[graphs.uuid(2)]
    assert counted["outcomeYES"] + counted["outcomeTIMEOUT"] == 1000 == counted["passed"]
    assert min(counted["outcomeYES"], counted["outcomeTIMEOUT"]) > 0
    assert len(world.mails) == 2000 and world.doubles == 0
    world.check_counters(head)


def test_feedback_counts_once_however_often_it_is_told(world: World) -> None:
    head = world.automation(graphs.row(graphs.mail(1), graphs.end()))
    ann = world.enter(head, "ann")[0]
    world.run_for(10)
    for _ in range(3):
        opened(world, ann.token)
        opened(world, ann.token, name="f2")
        opened(world, ann.token, kind="DELIVERED")
    told = Feedback("c1", "CLICKED", ann.token, graphs.uuid(1), world.now_ms, "https://x.example/a")
    assert feedback.record(W, N, told) and feedback.record(W, N, told)
    counted = world.counted(head)[graphs.uuid(1)]
    assert {name: counted[name] for name in ("opened", "uniqueOpened", "delivered", "clicked", "uniqueClicked")} == {
        "opened": 2,
        "uniqueOpened": 1,
        "delivered": 1,
        "clicked": 1,
        "uniqueClicked": 1,
    }
    shown = feedback.shown(head, head.graph.by_uuid[graphs.uuid(1)], world.counted(head))
    assert shown["feedbacks"]["links"] == [{"url": "https://x.example/a", "clicked": 1, "uniqueClicked": 1}]


def test_whoever_unsubscribed_gets_no_more_mails(world: World) -> None:
    head = world.automation(graphs.row(graphs.mail(1), graphs.end()))
    ann = world.enter(head, "ann")[0]
    world.run_for(10)
    opened(world, ann.token, kind="UNSUBSCRIBED")
    world.enter(head, "ann")
    world.run_for(10)
    assert len(world.mails) == 1
    assert world.counted(head)[graphs.uuid(1)]["skipped"] == 1


def test_a_profile_store_that_is_down_is_asked_again_and_never_means_no(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    parameters = {"wait": {"amount": 1, "unit": "HOURS"}, "subject": "CUSTOMER"}
    graph = graphs.forked(graphs.step(2, "WAIT_AND_CHECK", parameters), "NO")
    known = {"subject": "CUSTOMER", "path": "base.city", "operator": "EXISTS"}
    graph["connections"][1]["conditions"] = {"match": "ALL", "conditions": [known]}
    head = world.automation(graph)
    ann = world.enter(head, "ann")[0]
    world.profile("mail:ann@example.com", {"base": {"city": "Rome"}})
    read = profiles.read

    def down(*_: object) -> None:
        raise profiles.Unreachable("it is down")

    monkeypatch.setattr(profiles, "read", down)
    world.run_for(2 * HOUR_S)
    assert world.token(ann)["st"] == "RETRYING"
    monkeypatch.setattr(profiles, "read", read)
    world.run_for(120)
    assert world.counted(head)[graphs.uuid(2)]["outcomeYES"] == 1
    world.check_counters(head)

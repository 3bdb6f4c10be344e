"""What a pause, a fault of the automation and a node that is switched off do to tokens."""

from __future__ import annotations

import pytest

from chalicelib.channels.public import NoIntegration, Refused
from chalicelib.core import cache
from chalicelib.journeys import node_upkeep
from chalicelib.journeys.models.automations import Automation
from tests.workers.journeys import graphs
from tests.workers.journeys.world import MINUTE_MS, NOON_MS, World

HOUR_S = 3600


def waiting(world: World) -> Automation:
    return world.automation(graphs.row(graphs.mail(1), graphs.wait(2, 2), graphs.mail(3), graphs.end()))


@pytest.mark.parametrize(("removes", "state", "mails"), [(False, "COMPLETED", 2), (True, "EXPIRED", 1)])
def test_a_pause_over_a_due_time_ends_or_goes_on_as_asked(world: World, removes: bool, state: str, mails: int) -> None:
    head = waiting(world)
    ann = world.enter(head, "ann")[0]
    world.run_for(HOUR_S)
    world.move(head, "PAUSED")
    world.run_for(3 * HOUR_S)
    assert world.token(ann)["st"] == "WAITING"
    world.move(head, "RUNNING", removes=removes)
    world.run_for(120)
    assert world.token(ann)["st"] == state
    assert len(world.mails) == mails
    world.check_counters(head)


def test_a_token_whose_time_did_not_pass_in_the_pause_is_kept(world: World) -> None:
    head = waiting(world)
    ann = world.enter(head, "ann")[0]
    world.run_for(10)
    world.move(head, "PAUSED")
    world.run_for(HOUR_S)
    world.move(head, "RUNNING", removes=True)
    world.run_until(NOON_MS + 122 * MINUTE_MS)
    assert world.token(ann)["st"] == "COMPLETED"


def test_a_late_timer_gives_the_verdict_of_a_prompt_one(world: World) -> None:
    head = waiting(world)
    ann = world.enter(head, "ann")[0]
    world.run_for(10)
    world.move(head, "PAUSED")
    world.run_for(3 * HOUR_S, ticks=False)
    world.move(head, "RUNNING", removes=True)
    world.run_for(HOUR_S, ticks=False)
    assert world.token(ann)["st"] == "WAITING"
    world.move(head, "PAUSED")
    world.run_for(60, ticks=False)
    world.move(head, "RUNNING", removes=False)
    world.run_for(20 * 60)
    assert world.token(ann)["why"] == "OVERDUE_ON_RESUME"


def test_pausing_costs_no_write_to_any_token(world: World) -> None:
    head = waiting(world)
    world.enter(head, *(f"p{number}" for number in range(40)))
    world.run_for(10)
    before = {row["pk"]: row for row in world.tokens_of(head)}
    world.move(head, "PAUSED")
    world.run_for(60)
    assert {row["pk"]: row for row in world.tokens_of(head)} == before


def test_an_event_that_came_during_the_pause_is_matched_not_overdue(world: World) -> None:
    check = graphs.trigger(2, "loggedIn", hours=2)
    head = world.automation(graphs.forked(check, "TIMEOUT"))
    ann, ben = world.enter(head, "ann", "ben")
    world.run_for(60)
    world.move(head, "PAUSED")
    world.run_for(HOUR_S)
    world.happen("e1", "loggedIn", email="ann@example.com")
    world.run_for(2 * HOUR_S)
    assert len(world.mails) == 2
    world.move(head, "RUNNING", removes=True)
    world.run_for(120)
    assert (world.token(ann)["st"], world.token(ben)["st"]) == ("COMPLETED", "EXPIRED")
    assert world.counted(head)[graphs.uuid(2)]["outcomeYES"] == 1
    world.check_counters(head)


def test_customers_who_come_while_it_stands_still_go_on_when_it_is_resumed(world: World) -> None:
    head = waiting(world)
    world.move(head, "PAUSED")
    world.run_for(10)
    names = [f"p{number}" for number in range(120)]
    world.enter(head, *names)
    world.run_for(600)
    assert not world.mails
    world.move(head, "RUNNING", removes=True)
    world.run_for(600)
    assert len(world.mails) == 120
    world.check_counters(head)


def test_parked_tokens_are_released_at_a_set_rate(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MILLRACE_JOURNEYS_RELEASE_PER_S", "10")
    head = waiting(world)
    world.move(head, "PAUSED")
    world.enter(head, *(f"p{number}" for number in range(200)))
    world.move(head, "RUNNING")
    world.run_for(5, ticks=False)
    assert 30 <= len(world.mails) <= 80
    world.run_for(60, ticks=False)
    assert len(world.mails) == 200


def test_pausing_again_while_tokens_are_released_loses_none(world: World) -> None:
    head = waiting(world)
    world.move(head, "PAUSED")
    world.enter(head, *(f"p{number}" for number in range(700)))
    for _ in range(3):
        world.move(head, "RUNNING")
        world.run_for(1, ticks=False)
        world.move(head, "PAUSED")
        world.run_for(1, ticks=False)
    world.move(head, "RUNNING")
    world.run_for(300)
    assert len(world.mails) == 700 and world.doubles == 0


def test_a_node_that_is_switched_off_freezes_its_journeys_and_thaws_them(world: World) -> None:
    head = waiting(world)
    ann = world.enter(head, "ann")[0]
    world.run_for(60)
    world.switch(active=False)
    ben = world.enter(head, "ben")[0]
    world.run_for(3 * HOUR_S)
    assert (world.token(ann)["st"], world.token(ben)["st"]) == ("WAITING", "READY")
    assert world.head(head).status == "RUNNING"
    world.switch(active=True)
    node_upkeep.keep("w1", world.node.id)
    world.run_for(120)
    assert (world.token(ann)["st"], world.token(ben)["st"]) == ("COMPLETED", "WAITING")
    world.check_counters(head)


@pytest.mark.parametrize("why", [Refused("unknown account", status=401), NoIntegration("there is no setting")])
def test_a_connector_that_is_gone_stops_the_journey_and_nobody_is_lost(world: World, why: Exception) -> None:
    head = waiting(world)
    world.refuse = lambda _key: why
    names = [f"p{number}" for number in range(25)]
    world.enter(head, *names)
    world.run_for(30)
    assert world.head(head).status == "ERROR"
    assert {row["st"] for row in world.tokens_of(head)} == {"READY"}
    world.refuse = lambda _key: None
    cache.forget_all()
    world.move(head, "RUNNING")
    world.run_for(2 * HOUR_S + 120)
    assert {row["st"] for row in world.tokens_of(head)} == {"COMPLETED"}
    assert len(world.mails) == 50
    world.check_counters(head)

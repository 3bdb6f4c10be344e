"""Whatever is repeated, killed or mixed up: one effect a visit, exact counters, nobody lost."""

from __future__ import annotations

import json
import random

import pytest

from chalicelib.channels.public import Deferred
from chalicelib.journeys import public
from tests.workers.journeys import graphs
from tests.workers.journeys.world import N, W, World

HOUR_S = 3600


def test_messages_delivered_twice_send_once_and_count_once(world: World) -> None:
    chance = random.Random(1)
    head = world.automation(graphs.row(graphs.mail(1), graphs.wait(2, 1), graphs.mail(3), graphs.end()))
    world.enter(head, *(f"p{number}" for number in range(60)))
    world.run_for(HOUR_S + 120, deliver_twice=lambda: chance.random() < 0.5)
    assert len(world.mails) == 120 and world.doubles == 0
    assert {row["st"] for row in world.tokens_of(head)} == {"COMPLETED"}
    world.check_counters(head)


def test_a_worker_killed_at_any_call_repeats_under_the_same_key_and_loses_nothing(world: World) -> None:
    head = world.automation(graphs.row(graphs.mail(1), graphs.wait(2, 1), graphs.mail(3), graphs.end()))
    place, kills = 1, 0
    while world.kills == kills + (place > 1) or place == 1:
        kills = world.kills
        ann = world.enter(head, f"p{place}")[0]
        world.kill_at = world.point + place
        world.run_for(HOUR_S + 600)
        world.kill_at = -1
        assert world.token(ann)["st"] == "COMPLETED", place
        assert {key for key in world.mails if key.startswith(f"journey:{ann.token}")} == {
            f"journey:{ann.token}:1",
            f"journey:{ann.token}:3",
        }
        world.check_counters(head)
        place += 1
    assert place > 30


def test_a_failure_that_may_pass_is_tried_again_and_one_that_will_not_ends_the_token(world: World) -> None:
    head = world.automation(graphs.row(graphs.webhook(1, maxAttempts=3), graphs.end()))
    answers = {"ann": iter((503, 200)), "ben": iter((500, 500, 500)), "cid": iter((400,))}
    entered = dict(zip(answers, world.enter(head, *answers), strict=True))
    by_token = {entered[name].token: answers[name] for name in answers}
    world.answer = lambda request: next(by_token[str(request.headers["Idempotency-Key"]).partition(":")[0]])
    world.run_for(HOUR_S)
    assert [world.token(entered[name])["st"] for name in answers] == ["COMPLETED", "ERROR", "ERROR"]
    counted = world.counted(head)[graphs.uuid(1)]
    assert (counted["called"], counted["retried"], counted["succeeded"], counted["failed"]) == (6, 3, 1, 2)
    assert world.token(entered["cid"])["err"] == "the receiver answered 400"
    world.check_counters(head)


def test_every_attempt_of_a_visit_carries_the_same_key_and_a_signature(world: World) -> None:
    head = world.automation(graphs.row(graphs.webhook(1), graphs.end()))
    answers = iter((503, 502, 200))
    world.answer = lambda _request: next(answers)
    ann = world.enter(head, "ann")[0]
    world.run_for(HOUR_S)
    assert list(world.calls) == [f"{ann.token}:1"]
    sent = world.calls[f"{ann.token}:1"]
    assert len({request.headers["webhook-id"] for request in sent}) == 1
    assert len({request.headers["X-Flow-Signature"] for request in sent}) == 3
    assert len({request.body for request in sent}) == 1


def test_on_error_continue_counts_the_failure_and_goes_on(world: World) -> None:
    head = world.automation(graphs.row(graphs.webhook(1, onError="CONTINUE"), graphs.mail(2), graphs.end()))
    world.answer = lambda _request: 404
    ann = world.enter(head, "ann")[0]
    world.run_for(10)
    assert world.token(ann)["st"] == "COMPLETED"
    counted = world.counted(head)[graphs.uuid(1)]
    assert (counted["failed"], counted["passed"], counted["stopped"]) == (1, 1, 0)
    world.check_counters(head)


def test_a_throttled_send_is_put_off_without_using_an_attempt(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MILLRACE_JOURNEYS_MAILS_PER_S", "2")
    head = world.automation(graphs.row(graphs.mail(1), graphs.end()))
    world.enter(head, *(f"p{number}" for number in range(100)))
    world.run_for(5)
    assert 2 <= len(world.mails) <= 14
    late = [row for row in world.tokens_of(head) if row["st"] == "RETRYING"]
    assert late and all("n" not in row for row in late)
    world.run_for(120)
    assert len(world.mails) == 100
    assert world.counted(head)[graphs.uuid(1)]["retried"] == 0


def test_a_provider_that_is_busy_uses_no_attempt_either(world: World) -> None:
    busy = iter([Deferred("slow down", status=429)] * 20)
    world.refuse = lambda _key: next(busy, None)
    head = world.automation(graphs.row(graphs.mail(1), graphs.end()))
    ann = world.enter(head, "ann")[0]
    world.run_for(HOUR_S)
    assert world.token(ann)["st"] == "COMPLETED"


def test_a_tick_outage_of_twenty_minutes_only_makes_late(world: World) -> None:
    head = world.automation(graphs.row(graphs.wait(1, 60, "MINUTES"), graphs.mail(2), graphs.end()))
    world.enter(head, *(f"p{number}" for number in range(50)))
    world.run_for(55 * 60)
    world.messages.clear()
    world.run_for(20 * 60, ticks=False)
    assert not world.mails
    world.tick()
    world.run_for(30)
    assert len(world.mails) == 50


OPERATIONS = ("mail", "wait", "trigger", "split", "webhook")


@pytest.mark.parametrize("seed", range(8))
def test_counters_hold_after_any_run(world: World, seed: int) -> None:
    chance = random.Random(seed)
    graph = _random_graph(chance)
    head = world.automation(graph, unique_token=chance.random() < 0.3)
    world.answer = lambda _request: chance.choice((200, 200, 200, 500, 404))
    for number in range(60):
        act = chance.random()
        if act < 0.35:
            world.enter(head, *(f"p{chance.randrange(40)}" for _ in range(chance.randrange(1, 8))))
        elif act < 0.5:
            world.happen(f"e{number}", "loggedIn", email=f"p{chance.randrange(40)}@example.com", spread=False)
        elif act < 0.6 and world.tokens_of(head):
            world.remove(world.name_of(chance.choice(world.tokens_of(head))))
        elif act < 0.7:
            world.move(head, "PAUSED" if world.head(head).status == "RUNNING" else "RUNNING", removes=act < 0.65)
        if chance.random() < 0.4:
            world.kill_at = world.point + chance.randrange(1, 60)
        world.run_for(chance.choice((1, 30, 600, 3600)), deliver_twice=lambda: chance.random() < 0.2)
        world.kill_at = -1
        world.check_counters(head)
    if world.head(head).status != "RUNNING":
        world.move(head, "RUNNING")
    world.run_for(40 * HOUR_S)
    world.check_counters(head)
    assert {row["st"] for row in world.tokens_of(head)} <= {"COMPLETED", "ERROR", "REMOVED", "EXPIRED"}
    assert all(len(sent) - 1 <= world.kills for sent in world.mails.values())
    assert not [key for key in world.tables["journeys"].rows if "#UNIQ#" in key.pk]


def _random_graph(chance: random.Random) -> graphs.Json:
    steps, ways, last = [], [], 0
    for number in range(1, chance.randrange(5, 10)):
        kind = "mail" if number == 1 else chance.choice(OPERATIONS)
        outcomes = ("NEXT",)
        if kind == "mail":
            steps.append(graphs.mail(number))
        elif kind == "wait":
            steps.append(graphs.wait(number, chance.randrange(1, 90), "MINUTES"))
        elif kind == "webhook":
            steps.append(graphs.webhook(number, maxAttempts=2, onError=chance.choice(("STOP", "CONTINUE"))))
        elif kind == "trigger":
            steps.append(graphs.trigger(number, "loggedIn", hours=1))
            outcomes = ("YES", "TIMEOUT")
        else:
            shares = [{"outcome": "A", "share": 30}, {"outcome": "B", "share": 70}]
            steps.append(graphs.step(number, "AB_TEST", {"shares": shares}))
            outcomes = ("A", "B")
        ways += [graphs.way(number, number + 1, outcome) for outcome in outcomes]
        last = number
    steps.append(graphs.end(last + 1))
    return {"steps": steps, "connections": ways}


def test_a_token_whose_message_was_given_up_is_called_again(world: World) -> None:
    head = world.automation(graphs.row(graphs.mail(1), graphs.end()))
    ann = world.enter(head, "ann")[0]
    world.messages.clear()
    public.bury({"w": W, "n": N, "t": ann.token})
    world.run_for(20 * 60)
    assert world.token(ann)["st"] == "COMPLETED"


def test_an_event_or_job_that_was_given_up_comes_again_for_a_day(world: World) -> None:
    head = world.automation(graphs.row(graphs.mail(1), graphs.end()))
    world.move(head, "PAUSED")
    world.enter(head, "ann")
    world.move(head, "RUNNING")
    ((_, _, _, body, _),) = world.messages
    world.messages.clear()
    public.bury(json.loads(body))
    world.run_for(20 * 60)
    assert len(world.mails) == 1
    public.bury({"w": W, "n": N, "e": "e1", "again": 96})
    assert not world.messages

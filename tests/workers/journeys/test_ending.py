"""The end of automations: dates, archiving, deletion with tokens in flight; and of people who want to be forgotten."""

from __future__ import annotations

from collections import Counter

import pytest

from chalicelib.core import cache
from chalicelib.journeys import jobs, node_upkeep
from chalicelib.journeys.models import automations as stored
from chalicelib.journeys.models.nodes import Node
from tests.workers.journeys import graphs
from tests.workers.journeys.world import MINUTE_MS, NOON_MS, N, W, World

HOUR_S = 3600
LONG = graphs.row(graphs.mail(1), graphs.wait(2, 48), graphs.mail(3), graphs.end())


def test_the_end_date_expires_whoever_waits_and_archives_the_automation(world: World) -> None:
    head = world.automation(LONG, end_at=NOON_MS + 60 * MINUTE_MS)
    world.enter(head, *(f"p{number}" for number in range(150)))
    world.run_for(HOUR_S + 900)
    assert Counter((row["st"], row["why"]) for row in world.tokens_of(head)) == {("EXPIRED", "END_DATE"): 150}
    assert world.head(head).status == "ARCHIVED"
    world.check_counters(head)


def test_no_step_begins_at_or_after_the_end_date(world: World) -> None:
    graph = graphs.row(graphs.wait(1, 60, "MINUTES"), graphs.mail(2), graphs.end())
    head = world.automation(graph, end_at=NOON_MS + 60 * MINUTE_MS)
    ann = world.enter(head, "ann")[0]
    world.run_for(HOUR_S + 900)
    assert not world.mails
    assert world.token(ann)["why"] == "END_DATE"


def test_archiving_removes_tokens_and_lets_a_claimed_step_finish(world: World) -> None:
    head = world.automation(graphs.row(graphs.mail(1), graphs.wait(2, 48), graphs.end()))
    world.enter(head, *(f"p{number}" for number in range(30)))
    world.run_for(30)
    late = world.enter(head, "late")[0]

    def archive() -> None:
        world.move(head, "PAUSED")
        world.move(head, "TO_ARCHIVE")

    world.during_mail(archive)
    world.run_for(120)
    assert Counter(row["st"] for row in world.tokens_of(head)) == {"REMOVED": 31}
    assert f"journey:{late.token}:1" in world.mails
    assert world.head(head).status == "ARCHIVED"
    world.check_counters(head)


def test_deleting_while_timers_fire_leaves_nothing_and_sends_nothing(world: World) -> None:
    head = world.automation(
        graphs.row(graphs.mail(1), graphs.wait(2, 30, "MINUTES"), graphs.mail(3), graphs.end()), unique_token=True
    )
    world.enter(head, *(f"p{number}" for number in range(2000)))
    world.run_until(NOON_MS + 29 * MINUTE_MS)
    assert len(world.mails) == 2000
    world.move(head, "PAUSED")
    world.enter(head, "parked")
    world.move(head, "TO_DELETE")
    world.run_for(2 * HOUR_S)
    assert len(world.mails) == 2000
    assert stored.load(W, N, head.id, fresh=True) is None
    left = [key for key in world.tables["journeys"].rows if head.id in key.pk or "#TOK#" in key.pk or "#WHO#" in key.pk]
    assert not left


@pytest.mark.parametrize("is_node", [False, True])
def test_what_happened_to_customers_is_forgotten_with_their_node(world: World, is_node: bool) -> None:
    head = world.automation(graphs.forked(graphs.trigger(2, "loggedIn"), "TIMEOUT"))
    world.enter(head, "ann")
    world.run_for(10)
    world.happen("e1", "loggedIn", email="ann@example.com")
    world.run_for(10)
    if is_node:
        node = Node.find(W, id=N)
        node.gone_at = world.now_ms
        node.save()
        cache.forget_all()
        node_upkeep.keep(W, N)
    else:
        world.move(head, "PAUSED")
        world.move(head, "TO_DELETE")
    world.run_for(300)
    left = [key.pk for key in world.tables["journeys"].rows if "#HIST#" in key.pk]
    assert bool(left) is not is_node
    assert not world.tokens_of(head)


@pytest.mark.parametrize("kill", range(1, 60, 4))
def test_an_erasure_that_falls_goes_on(world: World, kill: int) -> None:
    head = world.automation(LONG)
    world.enter(head, *(f"p{number}" for number in range(5)))
    world.run_for(10)
    world.move(head, "PAUSED")
    world.move(head, "TO_DELETE")
    world.kill_at = world.point + kill
    world.run_for(900)
    assert world.kills <= 1
    assert stored.load(W, N, head.id, fresh=True) is None
    assert not [key for key in world.tables["journeys"].rows if "#TOK#" in key.pk or "#LST#" in key.pk]


def test_late_messages_for_what_is_gone_are_dropped(world: World) -> None:
    head = world.automation(LONG)
    ann = world.enter(head, "ann")[0]
    world.run_for(10)
    world.move(head, "PAUSED")
    world.move(head, "TO_DELETE")
    world.run_for(60)
    world.wake(ann.token)
    jobs.release({"w": W, "n": N, "a": head.id, "job": "release", "shard": 0})
    jobs.end({"w": W, "n": N, "a": head.id, "job": "end", "why": "ARCHIVED"})
    world.run_for(60)
    assert not world.messages


def test_a_scheduled_start_releases_whoever_came_before(world: World) -> None:
    head = world.automation(LONG, status="COMMITTED", start_at=NOON_MS + 60 * MINUTE_MS)
    world.enter(head, "ann", "ben")
    world.run_for(HOUR_S - 60)
    assert not world.mails
    world.run_for(900)
    assert len(world.mails) == 2
    assert world.head(head).status == "RUNNING"

"""A graph that changes under tokens on their way: each later step is read from the graph as it is then."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

from chalicelib.journeys.entering import Entered
from chalicelib.journeys.models import automations as stored
from chalicelib.journeys.models.automations import Automation
from tests.workers.journeys import graphs
from tests.workers.journeys.world import N, W, World

DAY_S = 86_400
BEFORE = graphs.row(graphs.mail(1), graphs.wait(2, 48), graphs.mail(3), graphs.end())
AFTER = graphs.row(graphs.mail(1), graphs.wait(4, 5, "MINUTES"), graphs.mail(5), graphs.end())


@contextmanager
def knowing_only(head: Automation) -> Iterator[None]:
    """Let a worker know an automation as it was some seconds ago, unless it reads it anew."""
    load = stored.load

    def old(workspace: str, node: str, automation: str, fresh: bool = False) -> Automation | None:
        return load(workspace, node, automation, fresh) if fresh or automation != head.id else head

    with mock.patch.object(stored, "load", old):
        yield


def edit(world: World, head: Automation) -> None:
    world.move(head, "PAUSED")
    world.change(head, AFTER)


def test_a_step_removed_while_the_one_before_it_is_done_is_not_gone_to(world: World) -> None:
    head = world.automation(BEFORE)
    world.during_mail(lambda: edit(world, head))
    ann = world.enter(head, "ann")[0]
    world.run_for(10)
    assert world.token(ann)["s"] == graphs.uuid(4)
    world.move(head, "RUNNING")
    world.run_for(2 * 3600)
    assert world.token(ann)["st"] == "COMPLETED"
    assert {key.rpartition(":")[0] for key in world.mails} == {f"journey:{ann.token}"} and len(world.mails) == 2
    world.check_counters(head)


def test_a_token_left_on_a_step_that_is_gone_is_led_to_where_its_last_step_leads_now(world: World) -> None:
    head = world.automation(BEFORE)
    early = world.head(head)
    _ = early.graph  # known to the worker, as it is for some minutes

    def by_a_worker_who_knows_nothing_of_it() -> None:
        edit(world, head)
        world.move(head, "RUNNING")

    world.during_mail(by_a_worker_who_knows_nothing_of_it)
    with knowing_only(early):
        ann = world.enter(head, "ann")[0]
        world.run_for(10)
    assert (world.token(ann)["st"], world.token(ann)["s"]) == ("WAITING", graphs.uuid(2))
    world.run_for(3 * DAY_S)
    assert world.token(ann)["st"] == "COMPLETED", world.token(ann).get("err")
    assert len(world.mails) == 2
    world.check_counters(head)


def entered_after_an_edit(world: World) -> tuple[Automation, Automation, Entered]:
    """Give an automation, what it was before it was edited, and who came in since."""
    head = world.automation(BEFORE)
    early = world.head(head)
    _ = early.graph
    edit(world, head)
    world.move(head, "RUNNING")
    ann = world.enter(head, "ann")[0]
    world.run_for(10)
    return head, early, ann


def test_a_worker_who_knows_an_old_graph_reads_it_anew_before_it_gives_a_token_up(world: World) -> None:
    head, early, ann = entered_after_an_edit(world)
    assert world.token(ann)["s"] == graphs.uuid(4)
    with knowing_only(early):
        world.run_for(400)  # a graph is kept in memory for longer than that
    assert world.token(ann)["st"] == "COMPLETED", world.token(ann).get("err")
    world.check_counters(head)


def test_a_worker_who_knows_an_old_graph_parks_a_token_when_it_was_paused_again(world: World) -> None:
    head, early, ann = entered_after_an_edit(world)
    world.move(head, "PAUSED")
    with knowing_only(early):
        world.run_for(400)  # a graph is kept in memory for longer than that
    assert world.token(ann)["st"] == "WAITING"
    world.move(head, "RUNNING", removes=True)
    world.run_for(60)
    assert world.token(ann)["why"] == "OVERDUE_ON_RESUME"
    world.check_counters(head)


def test_an_event_wakes_a_token_on_a_step_that_the_worker_does_not_know_yet(world: World) -> None:
    head = world.automation(BEFORE)
    early = world.head(head)
    _ = early.graph
    world.move(head, "PAUSED")
    world.change(head, graphs.forked(graphs.trigger(2, "loggedIn"), "TIMEOUT"))
    late = graphs.forked(graphs.trigger(7, "loggedIn"), "TIMEOUT")
    world.change(head, late)
    world.move(head, "RUNNING")
    ann = world.enter(head, "ann")[0]
    world.run_for(10)
    assert world.token(ann)["s"] == graphs.uuid(7)
    with knowing_only(early):
        world.happen("e1", "loggedIn", email="ann@example.com")
    world.run_for(10)
    assert world.token(ann)["st"] == "COMPLETED"
    assert world.counted(head)[graphs.uuid(7)]["outcomeYES"] == 1


def test_the_head_that_stands_in_for_an_old_one_is_an_old_one(world: World) -> None:
    head = world.automation(BEFORE)
    early = world.head(head)
    edit(world, head)
    with knowing_only(early):
        assert stored.load(W, N, head.id) is early
        now = stored.load(W, N, head.id, fresh=True)
    assert now is not None and now.graph_hash != early.graph_hash

"""Counters of entries: with the whole as long as few steps have been the entry, at the step itself after that."""

from __future__ import annotations

from chalicelib.journeys import counters as nouns
from chalicelib.journeys.models import counters
from chalicelib.journeys.models.automations import Automation
from chalicelib.storage.expressions import Row
from tests.workers.journeys import graphs
from tests.workers.journeys.world import N, W, World

MANY = counters.MOST_ENTRIES + 4


def counter_rows(world: World, head: Automation) -> list[Row]:
    rows = world.tables["journeys"].rows.values()
    return [row for row in rows if f"#CNT#{head.id}#" in row["pk"]]


def test_whoever_enters_is_counted_at_the_step_and_for_the_whole(world: World) -> None:
    head = world.automation(graphs.row(graphs.wait(1, 2), graphs.mail(2), graphs.end()))
    world.enter(head, "ann", "ben")
    assert world.counted(head)[graphs.uuid(1)]["entered"] == 2
    assert world.counted(head)["-"]["total"] == 2
    assert nouns.in_step(W, N, head.id, [graphs.uuid(1), graphs.uuid(2)]) == {graphs.uuid(1): 2, graphs.uuid(2): 0}
    assert {row["sk"] for row in counter_rows(world, head)} == {"-"}
    world.run_for(3 * 3600)
    assert nouns.in_step(W, N, head.id, [graphs.uuid(1)]) == {graphs.uuid(1): 0}
    assert nouns.in_flight(W, N, head.id) == 0
    world.check_counters(head)


def test_an_entry_that_moves_again_and_again_does_not_make_the_row_of_the_whole_grow(world: World) -> None:
    head = world.automation(graphs.row(graphs.wait(1, 48), graphs.mail(900), graphs.end()))
    world.enter(head, "p1")
    for number in range(2, MANY + 1):
        steps = [graphs.wait(one, 48) for one in range(number, 0, -1)]  # the new one leads to those with customers
        head = world.change(head, graphs.row(*steps, graphs.mail(900), graphs.end()))
        world.enter(head, f"p{number}")
    assert {step: nouns.in_step(W, N, head.id, [step])[step] for step in map(graphs.uuid, range(1, MANY + 1))} == (
        dict.fromkeys(map(graphs.uuid, range(1, MANY + 1)), 1)
    )
    wholes = [row for row in counter_rows(world, head) if row["sk"] == "-"]
    assert len({name for row in wholes for name in row if name.startswith("in:")}) == counters.MOST_ENTRIES
    assert world.counted(head)["-"]["total"] == MANY
    world.check_counters(head)


def test_a_draft_that_is_changed_often_counts_as_one(world: World) -> None:
    head = world.automation(graphs.row(graphs.wait(1, 2), graphs.end()), status="DRAFT")
    for number in range(2, MANY):
        head = world.change(head, graphs.row(graphs.wait(number, 2), graphs.mail(900), graphs.end()))
    assert head.entries == 1

"""What becomes of tokens is counted for their workspace."""

from __future__ import annotations

from collections import Counter

from chalicelib.durable import counts
from chalicelib.edge import reporting
from tests.workers.journeys import graphs
from tests.workers.journeys.world import W, World


def counted() -> dict[str, int]:
    total: Counter[str] = sum(counts.of_day(W, "2026-01-01").values(), Counter())
    return {name: amount for name, amount in total.items() if name.startswith("Journey")}


def test_tokens_and_their_steps_are_counted(world: World) -> None:
    head = world.automation(graphs.row(graphs.mail(1), graphs.wait(2, 2), graphs.mail(3), graphs.end()))
    world.enter(head, "ann", "ben")
    world.run_for(3 * 3600)
    whole = world.counted(head)
    assert counted() == {
        "JourneyTokensEntered": 2,
        "JourneyTokensCompleted": whole["-"]["completed"],
        "JourneySteps": sum(steps.get("passed", 0) for name, steps in whole.items() if name != "-"),
    }
    assert whole["-"]["completed"] == 2


def test_a_token_that_is_taken_out_is_counted_as_removed(world: World) -> None:
    head = world.automation(graphs.row(graphs.wait(1, 2), graphs.mail(2), graphs.end()))
    ann, _ = world.enter(head, "ann", "ben")
    world.run_for(60)
    world.remove(ann)
    reporting.keep()
    assert counted()["JourneyTokensRemoved"] == 1

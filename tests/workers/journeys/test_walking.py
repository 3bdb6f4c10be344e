"""Tokens walk: actions, waits, checks, ends, and the counters of each."""

from __future__ import annotations

from tests.workers.journeys import graphs
from tests.workers.journeys.world import MINUTE_MS, NOON_MS, World

HOUR_S = 3600


def test_a_token_goes_from_mail_to_wait_to_mail_to_end(world: World) -> None:
    head = world.automation(graphs.row(graphs.mail(1), graphs.wait(2, 2), graphs.mail(3), graphs.end()))
    ann, ben = world.enter(head, "ann", "ben")
    world.run_for(60)
    assert [world.token(one)["st"] for one in (ann, ben)] == ["WAITING", "WAITING"]
    assert len(world.mails) == 2
    world.run_for(2 * HOUR_S)
    assert {world.token(one)["st"] for one in (ann, ben)} == {"COMPLETED"}
    assert len(world.mails) == 4 and world.doubles == 0
    world.check_counters(head)
    counted = world.counted(head)
    assert counted[graphs.uuid(1)] == {"entered": 2, "passed": 2, "sent": 2}
    assert counted["-"]["completed"] == 2


def test_a_wait_is_never_early_and_at_most_a_minute_late(world: World) -> None:
    head = world.automation(graphs.row(graphs.wait(1, 37, "MINUTES"), graphs.mail(2), graphs.end()))
    world.enter(head, "ann")
    world.run_until(NOON_MS + 37 * MINUTE_MS - 1)
    assert not world.mails
    world.run_until(NOON_MS + 38 * MINUTE_MS)
    assert len(world.mails) == 1


def test_two_waits_in_a_row_add_up(world: World) -> None:
    head = world.automation(
        graphs.row(graphs.wait(1, 30, "MINUTES"), graphs.wait(2, 30, "MINUTES"), graphs.mail(3), graphs.end())
    )
    ann = world.enter(head, "ann")[0]
    world.run_until(NOON_MS + 45 * MINUTE_MS)
    assert world.token(ann)["due"] == NOON_MS + 60 * MINUTE_MS

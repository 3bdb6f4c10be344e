"""Analytics: real counts for each day, kept once the day is over."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.chat.models import counts
from tests.api.chat.world import World
from tests.conftest import Clock

DAY_S = 86_400


def ask(world: World, start: str, end: str) -> Any:
    query = {"startDate": start, "endDate": end}
    return world.client.get(f"/v1/admin/bots/{world.bot}/analytics", query=query)


@pytest.fixture
def busy(still: Clock, client: Any) -> World:
    """Two days of traffic: 1 and 2 January 2026."""
    world = World(client)
    ann, room = world.user(id="ann")["id"], world.conversation(id="C1")["id"]
    for text in "abc":
        world.hear(ann, room, text)
    world.say(room)
    still.advance_s(DAY_S)
    bob, other = world.user(id="bob")["id"], world.conversation(id="C2")["id"]
    world.hear(ann, room)
    world.hear(bob, other)
    still.advance_s(DAY_S)
    return world


def test_each_day_is_counted_and_quiet_ones_are_zero(busy: World, monkeypatch: pytest.MonkeyPatch) -> None:
    records = ask(busy, "2025-12-31T00:00:00Z", "2026-01-04T00:00:00Z").ok()["records"]
    assert [one["startDateTimeUtc"][:10] for one in records] == ["2025-12-31", "2026-01-01", "2026-01-02", "2026-01-03"]
    numbers = [[one[name] for name in ("messages", "sessions", "newUsers", "returningUsers")] for one in records]
    assert numbers == [[0, 0, 0, 0], [4, 1, 1, 0], [2, 2, 1, 1], [0, 0, 0, 0]]
    monkeypatch.setattr(counts, "messages_between", None)  # what is over is not counted again
    assert ask(busy, "2026-01-01T00:00:00Z", "2026-01-03T00:00:00Z").ok()["records"] == records[1:3]


def test_a_bot_that_speaks_is_no_returning_user(busy: World, still: Clock) -> None:
    room = busy.conversation(id="C3")["id"]
    busy.say(room)
    (record,) = ask(busy, "2026-01-03", "2026-01-04").ok()["records"]
    assert (record["messages"], record["returningUsers"], record["newUsers"]) == (1, 0, 0)


def test_who_was_made_as_the_day_began_is_new_and_not_returning(busy: World, still: Clock) -> None:
    still.advance_s(DAY_S / 2)
    ann = busy.user(id="early")["id"]
    busy.hear(ann, busy.conversation(id="C4")["id"])
    (record,) = ask(busy, "2026-01-04", "2026-01-05").ok()["records"]
    assert (record["newUsers"], record["returningUsers"]) == (1, 0)


def test_a_part_of_a_day_is_counted_by_itself(busy: World) -> None:
    (record,) = ask(busy, "2026-01-02T11:59:00Z", "2026-01-02T12:30:00+00:00").ok()["records"]
    assert (record["messages"], record["endDateTimeUtc"]) == (2, "2026-01-02T12:30:00.000Z")
    assert ask(busy, "2026-01-02", "2026-01-02").ok()["records"] == []


@pytest.mark.parametrize(
    ("start", "end"),
    [("", "2026-01-02"), ("2026-01-02", "soon"), ("2026-01-02", "2026-01-01"), ("2020-01-01", "2026-01-01"),
     ("0001-01-01", "0001-01-02")],
)  # fmt: skip
def test_a_range_that_cannot_be_counted_is_refused(world: World, start: str, end: str) -> None:
    answer = ask(world, start, end)
    assert (answer.status, answer.body["type"]) == (400, "InvalidQuery")

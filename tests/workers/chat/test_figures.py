"""What was handed over, and what was not, is counted for the bot's workspace."""

from __future__ import annotations

from collections import Counter

from chalicelib.durable import counts
from tests.api.chat.world import BOT_URL
from tests.workers.chat.test_delivering import Stage, stage

__all__ = ["stage"]  # the fixture

Counted = dict[str, int]


def counted(place: Stage) -> Counted:
    total: Counter[str] = sum(counts.of_day(place.client.key, "2026-01-01").values(), Counter())
    return {name: amount for name, amount in total.items() if name.startswith("Chat")}


def test_messages_and_events_are_counted_when_they_are_handed_over(stage: Stage) -> None:
    stage.http.answer(BOT_URL, 500)
    stage.http.answer(BOT_URL)
    stage.hear(stage.ann, stage.room, "hi")
    stage.work()
    assert counted(stage) == {"ChatEventsRetried": 1}
    stage.still.advance_s(60)
    stage.work()
    assert counted(stage) == {"ChatEventsRetried": 1, "ChatEventsDelivered": 1}
    stage.as_bot("POST", "/events", {"type": "tick", "payload": {}})
    stage.work()
    assert counted(stage)["ChatEventsDelivered"] == 2


def test_what_is_given_up_is_counted_as_failed(stage: Stage) -> None:
    stage.http.answer(BOT_URL, 500)
    stage.hear(stage.ann, stage.room, "hi")
    for _ in range(40):
        stage.work()
        stage.still.advance_s(3_600)
    assert counted(stage)["ChatEventsFailed"] == 1
    assert "ChatEventsDelivered" not in counted(stage)

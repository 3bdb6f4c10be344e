"""Polls: no gap, no double, whatever breaks."""

from __future__ import annotations

import random
from typing import Any

import pytest

from chalicelib.adapters import aws
from chalicelib.core import clock
from chalicelib.core.errors import UpstreamFailed
from chalicelib.storage.tables import WORK
from chalicelib.subscriptions import endings, models, subscriptions
from chalicelib.subscriptions.rules.deliveries import SubscriptionState
from tests.workers.subscriptions.world import Crash, World, bodies, ids_of

PAGE = 7


class Source:
    """A third party with a growing list; the cursor is a position in it."""

    def __init__(self) -> None:
        self.records: list[Any] = []
        self.overlap = 0

    def poll(self, cursor: Any, variables: Any) -> Any:
        if cursor is None and not variables.get("all"):
            return {"records": self.records[-3:], "cursor": len(self.records)}
        start = max(0, (cursor or 0) - self.overlap)
        page = self.records[start : (cursor or 0) + PAGE]
        end = start + len(page)
        return {"records": page, "cursor": end, "more": end < len(self.records), "emit": bool(variables.get("all"))}


def start(world: World, **variables: Any) -> tuple[Source, str]:
    source = Source()
    trigger = world.add_trigger("changed", config={"pollSeconds": 60})
    world.hook(trigger, "poll", source.poll)
    return source, world.subscribe(trigger, variables=variables)["id"]


def row_of(subscription_id: str) -> Any:
    return WORK.get(models.poll_key("w1", subscription_id))


def test_the_first_poll_is_silent_and_later_ones_deliver_what_is_new(world: World) -> None:
    source, name = start(world)
    source.records = [{"id": n} for n in range(5)]
    world.pump()
    assert world.sent == []
    source.records += [{"id": 5}, {"id": 6}]
    world.advance(61)
    world.pump()
    assert sorted(body["data"]["id"] for body in bodies(world.sent)) == [5, 6]
    assert {body["type"] for body in bodies(world.sent)} == {"shop.changed"}
    world.advance(61)
    world.pump()
    assert len(world.sent) == 2
    assert row_of(name)["due"] > clock.now_ms()


def test_a_poll_without_news_costs_two_writes(world: World) -> None:
    start(world)
    world.pump()
    world.advance(61)
    messages = world.receive("subscriptions_poll")
    calls = world.count_calls()
    world.handle("subscriptions_poll", messages)
    assert calls["UpdateItem"] == 2 and calls["PutItem"] == 0 and calls["SendMessage"] == 1


def test_every_record_comes_once_through_random_crashes(world: World) -> None:
    chance = random.Random(7)
    source, _ = start(world, all=True)
    source.overlap = 2
    source.records = [{"id": f"r{n}"} for n in range(60)]
    crashes = 25

    def crash(_operation: str) -> None:
        nonlocal crashes
        if crashes and chance.random() < 0.1:
            crashes -= 1
            raise Crash

    world.before_call = world.after_call = crash
    for _ in range(3_000):
        try:
            if not (world.step("subscriptions_poll") or world.step("subscriptions_deliver")):
                if not crashes and row_of_all(world) == len(source.records):
                    break
                world.advance(61)
                world.before_call = world.after_call = None
                if chance.random() < 0.05:
                    world.tick()
                world.before_call = world.after_call = crash
        except Crash:
            world.advance(5)
    assert crashes == 0
    world.before_call = world.after_call = None
    world.advance(200)
    world.pump()
    names = [body["data"]["id"] for body in bodies(world.sent)]
    assert sorted(set(names)) == sorted(record["id"] for record in source.records)
    assert len(set(ids_of(world.sent))) == len(source.records)


def row_of_all(world: World) -> int:
    return len(set(ids_of(world.sent)))


def test_records_without_an_id_are_known_by_their_content(world: World) -> None:
    source, _ = start(world, all=True)
    source.overlap = 3
    source.records = [{"v": 1}, {"v": 2}]
    world.pump()
    source.records.append({"v": 3})
    world.advance(61)
    world.pump()
    assert sorted(body["data"]["v"] for body in bodies(world.sent)) == [1, 2, 3]


def test_errors_back_off_are_seen_and_pass(world: World) -> None:
    source, name = start(world)
    trigger = world.hooks["changed", "poll"]

    def fail(**_: Any) -> Any:
        raise UpstreamFailed("the third party is down", retryable=True)

    world.hooks["changed", "poll"] = fail
    world.pump()
    call = world.call(path={"subscription_id": name})
    shown = subscriptions.read(call)["poll"]
    assert shown["failuresInRow"] == 1 and "down" in shown["error"]
    assert row_of(name)["due"] - clock.now_ms() > 110_000
    world.advance(121)
    world.pump()
    assert row_of(name)["errors"] == 2
    world.hooks["changed", "poll"] = trigger
    world.advance(241)
    world.pump()
    shown = subscriptions.read(call)["poll"]
    assert (shown["failuresInRow"], shown["error"]) == (0, None)
    assert source.records == []


@pytest.mark.parametrize("value", [None, [], {"records": 5}, {"records": [1] * 1_001}])
def test_a_senseless_answer_is_an_error(world: World, value: Any) -> None:
    _, name = start(world)
    world.hooks["changed", "poll"] = lambda **_: value
    world.pump()
    assert row_of(name)["errors"] == 1


def test_a_lost_message_is_brought_by_the_index(world: World) -> None:
    source, name = start(world)
    world.pump()
    messages = world.receive("subscriptions_poll")
    assert messages == []
    world.advance(61)
    for message in world.receive("subscriptions_poll"):
        aws.client("sqs").delete_message(QueueUrl=message["Url"], ReceiptHandle=message["ReceiptHandle"])
    source.records.append({"id": 1})
    world.advance(240)
    world.tick()
    world.pump()
    assert len(world.sent) == 1
    assert row_of(name)["due"] > clock.now_ms()


def test_polling_ends_with_its_subscription_and_rests_while_disabled(world: World) -> None:
    source, name = start(world)
    world.pump()
    models.switch(world.find(name), SubscriptionState.DISABLED, "gone")
    runs = world.runs["changed", "poll"]
    for _ in range(3):
        world.advance(61)
        world.pump()
    assert world.runs["changed", "poll"] == runs
    endings.end(world.find(name))
    assert row_of(name) is None
    world.advance(1_000)
    world.pump()
    assert world.runs["changed", "poll"] == runs and source.records == []

"""One event, its triggers, and all their subscriptions."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from chalicelib.core.errors import Conflict, LogicFailed, TooLarge, UpstreamFailed
from chalicelib.storage.tables import DELIVERY, WORK
from chalicelib.subscriptions import models, queues, secrets, signatures, tasks
from chalicelib.subscriptions.models import Subscription, shards
from chalicelib.subscriptions.rules.deliveries import SubscriptionState
from tests.workers.subscriptions.world import Crash, World, bodies, ids_of


def insert_many(world: World, trigger: Any, count: int) -> None:
    """Store subscriptions in few calls, as `insert` would one by one in the first shard."""
    sealed = secrets.seal_secret("w1", "shared", signatures.new_secret())
    rows: list[dict[str, Any]] = []
    for number in range(count):
        item = Subscription.new(
            "w1",
            id=f"sub-{number:05d}",
            user_id="u-1",
            user_key="ann@example.com",
            service_id="svc-1",
            service="shop",
            platform="acme",
            trigger_id=trigger.id,
            trigger=trigger.name,
            url="https://receiver.example/hook",
            secret=sealed,
        )
        rows += [item.to_row(), item.fan_out_row()]
    DELIVERY.write_many(rows)


def test_one_event_reaches_a_thousand_once_through_crashes(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    insert_many(world, world.add_trigger("hook"), 1_000)
    monkeypatch.setattr(secrets, "signing_keys", lambda _item: [b"k"])
    world.notify()
    crashes, sends = 5, 0

    def crash(operation: str) -> None:
        nonlocal crashes, sends
        sends += operation == "SendMessageBatch"
        if crashes and operation == "SendMessageBatch" and sends % 7 == 0:
            crashes -= 1
            raise Crash

    world.before_call = crash
    while True:
        try:
            if not world.step("subscriptions_fan_out"):
                break
        except Crash:
            world.advance(61)
    assert crashes == 0
    world.before_call = None
    world.pump("subscriptions_deliver")
    seen = Counter(ids_of(world.sent))
    assert len(seen) == 1_000
    assert len({one["subscriptionId"] for one in bodies(world.sent)}) == 1_000
    assert sum(seen.values()) == 1_000  # repeats were noticed before they were sent


def test_the_first_shard_overflows_into_seven(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shards, "FULL", 20)
    trigger = world.add_trigger("hook")
    for number in range(120):
        shard = models.choose_shard("w1", trigger.id, f"sub-{number:05d}", is_forwarded=False)
        world.insert(trigger, number, shard=shard)
    sizes = {name: len(DELIVERY.query_all(models.partition_of("w1", trigger.id, name))) for name in map(str, range(8))}
    assert 20 + 7 <= sizes["0"] <= 60 and sum(sizes.values()) == 120 + 7
    world.notify()
    world.pump()
    assert len(set(ids_of(world.sent))) == len(world.sent) == 120


def test_events_of_one_batch_share_their_queries(world: World) -> None:
    world.insert(world.add_trigger("hook"))
    world.notify()
    world.pump()
    for _ in range(8):
        world.notify()
    messages = [message for _ in range(4) for message in world.receive("subscriptions_fan_out")]
    calls = world.count_calls()
    world.handle("subscriptions_fan_out", messages)
    assert {name: calls[name] for name in ("Query", "BatchGetItem", "SendMessageBatch")} == {
        "Query": 1,
        "BatchGetItem": 1,
        "SendMessageBatch": 1,
    }
    world.pump()
    assert len(set(ids_of(world.sent))) == 9


def test_only_active_subscriptions_that_were_there_before_are_reached(world: World) -> None:
    trigger = world.add_trigger("hook")
    world.insert(trigger, 1)
    off = world.insert(trigger, 2)
    models.switch(off, SubscriptionState.DISABLED, "gone")
    world.notify()
    world.advance(10)
    world.insert(trigger, 3)
    world.pump()
    assert [one["subscriptionId"] for one in bodies(world.sent)] == ["sub-00001"]


def test_route_decides_and_unknown_triggers_drop(world: World) -> None:
    one, two = world.add_trigger("one"), world.add_trigger("two")
    world.hook(world.event, "route", lambda notification: [*notification["body"], "nobody", None])
    world.hook(two, "trigger", lambda notification, variables, match, **_: {"match": match})
    first, second = world.insert(one, 1), world.insert(two, 2)
    world.notify(["one"]), world.notify(["two"]), world.notify([])
    world.notify(["one", {"trigger": "two", "match": {"a": [1]}}])
    world.pump()
    assert Counter(body["trigger"] for body in bodies(world.sent)) == {"one": 2, "two": 2}
    assert [body["data"] for body in bodies(world.sent) if body["trigger"] == "two" and body["data"]["match"]] == [
        {"match": {"a": [1]}}
    ]
    assert world.runs["hook", "route"] == 4
    assert reasons() == ["there is no trigger nobody"] * 4
    assert len(world.deliveries(first)) == len(world.deliveries(second)) == 2


def test_the_same_id_from_route_is_one_occurrence(world: World) -> None:
    world.insert(world.add_trigger("one"))
    world.hook(world.event, "route", lambda notification: {"trigger": "one", "id": notification["body"]["id"]})
    for number, key in enumerate(["a", "a", "b"]):
        world.notify({"id": key, "try": number})
    world.pump()
    assert len(world.sent) == 2


def test_match_survives_a_failure(world: World) -> None:
    trigger = world.add_trigger("one")
    world.hook(world.event, "route", lambda notification: {"trigger": "one", "match": "m"})
    answers = iter([UpstreamFailed("busy", retryable=True)])

    def logic(match: Any, **_: Any) -> Any:
        for error in answers:
            raise error
        return {"match": match}

    world.hook(trigger, "trigger", logic)
    item = world.insert(trigger)
    world.notify()
    world.pump()
    world.bring_due(item)
    assert bodies(world.sent)[0]["data"] == {"match": "m"}


def test_a_route_that_throws_drops_its_event_alone(world: World) -> None:
    def route(notification: Any) -> Any:
        if notification["body"]["bad"]:
            raise LogicFailed("boom")
        return "hook"

    world.insert(world.add_trigger("hook"))
    world.hook(world.event, "route", route)
    for bad in (True, False, True, False):
        world.notify({"bad": bad})
    world.pump()
    assert len(world.sent) == 2
    assert reasons() == ["LogicFailed: boom"] * 2


def test_what_is_dropped_is_written_down_once_and_what_is_not_wanted_is_not(world: World) -> None:
    world.insert(world.add_trigger("one"))
    world.hook(world.event, "route", lambda notification: notification["body"])
    for body in (["nobody", "no one"], None, "one"):
        world.notify(body)
    world.step("subscriptions_fan_out", repeat=True)
    world.advance(61)
    world.pump()
    assert sorted(reasons()) == ["there is no trigger no one", "there is no trigger nobody"]
    (row, _) = WORK.query_all("w1#DEAD")
    assert row["doc"]["service"] == "svc-1" and row["doc"]["component"] == "ev-hook" and len(world.sent) == 1


def reasons() -> list[str]:
    return [row["doc"]["reason"] for row in WORK.query_all("w1#DEAD")]


def test_a_route_that_may_pass_comes_again(world: World) -> None:
    world.insert(world.add_trigger("hook"))
    answers = iter([UpstreamFailed("busy", retryable=True)])

    def route(notification: Any) -> Any:
        for error in answers:
            raise error
        return "hook"

    world.hook(world.event, "route", route)
    world.notify()
    world.pump()
    assert not world.sent
    world.advance(2)
    world.pump()
    assert len(world.sent) == 1


def test_big_bodies_travel_through_the_blob_store(world: World) -> None:
    item = world.insert(world.add_trigger("hook"))
    body = {"text": "x" * 300_000}
    world.answer(500)
    world.notify(body)
    world.pump()
    world.answer(200)
    world.bring_due(item)
    assert [one["data"] for one in bodies(world.sent)] == [body, body]
    assert world.sent[0].body == world.sent[1].body


@pytest.mark.parametrize(
    ("raw", "kind", "seen"),
    [
        (b'{"a": 1}', "application/json", {"a": 1}),
        (b'{"a": 1}', "", {"a": 1}),
        (b"a=1&b=2&b=3&c=", "application/x-www-form-urlencoded", {"a": "1", "b": ["2", "3"], "c": ""}),
        (b"{broken", "application/json", "{broken"),
        (b"<x/>", "text/xml", "<x/>"),
        (b"\xff\xfe", "application/octet-stream", "//4="),
        (b"", "application/json", ""),
        (b"[" * 5_000, "application/json", "[" * 5_000),
    ],
)
def test_bodies_are_read_by_their_type(world: World, raw: bytes, kind: str, seen: Any) -> None:
    world.insert(world.add_trigger("hook"))
    world.notify(raw, **{"content-type": kind})
    world.pump()
    assert bodies(world.sent)[0]["data"] == seen


def test_response_answers_and_may_refuse(world: World) -> None:
    world.insert(world.add_trigger("hook"))

    def answer(notification: Any) -> Any:
        if "authorization" not in notification["headers"]:
            return {"status": 401, "body": {"message": "no"}}
        return {"status": 202, "body": notification["rawBody"]}

    world.hook(world.event, "response", answer)
    refused = world.notify({"a": 1})
    assert (refused.status, refused.body) == (401, '{"message":"no"}')
    taken = world.notify({"a": 1}, authorization="secret")
    assert (taken.status, taken.body) == (202, '{"a": 1}')
    world.pump()
    assert len(world.sent) == 1


def test_a_failing_response_hook_tells_nothing(world: World) -> None:
    world.hook(world.event, "response", lambda notification: (_ for _ in ()).throw(LogicFailed("secret detail")))
    with pytest.raises(UpstreamFailed, match="could not answer") as caught:
        world.notify()
    assert "secret" not in caught.value.message


def test_message_ids_are_the_same_every_time() -> None:
    assert tasks.message_id_of("w", "e", "s") == tasks.message_id_of("w", "e", "s")
    assert "." not in tasks.message_id_of("w", "e.1", "s")


def test_a_number_beyond_64_bits_is_delivered_as_javascript_reads_it(world: World) -> None:
    world.insert(world.add_trigger("hook"))
    world.notify(b'{"n": 12345678901234567890123}')
    world.pump()
    assert [body["data"] for body in bodies(world.sent)] == [{"n": 1.2345678901234568e22}]


def test_what_scripts_could_not_be_given_is_not_taken_in(world: World) -> None:
    with pytest.raises(TooLarge):
        world.notify(b"\x01" * 400_000)
    world.notify(b"x" * 1_000_000, **{"content-type": "text/plain"})


def test_a_repeat_under_an_idempotency_key_is_one_event(world: World) -> None:
    world.insert(world.add_trigger("hook"))
    for _ in range(2):
        world.notify(b"{}", **{"idempotency-key": "k-1"})
    with pytest.raises(Conflict):
        world.notify(b"[]", **{"idempotency-key": "k-1"})
    world.pump()
    assert len(world.sent) == 1


def test_what_came_while_a_subscription_was_disabled_does_not_reach_it_later(world: World) -> None:
    item = world.insert(world.add_trigger("hook"))
    models.switch(item, SubscriptionState.DISABLED, "gone")
    world.notify(delivery="one")
    world.pump()
    assert world.deliveries(item) == []
    world.notify(delivery="two")
    world.advance(10)
    models.switch(item, SubscriptionState.ACTIVE, None)
    world.pump()
    world.notify(delivery="three")
    world.pump()
    assert len(world.sent) == 1


def test_a_message_to_a_subscription_that_was_made_again_since_is_dropped(world: World) -> None:
    trigger = world.add_trigger("hook")
    item = world.insert(trigger)
    world.notify()
    world.pump(queues.FAN_OUT)
    models.remove_subscription(item)
    world.advance(10)
    world.insert(trigger)
    world.pump()
    assert world.sent == []

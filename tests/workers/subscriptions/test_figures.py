"""What became of deliveries is counted for their workspace, each outcome once."""

from __future__ import annotations

from collections import Counter

from chalicelib.core import clock
from chalicelib.durable import counts
from tests.workers.subscriptions.world import W, World


def counted() -> dict[str, int]:
    total: Counter[str] = sum(counts.of_day(W, clock.iso_seconds(clock.now_ms())[:10]).values(), Counter())
    return {name: amount for name, amount in total.items() if name.startswith("Deliveries")}


def test_every_outcome_is_counted_once(world: World) -> None:
    trigger = world.add_trigger("hook")
    world.insert(trigger)
    world.notify()
    world.pump()
    assert counted() == {"DeliveriesDelivered": 1}
    world.answer(500)
    world.notify()
    world.pump()
    assert counted() == {"DeliveriesDelivered": 1, "DeliveriesRetried": 1}
    world.answer(200)
    world.advance(60)
    world.step("subscriptions_retry")
    assert counted() == {"DeliveriesDelivered": 2, "DeliveriesRetried": 1}


def test_a_receiver_that_is_gone_ends_one_delivery_and_drops_the_next(world: World) -> None:
    item = world.insert(world.add_trigger("hook"))
    world.answer(410)
    world.notify()
    world.notify()
    world.step("subscriptions_fan_out")
    first, second = world.receive("subscriptions_deliver")
    world.handle("subscriptions_deliver", [first])
    assert counted() == {"DeliveriesFailed": 1}
    assert world.find(item).state == "disabled"
    world.handle("subscriptions_deliver", [second])
    assert counted() == {"DeliveriesFailed": 1, "DeliveriesDropped": 1}


def test_a_delivery_its_trigger_does_not_want_is_dropped(world: World) -> None:
    trigger = world.add_trigger("hook")
    world.hook(trigger, "trigger", lambda **_bindings: None)
    world.insert(trigger)
    world.notify()
    world.pump()
    assert counted() == {"DeliveriesDropped": 1}


def test_a_batch_of_a_workspace_adds_once(world: World) -> None:
    trigger = world.add_trigger("hook")
    for number in range(10):
        world.insert(trigger, number)
    world.notify()
    world.step("subscriptions_fan_out")
    messages = world.receive("subscriptions_deliver")
    calls = world.count_calls()
    world.handle("subscriptions_deliver", messages)
    assert (len(messages), calls["sums"]) == (10, 1)
    assert counted() == {"DeliveriesDelivered": 10}

"""Every step interrupted at every call, every message twice: nothing is lost, ids stay."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest

from chalicelib.adapters import queue
from chalicelib.core.errors import Unavailable
from chalicelib.storage.tables import WORK
from tests.workers.subscriptions.world import URL, Crash, World, ids_of, response

QUEUES = ("subscriptions_fan_out", "subscriptions_deliver", "subscriptions_retry")


class Fault:
    """Raises at the n-th call."""

    def __init__(self, position: int, error: BaseException) -> None:
        self.left, self.error = position, error

    def __call__(self, _operation: str) -> None:
        self.left -= 1
        if self.left == 0:
            raise self.error


def deliver_one(world: World, number: int) -> None:
    """Bring one notification to a receiver that fails once, with a third party that repeats what got no 200."""
    attempts = iter([500])
    world.answers[URL] = lambda _request: response(next(attempts, 204))
    try:
        world.notify({"n": number}, delivery=f"d-{number}")
    except (Crash, Unavailable):
        world.notify({"n": number}, delivery=f"d-{number}")
    for _ in range(9):
        for name in QUEUES:
            with contextlib.suppress(Crash):
                world.step(name)
        world.advance(16)


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("error", [Crash(), Unavailable("throttled")], ids=["crash", "throttle"])
def test_a_fault_at_any_call_loses_nothing(world: World, before: bool, error: BaseException) -> None:
    item = world.insert(world.add_trigger("hook"))
    for position in range(1, 100):
        sent, fault = len(world.sent), Fault(position, error)
        world.before_call, world.after_call = (fault, None) if before else (None, fault)
        deliver_one(world, position)
        world.before_call = world.after_call = None
        rows = world.deliveries(item)
        assert len(rows) == position and {row["st"] for row in rows} == {"delivered"}, position
        assert len(set(ids_of(world.sent[sent:]))) == 1
        if fault.left > 0:
            break
    assert position > 8


def test_every_message_twice_is_one_delivery(world: World) -> None:
    item = world.insert(world.add_trigger("hook"))
    for number in range(5):
        world.notify({"n": number})
    for name in ("subscriptions_fan_out", "subscriptions_deliver"):
        world.step(name, repeat=True)
        world.advance(61)
        world.pump(name)
    assert len(world.deliveries(item)) == len(set(ids_of(world.sent))) == len(world.sent) == 5


def test_a_message_given_up_ends_its_delivery_and_is_kept(world: World) -> None:
    item = world.insert(world.add_trigger("hook"))
    world.answer(500)
    world.notify()
    world.pump()
    (row,) = world.deliveries(item)
    body: dict[str, Any] = {"w": "w1", "s": item.id, "at": int(row["sk"][:13]), "m": row["sk"].split("#")[1], "n": 1}
    queue.send("dead_letters", body)
    queue.send("dead_letters", {"nonsense": True})
    world.step("dead_letters")
    (row,) = world.deliveries(item)
    assert (row["st"], row["err"].split(":")[0]) == ("failed", "poison")
    (dead,) = WORK.query_all("w1#DEAD")
    assert dead["doc"]["message"] == body
    world.advance(10)
    world.pump()
    assert len(world.sent) == 1


@pytest.mark.parametrize(
    ("name", "malformed"),
    [
        ("subscriptions_fan_out", {"ev": "x"}),
        ("subscriptions_fan_out", {"w": 1, "ev": "x"}),
        ("subscriptions_fan_out", {"w": "w1", "s": "s", "replay": 5}),
        ("subscriptions_deliver", {"w": "w1", "ev": "x"}),
        ("subscriptions_deliver", {"w": "w1", "ev": "x", "s": "s", "i": "now"}),
        ("subscriptions_retry", {"w": "w1", "s": "s", "at": "1", "m": "m"}),
        ("subscriptions_retry", {"w": "w1", "s": "s", "ended": "yes"}),
        ("subscriptions_retry", {}),
        ("subscriptions_poll", {"w": "w1"}),
    ],
)
def test_a_malformed_message_fails_alone_and_is_buried(world: World, name: str, malformed: dict[str, Any]) -> None:
    item = world.insert(world.add_trigger("hook"))
    world.answer(500)
    queue.send(name, malformed)
    world.notify()
    world.pump()
    world.bring_due(item)
    assert len(world.sent) == 2, "its neighbours went on"
    for _ in range(9):
        world.advance(301)
        world.pump()
    rows = WORK.query_all("w1#DEAD") + WORK.query_all("-#DEAD")
    assert [row["doc"]["message"] for row in rows] == [malformed]


def test_a_poisonous_delivery_takes_no_neighbour_along(world: World) -> None:
    trigger = world.add_trigger("hook")

    def logic(variables: Any, **_: Any) -> Any:
        if variables.get("bug"):
            raise RuntimeError("a bug of ours")
        return 1

    world.hook(trigger, "trigger", logic)
    bad, good = world.insert(trigger, 1, variables={"bug": True}), world.insert(trigger, 2)
    world.notify()
    world.pump()
    assert world.deliveries(good)[0]["st"] == "delivered" and len(world.sent) == 1
    for _ in range(9):
        world.advance(301)
        world.pump()
    assert world.deliveries(bad)[0]["err"].startswith("poison")

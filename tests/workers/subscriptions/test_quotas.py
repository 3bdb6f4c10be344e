"""A workspace whose scripts have used up their day: nothing is lost, nothing fails, no schedule of tries is used up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.adapters import queue
from chalicelib.adapters.javascript import Outcome, quota
from chalicelib.connectors import public as connectors
from chalicelib.connectors.public import HookRun
from chalicelib.core import cache, clock, figures
from chalicelib.storage.tables import DELIVERY, WORK
from chalicelib.subscriptions import endings, models, queues
from tests.quotas import DAY_MS, to_midnight_s, use_up
from tests.workers.subscriptions.test_renewals import ThirdParty
from tests.workers.subscriptions.world import W, World, bodies, ids_of

HOUR_S = 3_600


@pytest.fixture(autouse=True)
def _noon(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let it be noon; hooks ask for the quota as scripts do."""
    world.advance((DAY_MS - clock.now_ms() % DAY_MS) / 1000 + 12 * HOUR_S)

    def run_hook(run: HookRun) -> Outcome:
        quota.check(run.workspace_id)
        return world.run_hook(run)

    monkeypatch.setattr(connectors, "run_hook", run_hook)


def at_midnight(world: World) -> None:
    world.advance(to_midnight_s() + 1)
    cache.forget_all()


def an_hour_on(world: World) -> None:
    """Let an hour pass in which nothing else works, then the schedule and the queues."""
    world.advance(HOUR_S)
    for _ in range(2):
        world.tick()
    world.pump()


def subscribe(world: World, hook: Callable[..., Any] = lambda **given: given["notification"]["body"]) -> Any:
    trigger = world.add_trigger("hook")
    world.hook(trigger, "trigger", hook)
    return world.insert(trigger)


def test_a_delivery_is_put_off_hour_by_hour_and_made_after_midnight_with_its_first_attempt(world: World) -> None:
    item = subscribe(world)
    world.notify({"n": 1})
    world.pump(queues.FAN_OUT)
    use_up(W)
    world.pump()
    for _ in range(11):  # more often than there are attempts
        (row,) = world.deliveries(item)
        assert (row["st"], row["a"], world.sent) == ("pending", 0, [])
        assert "36000 s" in row["err"]
        an_hour_on(world)
    world.answer(503)
    at_midnight(world)
    world.bring_due(item)
    (row,) = world.deliveries(item)
    assert (row["st"], row["a"], len(world.sent)) == ("pending", 1, 1)
    world.answer(204)
    world.bring_due(item)
    (row,) = world.deliveries(item)
    assert (row["st"], row["a"]) == ("delivered", 2)
    assert len(set(ids_of(world.sent))) == 1
    assert world.find(item).health.fails == 0


def test_the_schedule_brings_what_was_put_off(world: World) -> None:
    item = subscribe(world)
    world.notify({"n": 1})
    world.pump(queues.FAN_OUT)
    world.advance(11 * HOUR_S)
    use_up(W)
    world.pump()
    an_hour_on(world)
    cache.forget_all()
    world.tick()
    world.pump()
    assert [row["st"] for row in world.deliveries(item)] == ["delivered"]


def test_an_event_whose_route_may_not_run_stays_in_its_queue_and_uses_no_receive(world: World) -> None:
    item = subscribe(world)
    world.hook(world.event, "route", lambda **_: "hook")
    use_up(W)
    world.notify({"n": 1}, delivery="d-1")
    for _ in range(48):  # quarters of an hour: more often than a message is received
        assert world.pump(queues.FAN_OUT) <= 1
        world.advance(900)
    at_midnight(world)
    world.advance(900)
    world.pump()
    assert [row["st"] for row in world.deliveries(item)] == ["delivered"]
    assert len(world.sent) == 1
    assert WORK.query_all(models.dead_partition(W)) == []


def test_a_repeat_that_is_put_off_is_known_for_one(world: World) -> None:
    subscribe(world)
    world.hook(world.event, "route", lambda **_: "hook")
    world.notify({"n": 1}, delivery="d-1")
    world.step(queues.FAN_OUT, repeat=True)  # a worker that fell after its work
    world.pump(queues.DELIVER)
    use_up(W)
    world.advance(HOUR_S)
    world.step(queues.FAN_OUT)
    at_midnight(world)
    world.advance(900)
    world.pump()
    assert len(world.sent) == 1


def test_a_poll_waits_without_counting_a_failure_and_says_why(world: World) -> None:
    records: list[Any] = [{"id": 1}]
    trigger = world.add_trigger("changed", config={"pollSeconds": 60})
    world.hook(trigger, "poll", lambda **_: {"records": records, "cursor": 1, "emit": True})
    name = world.subscribe(trigger)["id"]
    use_up(W)
    world.pump()
    row = WORK.get(models.poll_key(W, name)) or {}
    assert (row.get("errors", 0), world.runs["changed", "poll"]) == (0, 0)
    assert "36000 s" in row["err"]
    assert row["due"] - clock.now_ms() == pytest.approx(HOUR_S * 1000, abs=5_000)
    at_midnight(world)
    queue.send(queues.POLL, {"w": W, "s": name})
    world.pump()
    assert [one["data"]["record"] if "record" in one["data"] else one["data"] for one in bodies(world.sent)] == records
    assert "err" not in (WORK.get(models.poll_key(W, name)) or {})


def test_a_webhook_is_renewed_when_its_script_may_run_again(world: World) -> None:
    other = ThirdParty(life_s=2 * 86_400)
    trigger = world.add_trigger("hook")
    world.hook(trigger, "create", other.create)
    name = world.subscribe(trigger)["id"]
    world.advance(86_400 * 1.5)
    use_up(W)
    for _ in range(3):
        queue.send(queues.RETRY, models.renewal_message(W, name))
        world.pump()
        world.advance(HOUR_S + 1)
    renewal = world.find(name).renewal
    assert renewal is not None
    assert (renewal.errors, other.number) == (0, 1)
    at_midnight(world)
    queue.send(queues.RETRY, models.renewal_message(W, name))
    world.pump()
    assert (other.number, world.find(name).state) == (2, "active")


def test_a_delete_hook_runs_after_midnight_and_is_asked_about_once_an_hour(world: World) -> None:
    other = ThirdParty()
    trigger = world.add_trigger("hook")
    world.hook(trigger, "create", other.create)
    world.hook(trigger, "delete", other.delete)
    item = world.find(world.subscribe(trigger)["id"])
    use_up(W)
    endings.end(item)
    world.pump()
    for _ in range(8):
        world.advance(900)
        queue.send(queues.RETRY, models.ended_message(W, item.id, item.inserted_at))  # by mistake, or too early
        world.tick()
        world.pump()
    asked = figures.in_day("QuotaExceeded", W, clock.iso_seconds(clock.now_ms())[:10])
    tombstone = models.ended_key(W, item.id, item.inserted_at)
    assert (asked, other.deleted, DELIVERY.get(tombstone) is None) == (3, [], False)
    assert WORK.query_all(models.dead_partition(W)) == []
    at_midnight(world)
    queue.send(queues.RETRY, models.ended_message(W, item.id, item.inserted_at))
    world.pump()
    assert (other.deleted, DELIVERY.get(tombstone)) == ([1], None)


def test_what_a_subscription_made_again_was_sent_outlives_the_end_of_the_one_before(world: World) -> None:
    other = ThirdParty()
    trigger = world.add_trigger("hook")
    world.hook(trigger, "create", other.create)
    world.hook(trigger, "delete", other.delete)
    before = world.find(world.subscribe(trigger)["id"])
    world.advance(10)
    use_up(W)
    endings.end(before)
    world.pump()
    del trigger.logic["create"]
    trigger.save()
    cache.forget_all()
    world.advance(10)
    again = world.subscribe(trigger)["id"]
    world.notify({"n": 1})
    world.pump()
    assert (again, len(world.deliveries(again))) == (before.id, 1)
    at_midnight(world)
    queue.send(queues.RETRY, models.ended_message(W, before.id, before.inserted_at))
    world.pump()
    assert (other.deleted, len(world.deliveries(again))) == ([1], 1)


def test_a_subscription_whose_hook_may_not_run_is_not_made(world: World) -> None:
    other = ThirdParty()
    trigger = world.add_trigger("hook")
    world.hook(trigger, "create", other.create)
    use_up(W)
    with pytest.raises(quota.QuotaExceeded):
        world.subscribe(trigger)
    assert models.user_rows(W, world.user.id) == []

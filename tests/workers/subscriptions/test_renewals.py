"""Webhooks that expire: renewed in time, whatever breaks, and taken down in the end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from chalicelib.adapters import queue
from chalicelib.core import clock
from chalicelib.core.errors import InvalidInput, LogicFailed, NotFound, Unavailable, UpstreamFailed
from chalicelib.durable import leases
from chalicelib.durable.leases import Lease
from chalicelib.storage.tables import DELIVERY
from chalicelib.subscriptions import endings, models, subscriptions
from chalicelib.subscriptions.models import Subscription
from chalicelib.subscriptions.rules.deliveries import SubscriptionState
from tests.deploy import recorder
from tests.workers.subscriptions.world import Crash, World

HOUR_S, DAY_S = 3_600, 86_400


class ThirdParty:
    """Webhooks that hold for `life_s`; each creation is a new one, and says which it stands in for."""

    def __init__(self, life_s: int = 7 * DAY_S) -> None:
        self.life_s = life_s
        self.live: dict[int, int] = {}
        self.replaced: list[Any] = []
        self.deleted: list[int] = []
        self.errors: list[Exception] = []
        self.meanwhile: Any = lambda: None
        self.number = 0

    def create(self, stored: Any, **_: Any) -> Any:
        if self.errors:
            raise self.errors.pop(0)
        self.number += 1
        self.replaced.append(None if stored is None else stored["id"])
        self.live.pop((stored or {}).get("id", 0), None)
        self.live[self.number] = clock.now_ms() + self.life_s * 1000
        made = {"id": self.number, "expiresAt": self.live[self.number]}
        with recorder.aside():
            self.meanwhile()
        return made

    def delete(self, stored: Any, **_: Any) -> None:
        self.deleted.append(stored["id"])
        self.live.pop(stored["id"], None)

    def holds(self) -> bool:
        return any(end > clock.now_ms() for end in self.live.values())


@pytest.fixture
def other() -> ThirdParty:
    return ThirdParty()


@pytest.fixture
def made(world: World, other: ThirdParty) -> Iterator[str]:
    trigger = world.add_trigger("hook")
    world.hook(trigger, "create", other.create)
    world.hook(trigger, "delete", other.delete)
    yield world.subscribe(trigger)["id"]


def pass_time(world: World, seconds: float, step_s: float = HOUR_S) -> None:
    """Let time pass, step by step: each time what is due is brought, as the due index would, and worked on."""
    end_ms = clock.now_ms() + int(seconds * 1000)
    while clock.now_ms() < end_ms:
        world.advance(min(step_s, (end_ms - clock.now_ms()) / 1000 + 0.001))
        bring_due(world)
        world.pump("subscriptions_retry")


def bring_due(world: World) -> None:
    """Send the message of every subscription that is due."""
    for listed in models.user_rows("w1", world.user.id):
        key = Subscription.key("w1", id=listed["sk"])
        row = DELIVERY.get(key) or {}
        if row.get("due", clock.now_ms() + 1) <= clock.now_ms():
            assert row["dueB"] and row["dueK"].endswith("|".join(key))
            queue.send("subscriptions_retry", models.due_message(*key))


def shown(world: World, name: str) -> dict[str, Any]:
    return subscriptions.read(world.call(path={"subscription_id": name}))


def test_a_webhook_is_renewed_before_its_end_for_as_long_as_it_is_wanted(
    world: World, other: ThirdParty, made: str
) -> None:
    for _ in range(20):
        pass_time(world, DAY_S, 6 * HOUR_S)
        assert other.holds()
    assert other.replaced == [None, 1, 2, 3] and shown(world, made)["renewal"]["failuresInRow"] == 0
    endings.delete(world.call(path={"subscription_id": made}))
    world.pump()
    assert other.deleted == [4] and other.live == {}
    pass_time(world, 10 * DAY_S, DAY_S)
    assert other.number == 4


def test_the_schedule_brings_renewals(world: World, other: ThirdParty) -> None:
    other.life_s = HOUR_S
    trigger = world.add_trigger("hook")
    world.hook(trigger, "create", other.create)
    world.subscribe(trigger)
    for _ in range(12):
        world.advance(600)
        world.tick()
        world.pump()
        assert other.holds()
    assert other.number in (3, 4)


def test_one_that_lives_minutes_is_renewed_by_messages_alone(world: World, other: ThirdParty) -> None:
    other.life_s = 600
    trigger = world.add_trigger("hook")
    world.hook(trigger, "create", other.create)
    world.subscribe(trigger)
    for _ in range(40):
        world.advance(60)
        world.pump()
        assert other.holds()
    assert other.number in (5, 6)


def test_without_an_end_nothing_is_renewed(world: World) -> None:
    trigger = world.add_trigger("hook")
    world.hook(trigger, "create", lambda **_: {"id": 1})
    name = world.subscribe(trigger)["id"]
    assert "renewal" not in shown(world, name) and world.find(name).renewal is None
    assert "due" not in (DELIVERY.get(Subscription.key("w1", id=name)) or {})


def test_an_end_that_is_over_is_refused_and_nothing_is_stored(world: World) -> None:
    trigger = world.add_trigger("hook")
    world.hook(trigger, "create", lambda **_: {"expiresAt": "2020-01-01T00:00:00Z"})
    with pytest.raises(InvalidInput):
        world.subscribe(trigger)
    assert subscriptions.list_of_user(world.call()) == []


@pytest.mark.parametrize("error", [UpstreamFailed("down", retryable=True), LogicFailed("refused")])
def test_a_failure_is_shown_and_tried_again(world: World, other: ThirdParty, made: str, error: Exception) -> None:
    other.errors = [error] * 3
    pass_time(world, 6.02 * DAY_S)
    health = shown(world, made)["renewal"]
    assert health["failuresInRow"] in (1, 2, 3) and health["error"] == f"{type(error).__name__}: {error}"
    pass_time(world, 6 * HOUR_S)
    assert other.holds() and other.replaced == [None, 1]
    assert shown(world, made)["renewal"] | {"expiresAt": ""} == {"expiresAt": "", "failuresInRow": 0, "error": None}


def test_our_own_throttling_counts_as_no_failure(world: World, other: ThirdParty, made: str) -> None:
    other.errors = [Unavailable("throttled")]
    pass_time(world, 6.5 * DAY_S)
    assert other.replaced == [None, 1] and shown(world, made)["renewal"]["failuresInRow"] == 0


def test_what_fails_for_days_after_the_end_is_disabled_and_renewed_once_enabled(
    world: World, other: ThirdParty, made: str
) -> None:
    other.errors = [LogicFailed("refused")] * 500
    pass_time(world, 13 * DAY_S, 2 * HOUR_S)
    assert (shown(world, made)["state"], shown(world, made)["disabledReason"]) == ("disabled", "renewal")
    left = len(other.errors)
    pass_time(world, 3 * DAY_S, 6 * HOUR_S)
    assert len(other.errors) == left
    other.errors = []
    subscriptions.enable(world.call(path={"subscription_id": made}))
    world.pump()
    assert other.replaced == [None, 1] and other.holds() and shown(world, made)["renewal"]["failuresInRow"] == 0


def test_one_that_its_receiver_disabled_is_renewed_once_enabled(world: World, other: ThirdParty, made: str) -> None:
    models.switch(world.find(made), SubscriptionState.DISABLED, "gone")
    pass_time(world, 20 * DAY_S, DAY_S)
    assert other.number == 1
    subscriptions.enable(world.call(path={"subscription_id": made}))
    world.pump()
    assert other.replaced == [None, 1] and other.holds()


def test_while_the_service_is_switched_off_it_waits(world: World, other: ThirdParty, made: str) -> None:
    world.service.enabled = False
    world.service.save()
    pass_time(world, 8 * DAY_S, 6 * HOUR_S)
    assert other.number == 1 and shown(world, made)["renewal"]["failuresInRow"] == 0
    world.service.enabled = True
    world.service.save()
    pass_time(world, 2 * HOUR_S)
    assert other.holds() and other.number == 2


def test_killed_at_any_call_it_is_renewed_and_no_webhook_is_forgotten(
    world: World, other: ThirdParty, made: str
) -> None:
    """What the hook made before the kill is given up; the next run knows the one before, and that is taken down."""
    position, is_over = 0, False
    while not is_over:
        position += 1
        left = position

        def kill(_operation: str) -> None:
            nonlocal left
            left -= 1
            if left == 0:
                raise Crash

        last = other.number
        world.advance(6.02 * DAY_S)
        bring_due(world)
        world.before_call = world.after_call = kill
        with suppress(Crash):
            world.pump()
        world.before_call = world.after_call = None
        is_over = left > 0
        pass_time(world, 1_000, 100)
        item = world.find(made)
        assert item.renewal is not None and item.renewal.expires_ms > clock.now_ms() + 5 * DAY_S * 1000
        assert last < other.number <= last + 2, "at most one run too many"
        assert other.replaced[-1] == last and item.renewal.expires_ms == other.live[other.number]
    assert position > 4


def test_of_two_messages_one_renews(world: World, other: ThirdParty, made: str) -> None:
    world.advance(6.02 * DAY_S)
    bring_due(world)
    world.step("subscriptions_retry", repeat=True)
    world.advance(61)
    world.pump()
    assert other.replaced == [None, 1]


def test_deleted_during_its_renewal_the_new_webhook_is_taken_down(world: World, other: ThirdParty, made: str) -> None:
    def end_it() -> None:
        other.meanwhile = lambda: None
        endings.delete(world.call(path={"subscription_id": made}))
        world.pump("subscriptions_retry")  # the clean-up runs at once, and sees the old one

    world.advance(6.02 * DAY_S)
    bring_due(world)
    other.meanwhile = end_it
    world.pump()
    assert other.deleted == [1, 2] and other.live == {}
    assert DELIVERY.query_all(f"w1#SUB#{made}") == []


@pytest.mark.parametrize("is_taken", [False, True])
def test_deleted_and_made_again_during_its_renewal_the_other_keeps_its_own(
    world: World, other: ThirdParty, made: str, is_taken: bool
) -> None:
    """Also when somebody holds the new one as often taken as the old one was: the fences are equal then."""
    fences: list[int] = []

    def again() -> None:
        other.meanwhile = lambda: None
        fences.append((DELIVERY.get(Subscription.key("w1", id=made)) or {})["fence"])
        endings.delete(world.call(path={"subscription_id": made}))
        world.advance(0.01)
        call = world.call(path={"service_id": world.service.id, "trigger_id": "tr-hook"})
        call.body = subscriptions_body()
        assert subscriptions.create_for_trigger(call)["id"] == made
        if is_taken:
            world.advance(6.02 * DAY_S)
            taken = leases.take(DELIVERY, Subscription.key("w1", id=made), clock.now_ms(), 1_000)
            assert isinstance(taken, Lease) and [taken.fence] == fences

    world.advance(6.02 * DAY_S)
    bring_due(world)
    other.meanwhile = again
    world.pump()
    assert sorted(other.deleted) == [2] or sorted(other.deleted) == [1, 2]
    assert list(other.live) == [3]
    assert world.find(made).stored_no == 0


def subscriptions_body() -> Any:
    from chalicelib.subscriptions.schemas import TriggerSubscriptionIn
    from tests.workers.subscriptions.world import URL

    return TriggerSubscriptionIn.read({"url": URL})


def test_deleted_just_after_its_renewal_by_someone_who_read_it_before(
    world: World, other: ThirdParty, made: str
) -> None:
    item = world.find(made)
    pass_time(world, 6.02 * DAY_S, 12 * HOUR_S)
    assert other.number == 2
    endings.end(item)
    with pytest.raises(NotFound):
        endings.end(item)
    world.pump()
    assert other.deleted == [2] and other.live == {}

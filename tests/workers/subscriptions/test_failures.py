"""Receivers that throttle, hang, fail for days or come back; and what is done again on request."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook

from chalicelib.connectors import public as connectors
from chalicelib.core import clock
from chalicelib.core.errors import AddressRefused, Conflict, LogicFailed, NotFound, UpstreamFailed
from chalicelib.storage.expressions import Change
from chalicelib.storage.tables import DELIVERY
from chalicelib.subscriptions import deliveries, logbook, replays, subscriptions
from chalicelib.subscriptions.schemas import DeliveryOut, ReplayIn
from tests.workers.subscriptions.world import URL, World, bodies, ids_of, response


def refuse(error: Exception) -> Any:
    def act(_request: Any) -> Any:
        raise error

    return act


def on(world: World, item: Any, **query: str) -> Any:
    return world.call(path={"subscription_id": item.id}, query=query)


def replay(world: World, item: Any, **body: Any) -> dict[str, Any]:
    call = on(world, item)
    call.body = ReplayIn.read({"from": 0, **body})
    return replays.replay(call)


@pytest.mark.parametrize("wish", ["120", "date"])
def test_retry_after_is_kept(world: World, wish: str) -> None:
    from email.utils import formatdate

    item = world.insert(world.add_trigger("hook"))
    world.answer(503, {"retry-after": formatdate(clock.now_s() + 121, usegmt=True) if wish == "date" else wish})
    world.notify()
    world.pump()
    assert 118_000 < world.deliveries(item)[0]["due"] - clock.now_ms() <= 121_000
    world.answer(200)
    world.advance(115)
    world.pump()
    assert len(world.sent) == 1
    world.advance(10)
    world.pump()
    assert len(world.sent) == 2


def test_an_aborted_message_ends(world: World) -> None:
    item = world.insert(world.add_trigger("hook"))
    world.answer(422, {"webhook-delivery": "abort-message"})
    world.notify()
    world.pump()
    assert world.deliveries(item)[0]["st"] == "failed"
    assert world.find(item).state == "active"


@pytest.mark.parametrize("error", [AddressRefused("forbidden"), UpstreamFailed("reset", retryable=True)])
def test_a_receiver_that_is_not_reached_is_tried_again(world: World, error: Exception) -> None:
    item = world.insert(world.add_trigger("hook"))
    world.answers[URL] = refuse(error)
    world.notify()
    world.pump()
    assert world.deliveries(item)[0]["st"] == "pending"
    assert world.find(item).health.fails == 1


def test_a_failing_logic_ends_its_delivery_without_a_post(world: World) -> None:
    trigger = world.add_trigger("hook")
    item = world.insert(trigger)
    world.hook(trigger, "trigger", lambda **_: (_ for _ in ()).throw(LogicFailed("boom")))
    world.notify()
    world.pump()
    (row,) = world.deliveries(item)
    assert (row["st"], row["err"], world.sent) == ("failed", "LogicFailed: boom", [])
    assert world.find(item).health.fails == 0


def test_a_passing_fault_of_the_logic_is_tried_again(world: World) -> None:
    trigger = world.add_trigger("hook")
    item = world.insert(trigger)
    answers = iter([UpstreamFailed("busy", retryable=True)])

    def logic(notification: Any, **_: Any) -> Any:
        for error in answers:
            raise error
        return notification["body"]

    world.hook(trigger, "trigger", logic)
    world.notify({"a": 1})
    world.pump()
    assert world.deliveries(item)[0]["st"] == "pending"
    world.bring_due(item)
    assert bodies(world.sent)[0]["data"] == {"a": 1}


def test_the_breaker_opens_holds_back_probes_and_closes(world: World) -> None:
    item = world.insert(world.add_trigger("hook"))
    world.answer(500)
    for _ in range(10):
        world.notify()
    world.pump()
    assert len(world.sent) == 10
    health = world.find(item).health
    assert (health.fails, health.opens) == (10, 1)
    world.notify()
    world.advance(8)
    world.pump()
    assert len(world.sent) == 10  # neither the new one nor the retries, and none of them used up a try
    rows = world.deliveries(item)
    assert sorted(row["a"] for row in rows) == [0] + [1] * 10
    world.advance(61)
    world.pump()
    assert len(world.sent) == 11  # one probe
    assert world.find(item).health.opens == 2
    world.answer(200)
    for _ in range(4):
        world.advance(150)
        world.pump()
    assert {row["st"] for row in world.deliveries(item)} == {"delivered"}
    assert world.find(item).health.fails == 0
    assert len(set(ids_of(world.sent))) == 11


def test_five_days_of_failure_disable_and_its_owner_may_enable(world: World) -> None:
    item = world.insert(world.add_trigger("hook"))
    world.answer(500)
    for _ in range(3):
        world.notify()
    world.pump()
    for _ in range(5):
        world.advance(86_400)
        world.notify()
        world.pump()
    found = world.find(item)
    assert (found.state, found.reason) == ("disabled", "failing")
    for row in world.deliveries(item):
        if row["st"] == "pending":
            world.bring_due(item)
    assert {row["st"] for row in world.deliveries(item)} == {"dropped"}
    with pytest.raises(Conflict):
        replay(world, item)
    assert subscriptions.enable(on(world, item)).state == "active"
    world.answer(200)
    world.notify()
    world.pump()
    assert world.deliveries(item)[-1]["st"] == "delivered"
    assert replay(world, item, states=["failed", "dropped"])["queued"] == len(world.deliveries(item)) - 1
    world.pump()
    assert {row["st"] for row in world.deliveries(item)} == {"delivered"}


def test_a_success_clears_the_clock(world: World) -> None:
    item = world.insert(world.add_trigger("hook"))
    world.answer(500)
    for _ in range(3):
        world.notify()
    world.pump()
    assert world.find(item).health.failing_since_ms
    world.answer(200)
    world.bring_due(item)
    assert world.find(item).health.failing_since_ms == 0
    world.advance(6 * 86_400)
    world.answer(500)
    world.notify()
    world.pump()
    assert world.find(item).state == "active"


def test_a_rotated_secret_signs_along_for_a_day(world: World) -> None:
    made = world.subscribe(world.add_trigger("hook"))
    item = world.find(made["id"])
    new = subscriptions.rotate_secret(on(world, item))["secret"]
    assert new != made["secret"] and subscriptions.read_secret(on(world, item)) == {"secret": new}
    world.notify()
    world.pump()
    for secret in (made["secret"], new):
        Webhook(secret).verify(world.sent[-1].body, dict(world.sent[-1].headers))
    world.advance(86_401)
    world.notify()
    world.pump()
    assert len(world.sent[0].headers["webhook-signature"].split()) == 2
    assert len(world.sent[-1].headers["webhook-signature"].split()) == 1


def test_what_failed_is_delivered_again_with_the_same_id_and_bytes(world: World) -> None:
    item = world.insert(world.add_trigger("hook"))
    world.answer(422, {"webhook-delivery": "abort-message"})
    for number in range(3):
        world.notify({"n": number})
        world.advance(1)
    world.pump()
    world.answer(200)
    first, second, third = (int(row["sk"][:13]) for row in world.deliveries(item))
    before = {request.headers["webhook-id"]: request.body for request in world.sent}
    assert replay(world, item, to=third - 1) == {"queued": 2, "hasMore": False}
    world.pump()
    assert [row["st"] for row in world.deliveries(item)] == ["delivered", "delivered", "failed"]
    again = {request.headers["webhook-id"]: request.body for request in world.sent[3:]}
    assert len(again) == 2 and again.items() < before.items()
    assert replay(world, item, **{"from": second}, to=second, states=["delivered"])["queued"] == 1
    assert first < second
    world.pump()
    assert before[world.sent[-1].headers["webhook-id"]] == world.sent[-1].body  # made again from the event


def test_the_log_shows_the_newest_first_page_by_page(world: World) -> None:
    from chalicelib.core import paging

    paging.use(lambda: b"secret")
    item = world.insert(world.add_trigger("hook"))
    world.answer(500)
    for _ in range(5):
        world.notify()
        world.advance(0.01)
    world.pump()
    call = on(world, item, limit="2")
    shown = [DeliveryOut.of(one) for one in logbook.list_deliveries(call)]
    assert len(shown) == 2 and shown[0]["at"] >= shown[1]["at"]
    assert (shown[0]["state"], shown[0]["attempts"], shown[0]["statusCode"]) == ("pending", 1, 500)
    assert shown[0]["nextAttemptAt"] and shown[0]["occurrenceId"] and shown[0]["error"]
    seen = [one["id"] for one in shown]
    while "X-Next-Cursor" in call.answer_headers:
        call = on(world, item, limit="2", cursor=call.answer_headers["X-Next-Cursor"])
        seen += [one.id for one in logbook.list_deliveries(call)]
    assert len(set(seen)) == len(seen) == 5


def test_a_switched_off_service_pauses_its_deliveries(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    item = world.insert(world.add_trigger("hook"))
    world.notify()
    world.pump("subscriptions_fan_out")
    service = world.service.get("w1", id="svc-1")
    service.enabled = False
    service.save()
    connectors.definitions.forget()
    world.pump()
    assert world.deliveries(item)[0]["st"] == "pending" and not world.sent
    with pytest.raises(NotFound):
        world.service.enabled = False
        world.notify()
    service.enabled = True
    service.save()
    connectors.definitions.forget()
    world.advance(901)
    world.pump()
    assert world.deliveries(item)[0]["st"] == "delivered"


# --- receivers that hang --------------------------------------------------------------------------------------


def test_a_hanging_receiver_does_not_hold_up_its_batch(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deliveries, "PATIENCE_S", 0.2)
    trigger = world.add_trigger("hook")
    slow, quick = world.insert(trigger, 1, url="https://slow.example/"), world.insert(trigger, 2)
    gate = threading.Event()

    def hang(_request: Any) -> Any:
        assert gate.wait(10)
        return response(200)

    world.answers["https://slow.example/"] = hang
    world.notify()
    world.step("subscriptions_fan_out")
    world.step("subscriptions_deliver")
    assert world.deliveries(quick)[0]["st"] == "delivered"
    assert world.deliveries(slow) == []
    gate.set()
    wait_until(lambda: all(deliveries._late.values()))
    world.advance(40)
    world.pump()  # its message comes back and finds everything settled
    assert world.deliveries(slow)[0]["st"] == "delivered"
    assert len(world.sent) == 2


def test_a_hanging_failure_is_recorded_and_tried_again_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deliveries, "PATIENCE_S", 0.05)
    item = world.insert(world.add_trigger("hook"))
    gate = threading.Event()
    world.answers[URL] = lambda _request: response(500 if gate.wait(10) else 200)
    world.notify()
    world.step("subscriptions_fan_out")
    world.step("subscriptions_deliver")
    gate.set()
    wait_until(lambda: all(deliveries._late.values()))
    world.answer(200)
    world.advance(40)
    world.pump()
    assert (world.deliveries(item)[0]["st"], len(world.sent)) == ("delivered", 2)


def test_a_clogged_endpoint_stands_back(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from chalicelib.subscriptions import endpoints

    item = world.insert(world.add_trigger("hook"))
    monkeypatch.setattr(endpoints._Door, "hanging", lambda _door: 3)
    monkeypatch.setattr(endpoints, "MAX_AT_ONCE", 0)
    world.notify()
    world.step("subscriptions_fan_out")
    world.step("subscriptions_deliver")
    assert world.deliveries(item) == []
    world.step("subscriptions_retry")
    (row,) = world.deliveries(item)
    assert (row["st"], row["a"], world.sent) == ("pending", 0, [])
    monkeypatch.undo()


def wait_until(holds: Any) -> None:
    import time

    for _ in range(500):
        if holds():
            return
        time.sleep(0.01)
    raise AssertionError("it did not come to that")


def test_health_is_counted_through_conflicts(world: World) -> None:
    item = world.insert(world.add_trigger("hook"))
    world.answer(500)
    world.notify()
    world.pump()
    DELIVERY.update(item.own_key(), Change(put={"health": {"fails": 7}, "hv": 99}))
    world.notify()
    world.pump()
    assert world.find(item).health.fails == 8


def test_a_long_replay_goes_on_by_queue_and_a_repeat_of_its_page_is_harmless(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replays, "PAGE", 2)
    item = world.insert(world.add_trigger("hook"))
    world.answer(422, {"webhook-delivery": "abort-message"})
    for _ in range(7):
        world.notify()
        world.advance(0.01)
    world.pump()
    world.answer(200)
    assert replay(world, item) == {"queued": 2, "hasMore": True}
    world.step("subscriptions_fan_out", repeat=True)
    world.pump()
    world.advance(61)
    world.pump()
    assert {row["st"] for row in world.deliveries(item)} == {"delivered"}
    assert len(world.sent) == 14


def test_in_lambda_a_batch_waits_for_its_attempts(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "deliver")
    monkeypatch.setattr(deliveries, "PATIENCE_S", 0.01)
    item = world.insert(world.add_trigger("hook"))
    gate = threading.Event()
    threading.Timer(0.2, gate.set).start()
    world.answers[URL] = lambda _request: response(200 if gate.wait(10) else 500)
    world.notify()
    world.step("subscriptions_fan_out")
    world.step("subscriptions_deliver")
    assert world.deliveries(item)[0]["st"] == "delivered"


def test_a_failed_attempt_costs_two_writes_and_one_send(world: World) -> None:
    world.insert(world.add_trigger("hook"))
    world.notify()
    world.pump()
    world.answer(500)
    world.notify()
    world.step("subscriptions_fan_out")
    messages = world.receive("subscriptions_deliver")
    calls = world.count_calls()
    world.handle("subscriptions_deliver", messages)
    # the delivery, and the health of its endpoint
    assert calls == {"UpdateItem": 2, "SendMessageBatch": 1, "sums": 1}
    world.advance(6)
    messages = world.receive("subscriptions_retry")
    calls = world.count_calls()
    world.handle("subscriptions_retry", messages)
    for definition in ("GetItem", "Query"):  # kept for 5 s, which are over
        del calls[definition]
    assert calls == {"BatchGetItem": 2, "UpdateItem": 2, "SendMessageBatch": 1, "sums": 1}


def test_a_repeated_page_of_a_replay_leaves_alone_what_failed_anew(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replays, "PAGE", 2)
    item = world.insert(world.add_trigger("hook"))
    world.answer(422, {"webhook-delivery": "abort-message"})
    for _ in range(4):
        world.notify()
        world.advance(0.01)
    world.pump()
    replay(world, item)
    world.step("subscriptions_fan_out", repeat=True)
    world.advance(1)
    world.pump("subscriptions_retry")
    world.advance(61)
    world.pump()
    assert len(world.sent) == 8


def test_a_replay_leaves_alone_what_another_wrote_meanwhile(world: World) -> None:
    item = world.insert(world.add_trigger("hook"))
    world.answer(422, {"webhook-delivery": "abort-message"})
    world.notify()
    world.pump()
    (row,) = world.deliveries(item)

    def meanwhile(operation: str) -> None:
        if operation == "UpdateItem":
            world.before_call = None
            DELIVERY.put({**row, "n": row["n"] + 1, "st": "delivered"})

    world.before_call = meanwhile
    with world.inside():
        assert replay(world, item) == {"queued": 0, "hasMore": False}
    assert [one["st"] for one in world.deliveries(item)] == ["delivered"]

"""From a notification to a signed POST, and what follows when it fails."""

from __future__ import annotations

import json

import pytest
from standardwebhooks.webhooks import Webhook

from chalicelib.core import clock
from chalicelib.core.errors import Conflict
from chalicelib.subscriptions import models, queues
from tests.workers.subscriptions.world import World, bodies, ids_of


def test_a_notification_reaches_its_subscriber_signed(world: World) -> None:
    trigger = world.add_trigger("hook")
    made = world.subscribe(trigger)
    answer = world.notify({"order": 7})
    assert (answer.status, answer.body) == (200, "")
    world.pump()
    (request,) = world.sent
    sent = Webhook(made["secret"]).verify(request.body, dict(request.headers))
    assert sent["data"] == {"order": 7}
    assert (sent["type"], sent["userId"], sent["subscriptionId"]) == ("shop.hook", "ann@example.com", made["id"])
    assert sent["id"] == request.headers["webhook-id"]
    (row,) = world.deliveries(made["id"])
    assert (row["st"], row["a"], row["code"]) == ("delivered", 1, 204)


def test_the_trigger_shapes_what_is_sent_and_may_refuse(world: World) -> None:
    trigger = world.add_trigger("hook")
    world.hook(
        trigger, "trigger", lambda notification, variables, match, **_: variables.get("want") and notification["body"]
    )
    world.insert(trigger, 1, variables={"want": False})
    world.insert(trigger, 2, variables={"want": True})
    world.notify({"a": 1})
    world.pump()
    assert [(one["subscriptionId"], one["data"]) for one in bodies(world.sent)] == [("sub-00002", {"a": 1})]
    assert world.deliveries("sub-00001") == []


def test_accepting_costs_one_write_and_one_send_and_a_delivery_one_write(world: World) -> None:
    world.insert(world.add_trigger("hook"))
    world.notify(), world.pump()
    calls = world.count_calls()
    world.notify()
    assert calls == {"PutItem": 1, "SendMessage": 1}
    calls = world.count_calls()
    world.handle("subscriptions_fan_out", world.receive("subscriptions_fan_out"))
    assert {name: n for name, n in calls.items() if "Queue" not in name and "Receive" not in name} == {
        "BatchGetItem": 1,
        "Query": 1,
        "SendMessageBatch": 1,
    }
    messages = world.receive("subscriptions_deliver")
    calls = world.count_calls()
    world.handle("subscriptions_deliver", messages)
    assert calls == {"BatchWriteItem": 1, "sums": 1}


def test_the_same_delivery_id_is_one_message_and_another_body_is_refused(world: World) -> None:
    world.insert(world.add_trigger("hook"))
    for _ in range(4):
        world.notify({"a": 1}, delivery="d-1")
    with pytest.raises(Conflict):
        world.notify({"a": 2}, delivery="d-1")
    world.pump()
    assert len(world.sent) == 1
    world.notify({"a": 1}, delivery="d-1")
    world.pump()
    assert len(world.sent) == 1


def test_a_failure_is_tried_again_with_the_same_bytes_and_id(world: World) -> None:
    world.insert(world.add_trigger("hook"))
    world.answer(500)
    world.notify({"a": 1})
    world.pump()
    (row,) = world.deliveries("sub-00000")
    assert (row["st"], row["a"], row["code"]) == ("pending", 1, 500)
    world.answer(200)
    world.pump()
    assert len(world.sent) == 1
    world.advance(6)
    world.pump()
    assert len(world.sent) == 2
    assert len(set(ids_of(world.sent))) == len({request.body for request in world.sent}) == 1
    (row,) = world.deliveries("sub-00000")
    assert (row["st"], row["a"]) == ("delivered", 2)
    assert "due" not in row and "body" not in row


def test_the_schedule_ends_in_failed(world: World) -> None:
    item = world.insert(world.add_trigger("hook"))
    world.answer(500)
    world.notify()
    world.pump()
    while world.deliveries(item)[0]["st"] == "pending":
        world.bring_due(item)
    (row,) = world.deliveries(item)
    assert (row["st"], row["a"]) == ("failed", 10)
    assert len(world.sent) == 10
    assert "due" not in row and "dueB" not in row


def test_long_waits_lie_in_the_due_index_and_short_ones_do_not(world: World) -> None:
    item = world.insert(world.add_trigger("hook"))
    world.answer(503, {"retry-after": "1800"})
    world.notify()
    world.pump()
    (row,) = world.deliveries(item)
    assert "dueB" in row and row["due"] - clock.now_ms() > 1_790_000
    world.answer(500)
    world.advance(1_700)
    world.tick()
    world.advance(101)
    world.pump()
    (row,) = world.deliveries(item)
    assert (row["a"], "dueB" in row) == (2, False)


def test_gone_disables_at_once(world: World) -> None:
    item = world.insert(world.add_trigger("hook"))
    world.answer(410)
    world.notify()
    world.pump()
    found = world.find(item)
    assert (found.state, found.reason) == ("disabled", "gone")
    assert world.deliveries(item)[0]["st"] == "failed"
    world.notify()
    world.pump()
    assert len(world.sent) == 1


def test_only_the_message_of_the_latest_write_makes_an_attempt(world: World) -> None:
    made = world.subscribe(world.add_trigger("hook"))
    world.answer(500)
    world.notify()
    world.pump()
    (row,) = world.deliveries(made["id"])
    world.advance(3600)

    def bring(fence: int) -> None:
        body = {**models.due_message(row["pk"], row["sk"]), "n": fence, "i": row["i"]}
        message = {"MessageId": "m", "ReceiptHandle": "r", "Body": json.dumps(body)}
        world.handle(queues.RETRY, [{**message, "Attributes": {"ApproximateReceiveCount": "1"}}])

    bring(row["n"] - 1)
    assert len(world.sent) == 1
    bring(row["n"])
    assert len(world.sent) == 2

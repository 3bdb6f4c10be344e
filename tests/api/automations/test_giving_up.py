"""What a queue gave up: the execution it was about ends as failed, once, and none is left behind."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.adapters import queue
from chalicelib.automations import engine, models, queues, starts, tasks, turns, workers
from chalicelib.automations.occurrences import bury
from chalicelib.core import clock
from chalicelib.core.errors import Unavailable
from chalicelib.durable import steps
from chalicelib.durable.leases import Lease
from chalicelib.storage.tables import WORK
from chalicelib.subscriptions import queues as subscription_queues
from chalicelib.subscriptions import workers as subscription_workers
from tests.automations import begin, look, make, pump
from tests.builders import USER, make_event, make_service, make_trigger
from tests.client import Client
from tests.conftest import Clock
from tests.queues import bodies, drain

OF_USER = f"?userId={USER}"
STEPS = [{"id": "end", "type": "return", "value": "${input}"}]
REASON = "given up"


def started_message(owner: Client, logic: str = "return notification.body") -> tuple[str, dict[str, Any]]:
    """Make an enabled automation and one notification for it; give its id and the message that starts it."""
    service = make_service(owner, name="shop")
    make_event(owner, service, "return 'sold'", name="order")
    make_trigger(owner, service, logic, name="sold")
    automation, _ = make(owner, STEPS, trigger={"service": "shop", "trigger": "sold"})
    owner.post(f"/v1/automation/{automation}/enable{OF_USER}", {}).ok()
    hook = owner.get(f"/v1/service/{service}/webhookSetting{OF_USER}").ok()["url"]
    owner.post("/v1" + hook.split("/v1", 1)[1], {"n": 1}).ok()
    drain(subscription_queues.FAN_OUT, subscription_workers.fan_out)
    (body,) = bodies(queues.START)
    return automation, body


def listed(owner: Client, automation: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = owner.get(f"/v1/automation/{automation}/execution{OF_USER}").ok()
    return found


def test_a_start_given_up_is_shown_once_however_often_it_is_buried(owner: Client, still: Clock) -> None:
    automation, body = started_message(owner)
    bury(body, REASON)
    still.advance_s(90)
    bury(body, REASON)
    (shown,) = listed(owner, automation)
    assert (shown["state"], shown["error"]["type"]) == ("failed", "Poison")


def test_a_start_whose_execution_had_begun_ends_that_one(
    owner: Client, still: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    automation, body = started_message(owner)

    class Fallen(BaseException):
        pass

    def fall(*_: Any) -> Any:
        raise Fallen

    with monkeypatch.context() as patch:
        patch.setattr(engine, "run", fall)
        queue.send(queues.START, body)
        with pytest.raises(Fallen):
            drain(queues.START, workers.start)
    still.advance_s(120)
    bury(body, REASON)
    (shown,) = listed(owner, automation)
    assert (shown["state"], shown["error"]["type"]) == ("failed", "Poison")


def test_an_occurrence_that_its_logic_refuses_is_shown_once_however_often_it_comes(owner: Client, still: Clock) -> None:
    automation, body = started_message(owner, "throw new Error('no')")
    for _ in range(2):
        queue.send(queues.START, body)
        pump()
        still.advance_s(90)
    (shown,) = listed(owner, automation)
    assert (shown["state"], shown["error"]["step"]) == ("failed", "trigger")


def test_what_somebody_still_holds_is_buried_later(owner: Client, still: Clock) -> None:
    execution = begin(owner, make(owner, STEPS))
    key = models.execution_key(owner.key, execution)
    assert isinstance(steps.take(WORK, key, clock.now_ms(), 20_000), Lease)
    with pytest.raises(Unavailable):
        bury({"w": owner.key, "x": execution}, REASON)
    still.advance_s(30)
    bury({"w": owner.key, "x": execution}, REASON)
    assert look(owner, execution)["state"] == "failed"


def test_the_end_of_a_child_is_heard_although_its_message_was_given_up(owner: Client, still: Clock) -> None:
    child, version = make(owner, [{"id": "w", "type": "wait", "seconds": 60}])
    parent = begin(owner, make(owner, [{"id": "c", "type": "automation", "automationId": child, "version": version}]))
    pump()
    (begun,) = listed(owner, child)
    still.advance_s(61)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(queue, "send_many", lambda *_: None)  # so the message to the parent is never seen
        engine.advance(owner.key, begun["id"], clock.now_ms() + 20_000)
    assert look(owner, parent)["state"] == "waiting"
    bury({"w": owner.key, "x": parent, "c": begun["id"]}, REASON)
    pump()
    assert look(owner, parent)["state"] == "done"


def test_an_execution_that_was_stored_but_whose_message_was_never_sent_begins_when_it_is_looked_at(
    owner: Client, still: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    automation, version = make(owner, STEPS)

    class Fallen(BaseException):
        pass

    def fall(*_: Any) -> Any:
        raise Fallen

    with monkeypatch.context() as patch:
        patch.setattr(starts, "send", fall)
        with pytest.raises(Fallen):  # so nobody was told of it
            owner.post(f"/v1/automation/{automation}/version/{version}/execute?async=true", {"input": {}})
    (shown,) = listed(owner, automation)
    pump()
    assert look(owner, shown["id"])["state"] == "queued"
    still.advance_s(600)
    look(owner, shown["id"])
    pump()
    assert look(owner, shown["id"])["state"] == "done"


def test_scripts_that_take_longer_than_a_turn_together_are_kept_from_turn_to_turn(
    owner: Client, still: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """None of them calls out, so no write follows them; a turn that is over writes what it came to."""
    attempt, ran = tasks.attempt, []

    def slow(turn: Any, ready: Any) -> Any:
        ran.append(ready[0].address)
        still.advance_s(1)
        return attempt(turn, ready)

    monkeypatch.setattr(tasks, "attempt", slow)
    monkeypatch.setattr(turns, "TURN_MS", 4_000)
    steps = [{"id": f"c{number}", "type": "code", "code": f"return {number}"} for number in range(30)]
    execution = begin(owner, make(owner, steps))
    pump()
    shown = look(owner, execution)
    assert (shown["state"], shown["output"]) == ("done", 29)
    assert len(ran) == 30

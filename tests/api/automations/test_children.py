"""Executions that were started by a worker which then fell, or was too slow: they end with their parent."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.adapters import queue
from chalicelib.automations import engine, queues, starts
from chalicelib.core import clock
from chalicelib.durable.leases import LeaseLost
from tests.automations import begin, look, make, nudge, pump
from tests.builders import USER
from tests.client import Client
from tests.conftest import Clock

OF_USER = f"?userId={USER}"
NEVER = {"id": "w", "type": "waitForEvent", "event": "never"}


class Fallen(BaseException):
    """The process ends here."""


def calling(owner: Client, **more: Any) -> tuple[dict[str, Any], tuple[str, str]]:
    child = make(owner, [NEVER])
    return {"id": "call", "type": "automation", "automationId": child[0], **more}, child


def only_one_of(owner: Client, automation: str) -> str:
    (found,) = owner.get(f"/v1/automation/{automation}/execution{OF_USER}").ok()
    return str(found["id"])


def fall_after_starting(monkeypatch: pytest.MonkeyPatch, owner: Client, execution: str) -> None:
    """Take the execution in a worker that starts another one and falls before it writes that down."""
    start = starts.start_child

    def falls(*given: Any, **more: Any) -> Any:
        start(*given, **more)
        raise Fallen

    with monkeypatch.context() as patch:
        patch.setattr(starts, "start_child", falls)
        with pytest.raises(Fallen):
            engine.advance(owner.key, execution, clock.now_ms() + 20_000)


def test_a_child_whose_starter_fell_is_cancelled_with_its_parent(
    owner: Client, still: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    call, child = calling(owner)
    execution = begin(owner, make(owner, [{"id": "c", "type": "code", "code": "return 1"}, call]))
    fall_after_starting(monkeypatch, owner, execution)
    owner.post(f"/v1/execution/{execution}/cancel{OF_USER}").ok()
    still.advance_s(60)
    pump()
    nudge(owner, execution)
    started = only_one_of(owner, child[0])
    assert [look(owner, one)["state"] for one in (execution, started)] == ["cancelled", "cancelled"]


def test_a_child_whose_starter_fell_is_found_again_when_its_parent_goes_on(
    owner: Client, still: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    call, child = calling(owner)
    execution = begin(owner, make(owner, [call]))
    fall_after_starting(monkeypatch, owner, execution)
    still.advance_s(60)
    pump()
    nudge(owner, execution)
    started = only_one_of(owner, child[0])
    assert [look(owner, one)["state"] for one in (execution, started)] == ["waiting", "waiting"]


def test_a_child_whose_starter_fell_is_heard_although_it_rang_before_anybody_waited_for_it(
    owner: Client, still: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next worker answers that ring when it looks for an event, and only then comes to the child."""
    child = make(owner, [{"id": "c", "type": "code", "code": "return 1"}])
    call = {"id": "call", "type": "automation", "automationId": child[0]}
    execution = begin(owner, make(owner, [{"id": "heard", "type": "waitForEvent", "event": "go"}, call]))
    pump()
    owner.post(f"/v1/execution/{execution}/event{OF_USER}", {"name": "go"}).ok()
    fall_after_starting(monkeypatch, owner, execution)
    pump()
    assert look(owner, only_one_of(owner, child[0]))["state"] == "done"
    still.advance_s(60)
    nudge(owner, execution)
    assert look(owner, execution)["state"] == "done"


def test_a_child_whose_starter_fell_ends_with_the_repetition_it_was_for(
    owner: Client, still: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    call, child = calling(owner)
    wait = {"id": "w", "type": "wait", "seconds": 5}
    each = {"id": "each", "type": "repeat", "count": 1, "timeoutSeconds": 20, "onError": "continue"}
    steps = [{**each, "steps": [wait, call]}, {"id": "more", "type": "waitForEvent", "event": "never"}]
    execution = begin(owner, make(owner, steps))
    engine.advance(owner.key, execution, clock.now_ms() + 20_000)
    still.advance_s(6)
    fall_after_starting(monkeypatch, owner, execution)
    still.advance_s(60)
    pump()
    nudge(owner, execution)
    started = only_one_of(owner, child[0])
    assert [look(owner, one)["state"] for one in (execution, started)] == ["waiting", "cancelled"]


def test_a_child_started_by_a_worker_whose_execution_had_ended_meanwhile_is_cancelled(
    owner: Client, still: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    call, child = calling(owner)
    execution = begin(owner, make(owner, [call]))
    start = starts.start_child

    def slow(*given: Any, **more: Any) -> Any:
        owner.post(f"/v1/execution/{execution}/cancel{OF_USER}").ok()
        still.advance_s(60)
        engine.advance(owner.key, execution, clock.now_ms() + 20_000)
        pump()
        return start(*given, **more)

    with monkeypatch.context() as patch:
        patch.setattr(starts, "start_child", slow)
        with pytest.raises(LeaseLost):
            engine.advance(owner.key, execution, clock.now_ms() + 20_000)
    pump()
    started = only_one_of(owner, child[0])
    assert [look(owner, one)["state"] for one in (execution, started)] == ["cancelled", "cancelled"]


def test_cancelling_what_never_came_to_its_automation_step_starts_nothing(owner: Client) -> None:
    call, child = calling(owner, automationId="${input.name}")
    execution = begin(owner, make(owner, [call]), {"name": "no such automation"})
    owner.post(f"/v1/execution/{execution}/cancel{OF_USER}").ok()
    queue.send(queues.ADVANCE, {"w": owner.key, "x": execution})
    pump()
    assert look(owner, execution)["state"] == "cancelled"
    assert owner.get(f"/v1/automation/{child[0]}/execution{OF_USER}").ok() == []

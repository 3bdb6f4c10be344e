"""Shares, rates and places of a workspace: for all processes together, and nothing accepted is lost to them."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest

from chalicelib.automations import lanes, models, queues, turns
from chalicelib.core import clock, ids
from chalicelib.core.errors import RateLimited
from tests.automations import look, make, pump
from tests.builders import USER, make_event, make_service, make_trigger, number
from tests.client import Client
from tests.conftest import Clock
from tests.queues import bodies

OF_USER = f"?userId={USER}"
END = [{"id": "end", "type": "return", "value": "${input}"}]


class Processes:
    """Several processes in one: each has what it holds for itself, all share the table."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, count: int) -> None:
        self._patch, self._own = monkeypatch, [({}, {}, ids.new_worker_id()) for _ in range(count)]

    def be(self, number: int) -> None:
        for name, value in zip(("_purses", "_held", "_process"), self._own[number], strict=True):
            self._patch.setattr(lanes, name, value)


def accepted(workspace: str) -> bool:
    try:
        lanes.check_rate(workspace)
    except RateLimited as refused:
        assert refused.retry_after_s >= 1
        return False
    return True


def test_the_rate_holds_for_all_processes_together(
    owner: Client, still: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MILLRACE_EXECUTIONS_PER_S", "20")
    processes, count = Processes(monkeypatch, 4), 0
    for second in range(10):
        for turn in range(200):
            processes.be(turn % 4)
            count += accepted(owner.key)
        assert count <= 40 + 20 * second + 4, second  # the bucket, what came in since, and each one's first
        still.advance_s(1)
    assert count >= 40 + 20 * 8


def test_a_block_of_starts_costs_a_fraction_of_a_write_each(
    owner: Client, still: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = []
    put = models.put_limit
    monkeypatch.setattr(models, "put_limit", lambda *args: written.append(args) or put(*args))
    lanes.check_rate(owner.key)
    assert written == []  # who starts something now and then writes nothing
    for _ in range(499):
        still.at_ms += 10
        lanes.check_rate(owner.key)
    assert len(written) < 500 / 20


def test_a_process_is_not_refused_for_the_time_that_passes_while_it_asks(owner: Client, still: Clock) -> None:
    def ticking() -> int:
        still.at_ms += 1
        return still.at_ms

    clock.use(ticking)
    assert [accepted(owner.key) for _ in range(5)] == [True] * 5


def test_places_of_waiting_callers_hold_for_all_processes_and_of_fallen_ones_run_out(
    owner: Client, still: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MILLRACE_EXECUTIONS_AT_ONCE", "4")
    processes = Processes(monkeypatch, 3)
    with contextlib.ExitStack() as stack:
        for process in (0, 0, 1, 1):
            processes.be(process)
            stack.enter_context(lanes.running(owner.key))
        for process in range(3):
            processes.be(process)
            with pytest.raises(RateLimited), lanes.running(owner.key):
                pass
        still.advance_s(31)  # two processes have fallen: nobody gave their places back
        processes.be(2)
        with lanes.running(owner.key):
            pass
        stack.pop_all()


def shop(owner: Client, **more: Any) -> tuple[str, str]:
    """Make an automation that a notification starts; give its id and where to notify."""
    service = make_service(owner, name=f"shop{number()}")
    make_event(owner, service, "return 'order.placed'")
    make_trigger(owner, service, "return {n: notification.body.n}", name="order.placed")
    automation, _ = make(owner, END, trigger={"service": service, "trigger": "order.placed"}, **more)
    owner.post(f"/v1/automation/{automation}/enable{OF_USER}", {}).ok()
    url = owner.get(f"/v1/service/{service}/webhookSetting{OF_USER}").ok()["url"]
    return automation, url[url.index("/v1/hook/") :]


def test_starts_by_a_trigger_above_share_and_rate_come_later_and_none_is_lost(
    owner: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MILLRACE_EXECUTIONS_SHARE_PER_S", "2")
    monkeypatch.setenv("MILLRACE_EXECUTIONS_PER_S", "5")
    automation, hook = shop(owner)
    for count in range(25):
        owner.post(hook, {"n": count}, key=None).ok()
    said: list[float | None] = []
    delay_of = lanes.delay_of
    monkeypatch.setattr(lanes, "delay_of", lambda workspace: said.append(delay_of(workspace)) or said[-1])
    pump()
    assert (said[:4], len(said)) == ([None] * 4, 25)  # its share
    assert said[10:] == [pytest.approx(later / 5, abs=0.01) for later in range(1, 16)]  # 10 at once, then 5 a second
    listed = owner.get(f"/v1/automation/{automation}/execution{OF_USER}&limit=100").ok()
    assert sorted(look(owner, one["id"])["output"]["n"] for one in listed) == list(range(25))


def test_a_workspace_with_many_turns_under_way_goes_on_by_the_backlog(
    owner: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    from chalicelib.automations import workers
    from tests.queues import deliver, receive

    automation, version = make(owner, END)
    path = f"/v1/automation/{automation}/version/{version}/execute"
    for _ in range(3):
        owner.post(path, {}, headers={"prefer": "respond-async"})
    monkeypatch.setattr(lanes, "MOST_TURNS", 2)
    assert lanes.enter(owner.key) is True
    assert deliver(queues.ADVANCE, workers.advance, receive(queues.ADVANCE)) == 0
    assert len(bodies(queues.BACKLOG)) >= 1
    lanes.leave(owner.key)


def test_a_slow_turn_does_not_hold_up_its_batch(owner: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    from chalicelib.edge.worker import Batch, Message

    may_end = threading.Event()
    message = Message("m", {"w": owner.key, "x": "x"}, 1, "r", queues.ADVANCE)
    monkeypatch.setattr(turns, "PATIENCE_S", 0.01)

    def hang(*_: Any) -> None:
        may_end.wait(10)

    turns.take(Batch([message], 2**50), hang)
    assert message.again_s == turns.HIDE_S
    assert lanes.turns() == 1
    may_end.set()

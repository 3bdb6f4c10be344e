"""What the tests of automations share: making them through the API, and letting workers and time go on."""

from __future__ import annotations

from typing import Any

from chalicelib.adapters import queue
from chalicelib.automations import executions, lanes, queues, turns, workers
from chalicelib.core import clock
from chalicelib.subscriptions import queues as subscription_queues
from chalicelib.subscriptions import workers as subscription_workers
from tests.builders import USER, number
from tests.client import Answer, Client
from tests.queues import drain

turns.PATIENCE_S = None  # a slow machine must not change what a test sees
HANDLERS = {
    subscription_queues.FAN_OUT: subscription_workers.fan_out,
    subscription_queues.DELIVER: subscription_workers.deliver,
    subscription_queues.RETRY: subscription_workers.retry,
    subscription_queues.POLL: subscription_workers.poll,
    queues.START: workers.start,
    queues.ADVANCE: workers.advance,
    queues.BACKLOG: workers.advance_backlog,
    queues.EVENT: workers.spread_event,
    queues.SCHEDULE: workers.fire_schedule,
}


def pump() -> None:
    """Let the workers do everything that is to be done now."""
    while sum(drain(name, handler) for name, handler in HANDLERS.items()):
        pass


def tick() -> None:
    """Let a minute's schedule run, and the workers after it."""
    fields = ("version", "account", "region", "detail-type", "source", "time", "id")
    workers.tick(dict.fromkeys(fields, "") | {"detail": {}, "resources": []}, None)
    pump()


def nudge(client: Client, execution: str) -> None:
    """Bring the message that a wait sent with a delay; the emulated queue knows no other clock than ours."""
    queue.send(queues.ADVANCE, {"w": client.key, "x": execution})
    pump()


def make(client: Client, steps: list[Any], *, user: str = USER, **definition: Any) -> tuple[str, str]:
    """Make an automation with a published version; give both ids."""
    body = {"name": f"automation{number()}", "definition": {"steps": steps, **definition}}
    made = client.post(f"/v1/automation/import?userId={user}", body).ok()
    path = f"/v1/automation/{made['id']}/version/{made['versionId']}/publish?userId={user}"
    client.post(path).ok()
    return made["id"], made["versionId"]


def run(client: Client, steps: list[Any], given: Any = None, *, user: str = USER, **definition: Any) -> Answer:
    """Make an automation and execute it now."""
    automation, version = make(client, steps, user=user, **definition)
    return client.post(f"/v1/automation/{automation}/version/{version}/execute", {"input": given or {}})


def begin(client: Client, made: tuple[str, str], given: Any = None) -> str:
    """Start an execution for the workers; give its id."""
    path = f"/v1/automation/{made[0]}/version/{made[1]}/execute"
    answer = client.post(path, {"input": given or {}}, headers={"prefer": "respond-async"})
    assert answer.status == 202, answer
    return str(answer.body["executionId"])


def look(client: Client, execution: str, user: str = USER) -> dict[str, Any]:
    """Read an execution with its timeline."""
    found: dict[str, Any] = client.get(f"/v1/execution/{execution}?userId={user}").ok()
    return found


def step_of(execution: dict[str, Any], address: str) -> dict[str, Any]:
    """Find a step in a timeline."""
    return next(step for step in execution["steps"] if step["address"] == address)


def forget() -> None:
    """Let nothing of one test reach the next."""
    lanes.forget()
    executions.use_sleep(None)
    clock.use(None)

"""Steps with effects: begun once, tried again, waited for; and what follows a service's own check."""

from __future__ import annotations

from chalicelib.automations.rules import conditions, retries
from chalicelib.automations.rules.journal import Json, Record, Status
from chalicelib.automations.rules.machine.flow import Flow, Next, Scope, Task
from chalicelib.automations.rules.machine.walk import Walk


def effect(walk: Walk, step: Json, address: str, scope: Scope) -> Flow:
    """Begin a step with an effect, or see how far it is."""
    record = walk.journal.get(address)
    if record is None:
        walk.frontier.tasks.append(Task(step, address, step["type"], scope))
        return None
    if record.status is Status.RETRY:
        if record.due is not None and record.due > walk.now:
            walk.frontier.until(record.due)
        else:
            walk.frontier.tasks.append(Task(step, address, step["type"], scope, record.attempt + 1))
        return None
    if record.status is Status.CHILD:
        walk.frontier.awaits = True
        return None
    if record.status is Status.FAILED and record.kind == "automation" and record.error is not None:
        return _called_again(walk, step, record)
    return walk.settled(record)


def checked(walk: Walk, step: Json, address: str, scope: Scope) -> Flow:
    """Run a service's condition, then the steps for what it said."""
    flow = effect(walk, step, address, scope)
    if not isinstance(flow, Next):
        return flow
    chosen = "then" if conditions.is_true(flow.value) else "else"
    inner = walk.sequence(step.get(chosen, []), f"{address}/{chosen}/", scope)
    return Next(flow.value) if isinstance(inner, Next) and not step.get(chosen) else inner


def _called_again(walk: Walk, step: Json, record: Record) -> Flow:
    """Let an execution that failed be started once more, where its failure may pass and the step says so."""
    pause_ms = retries.delay_ms(step, record.attempt, {"retryable": False, **(record.error or {})})
    if pause_ms is None:
        return walk.settled(record)
    due = record.ended + pause_ms
    walk.note(step, record.address, Status.RETRY, attempt=record.attempt, error=record.error, due=due)
    walk.frontier.until(due)
    return None

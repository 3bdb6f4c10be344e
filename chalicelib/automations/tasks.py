"""One task of an execution: made ready, attempted, and what came of it written as a record."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

from chalicelib.automations import effects, loading, starts
from chalicelib.automations.effects import Done, Failed, Work
from chalicelib.automations.meter import Meter
from chalicelib.automations.packing import Loader
from chalicelib.automations.rules import resolved, retries
from chalicelib.automations.rules.journal import Journal, Json, Record, Status
from chalicelib.automations.rules.machine import Machine, Scope, Task
from chalicelib.core import clock, ids
from chalicelib.core.errors import PlatformError, QuotaExceeded, Unavailable


class Turn(Protocol):
    """What a task needs of the turn it runs in."""

    workspace_id: str
    execution: str
    deadline_ms: int
    doc: Json
    data: Json
    journal: Journal
    machine: Machine
    meter: Meter
    load: Loader
    unheard: set[str]


Ready = tuple[Task, Work | PlatformError]
_NO_OUTCOME = (QuotaExceeded, Unavailable)  # of an attempt: it was not made, or our own side is at fault
_NOT_RESOLVED = frozenset({"code", "steps", "then", "else", "branches", "default"})


def key_of(turn: Turn, address: str) -> str:
    """Derive the idempotency key of a step: the same for every attempt, whoever makes it (rule R4)."""
    return ids.derived_id(turn.workspace_id, "step", turn.execution, address)


def prepare(turn: Turn, task: Task) -> Ready:
    """Resolve the references of a task. What makes that impossible fails the task, unless our own side is at fault."""
    try:
        return task, _work(turn, task)
    except PlatformError as error:
        if error.retryable:
            raise
        return task, error


def _work(turn: Turn, task: Task) -> Work:
    key = key_of(turn, task.address)
    execution = {**turn.data["execution"], "key": key, "attempt": task.attempt}
    scope = Scope(task.scope, {"execution": execution})
    step = task.step
    if task.kind != "expression":
        step = resolved.checked(
            {
                name: value if name in _NOT_RESOLVED else turn.machine.resolve(value, scope)
                for name, value in step.items()
            }
        )
    code = task.code or (step["code"] if task.kind == "code" else "")
    bindings: Json = {"execution": execution}
    if code:
        bindings = {**turn.machine.seen_by(task, code), "execution": execution}
    left_s = (turn.deadline_ms - clock.now_ms()) / 1000
    return Work(
        turn.workspace_id,
        turn.doc["u"],
        task.kind,
        step,
        key,
        turn.journal.now,
        effects.timeout_s(task.kind, step.get("timeoutSeconds"), left_s),
        int(turn.doc.get("hop", 0)) + 1,
        bindings,
        code,
    )


def attempt(turn: Turn, ready: Ready) -> Record | Exception:
    """Attempt a task once. Gives its record, or what is no outcome of the step: a fault of our own side, or that its
    workspace's scripts may not run now."""
    task, work = ready
    began = clock.now_ms()
    try:
        if isinstance(work, PlatformError):
            raise work
        if task.kind == "automation":
            return _start_child(turn, task, work, began)
        return _done(turn, task, effects.run(work), began)
    except Failed as failure:
        if isinstance(failure.error, PlatformError) and not isinstance(failure.error, _NO_OUTCOME):
            record = failed(turn, task, retries.error_of(failure.error), began)
            return replace(record, shown=failure.shown, logs=failure.logs, used=failure.used)
        return failure.error
    except _NO_OUTCOME as error:
        return error
    except PlatformError as error:
        return failed(turn, task, retries.error_of(error), began)
    except Exception as error:  # noqa: BLE001 handed to the turn, which gives the execution back
        return error


def failed(_turn: Turn, task: Task, error: Json, began: int) -> Record:
    """Write down a failed attempt: tried again later, or for good."""
    now_ms = clock.now_ms()
    pause_ms = None if task.kind == "expression" else retries.delay_ms(task.step, task.attempt, error)
    status = Status.FAILED if pause_ms is None else Status.RETRY
    due = None if pause_ms is None else now_ms + pause_ms
    step, kind = task.step["id"], task.kind
    return Record(task.address, step, kind, status, began, now_ms, task.attempt, error=error, due=due)


def _done(turn: Turn, task: Task, done: Done, began: int) -> Record:
    record = Record(
        task.address,
        task.step["id"],
        task.kind,
        Status.OK,
        began,
        clock.now_ms(),
        task.attempt,
        shown=done.shown,
        output=done.output,
        logs=done.logs,
        used=done.used,
    )
    turn.load.secrets |= set(done.secrets)  # what holds one from now on is sealed where it is stored
    return record


def child_of(turn: Turn, task: Task) -> str | None:
    """Name the execution that a former worker may have started for a task and not written down; None: none."""
    if task.kind != "automation":
        return None
    try:
        name = resolved.name(turn.machine.resolve(task.step["automationId"], task.scope), "automationId")
        automation = loading.automation_named(turn.workspace_id, turn.doc["u"], name)
    except PlatformError as error:
        if error.retryable:
            raise
        return None  # it names nothing, so nothing was started
    return starts.child_id(turn.workspace_id, automation.id, turn.journal.now, turn.execution, _cause(task))


def _cause(task: Task) -> str:
    return f"{task.address}#{task.attempt}"


def _start_child(turn: Turn, task: Task, work: Work, began: int) -> Record:
    given = work.step.get("input")
    child, was_there = starts.start_child(
        turn.workspace_id,
        turn.doc,
        turn.execution,
        _cause(task),
        work.step["automationId"],
        work.step.get("version"),
        given or {},
        turn.journal.now,
        turn.load.secrets,
    )
    if was_there:
        turn.unheard.add(task.address)
    turn.meter.add(writes=1, messages=1)
    shown = effects.clipped(effects.hidden({"automationId": work.step["automationId"], "input": given}))
    record = Record(task.address, task.step["id"], task.kind, Status.CHILD, began, 0, task.attempt, shown=shown)
    return replace(record, child=child)

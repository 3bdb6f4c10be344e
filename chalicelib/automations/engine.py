"""The engine: take an execution, decide, do, commit, until it waits or ends (docs/ARCHITECTURE.md, Automations).

One write for each step with an effect; what needs none rides on the next. A step's outcome is committed before the
next step begins, and its end, a wait that follows it, or the next effect costs no write more.
"""

from __future__ import annotations

import contextvars
import time
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

from chalicelib.automations import hearing, loading, models, packing, tasks, usage
from chalicelib.automations.meter import Meter
from chalicelib.automations.models import BELL
from chalicelib.automations.rules import retries
from chalicelib.automations.rules.journal import Json
from chalicelib.automations.rules.machine import Frontier, Machine, Next, Return, Task
from chalicelib.automations.transitions import SLACK_MS, Transitions
from chalicelib.core import clock
from chalicelib.core.errors import NotFound, QuotaExceeded
from chalicelib.durable import inbox, leases, outbox, steps
from chalicelib.durable.leases import Lease, LeaseLost, NotTaken
from chalicelib.durable.steps import State
from chalicelib.storage.expressions import Row
from chalicelib.storage.tables import WORK

MIN_LEFT_MS = 1_500
BATCH = 10  # steps of a repetition under way at once in one worker
POISON_TAKES = 8


@lru_cache(maxsize=1)
def pool() -> ThreadPoolExecutor:
    """Give the threads in which steps of one execution run side by side."""
    return ThreadPoolExecutor(32, thread_name_prefix="step")


def advance(workspace_id: str, execution: str, deadline_ms: int) -> float | None:
    """Move an execution on as far as it goes until the deadline.

    Answers None when its message has done its part, else after how many seconds it is to come again. Raises
    LeaseLost, and Unavailable when our own side is at fault.
    """
    key, now_ms = models.execution_key(workspace_id, execution), clock.now_ms()
    lease = steps.take(WORK, key, now_ms, deadline_ms - now_ms + SLACK_MS)
    if isinstance(lease, NotTaken):
        if lease.why is not leases.Why.HELD:
            outbox.flush(WORK, key, lease.row, now_ms)
        if lease.why is leases.Why.ENDED and lease.row is not None:
            usage.recover(workspace_id, lease.row)
        return lease.hide_s(now_ms)
    run(lease, deadline_ms, Meter(lease.row.get("use")))
    return None


def run(lease: Lease, deadline_ms: int, counted: Meter) -> Row | None:
    """Go on with a taken execution; answers its row when it waits or has ended, None when it was handed on."""
    counted.add(writes=1)
    one = _Run(lease, deadline_ms, counted)
    try:
        return one.go()
    except LeaseLost as lost:
        one.disown(lost.row)
        raise
    except NotFound as gone:
        return one.end(State.CANCELLED, None, retries.failure("Gone", gone.message))
    except Exception:
        one.let_go()
        raise


class _Run(Transitions):
    """One worker's turn with one execution."""

    def __init__(self, lease: Lease, deadline_ms: int, counted: Meter) -> None:
        super().__init__(lease, deadline_ms, counted)
        self.longest_ms = 0.0

    def go(self) -> Row | None:
        """Walk on until there is nothing to do now, or no time left."""
        if self.lease.fence - self.lease.row.get("f0", 0) > POISON_TAKES:
            self.lease = outbox.settle(self.lease, clock.now_ms())
            reason = f"given up: {POISON_TAKES} workers in a row did not survive the step under way"
            return self.end(State.FAILED, None, retries.failure("Poison", reason))
        self._open()
        while True:
            if self.lease.owes:
                self.meter.add(messages=sum(not one.is_wake for one in outbox.owed(self.lease.row)))
                self.lease = outbox.settle(self.lease, clock.now_ms())
            if self.lease.is_cancelled:
                frontier = self.machine.decide(clock.now_ms())
                self._call_off([*frontier.tasks, *frontier.dropped])
                return self.end(State.CANCELLED, None, retries.failure("Cancelled", "cancelled by its owner"))
            frontier = self.machine.decide(clock.now_ms())
            self.buffer += frontier.notes
            self.orphans += frontier.orphans
            self._call_off(frontier.dropped)
            if frontier.end is not None:
                return self._ended(frontier)
            if frontier.tasks:
                if self.has_effects or self.orphans or self._hides_a_child(frontier.tasks):
                    self.commit()
                elif not self._has_time():
                    self.hand_on()
                    return None
                else:
                    self._check_is_there()
                    row = self._work_or_rest(frontier)
                    if row is not None:
                        return row
            elif not (frontier.awaits and self._hear()):
                row = self.suspend(frontier)
                if row is not None:
                    return row

    def _hides_a_child(self, found: list[Task]) -> bool:
        """Say whether to write before executions are started: what scripts came to leads there, and only we know it.

        Whoever takes over after our fall sees from the journal which executions we may have started (`_call_off`).
        """
        return any(task.kind == "automation" for task in found) and any(
            one.kind in ("code", "expression") for one in self.buffer
        )

    def _call_off(self, found: list[Task]) -> None:
        """End what was started for tasks that will not be run: a worker may have fallen before it wrote that down."""
        self.orphans += [child for task in found if (child := tasks.child_of(self, task)) is not None]

    def _check_is_there(self) -> None:
        """Raise NotFound when the automation was deleted: nobody outside is called for it any more."""
        if "d" not in self.doc and not loading.is_there(self.workspace_id, self.doc["a"]):
            raise NotFound("the automation was deleted")

    def _open(self) -> None:
        doc = self.doc
        self._check_is_there()
        if self.lease.row.get("pages"):
            self.meter.add(reads=1)
        definition = doc.get("d") or loading.definition(self.workspace_id, doc["a"], doc["v"], doc["h"])
        self.journal = packing.journal_of(self.workspace_id, self.execution, self.lease.row)
        given = self.load.value(doc["input"])
        self.data: Json = {
            "input": given,
            "trigger": {"output": given, **doc.get("trigger", {})},
            "variables": definition.get("variables", {}),
            "execution": {
                "id": self.execution,
                "automationId": doc["a"],
                "versionId": doc["v"],
                "userId": doc["uk"],
                "startedAt": clock.iso_ms(self.lease.row["at"]),
            },
        }
        self.machine = Machine(definition["steps"], self.journal, self.data, self.load)

    # --- doing ------------------------------------------------------------------------------------------------

    def _work_or_rest(self, frontier: Frontier) -> Row | None:
        """Run what can run now, or wait while the workspace's scripts may not; answers the row of one that waits."""
        try:
            self._work(frontier.tasks)
            return None
        except QuotaExceeded as error:
            row = self.put_off(frontier, error)
        if row is None and frontier.awaits:
            self._hear()  # what rang: or the bell would keep it from waiting for ever
        return row

    def _work(self, found: list[Task]) -> None:
        """Run what can run now: first what has no effect, then effects; one alone that must not happen twice."""
        if self._has_doubt(found):
            return
        batch = [task for task in found if not task.is_effect][:BATCH]
        if not batch:
            single = [task for task in found if task.step.get("atMostOnce")]
            batch = single[:1] or found[:BATCH]
            if single:
                self._intend(batch[0])
        began = time.monotonic()
        made = [tasks.prepare(self, task) for task in batch]
        if len(made) == 1:
            results = [tasks.attempt(self, made[0])]
        else:
            futures = [pool().submit(contextvars.copy_context().run, tasks.attempt, self, one) for one in made]
            results = [future.result() for future in futures]
        self.longest_ms = max(self.longest_ms, (time.monotonic() - began) * 1000)
        faults = []
        for result in results:
            if isinstance(result, Exception):
                faults.append(result)
                continue
            self.buffer.append(self.journal.add(result))
            self.meter.add(**result.used)
            self.has_effects |= result.kind != "expression" and (
                result.kind != "code" or bool(result.used.get("calls")) or batch[0].is_effect
            )
        if faults:
            if self.has_effects:
                self.commit()
            raise next((fault for fault in faults if not isinstance(fault, QuotaExceeded)), faults[0])

    def _has_doubt(self, found: list[Task]) -> bool:
        """End a step in doubt: a former worker wrote down that it was about to do it, and no outcome.

        Looked for before anything else is done, which might write over it; by attempt, for each is its own act.
        """
        for task in found:
            if task.step.get("atMostOnce") and steps.is_in_doubt(self.lease, _mark(task)):
                error = retries.failure("Unknown", "it may have happened: its worker fell; it must not happen twice")
                self.buffer.append(self.journal.add(tasks.failed(self, task, error, clock.now_ms())))
                self.has_effects = True
                return True
        return False

    def _intend(self, task: Task) -> None:
        """Write down that a step which must not happen twice is about to."""
        self.lease = steps.intend(WORK, self.lease, _mark(task))
        self.meter.add(writes=1)

    def _hear(self) -> bool:
        """Look for what waits were waiting for; True when one of them is over."""
        bell = inbox.find(self.lease.row, BELL)
        has_rung = bell is not None and (self.bell is None or bell.event_id != self.bell.event_id)
        self.bell = bell or self.bell
        records = hearing.hear(self, has_rung=has_rung)
        self.buffer += [self.journal.add(record) for record in records]
        return bool(records)

    def _has_time(self) -> bool:
        return self.deadline_ms - clock.now_ms() >= max(MIN_LEFT_MS, 2 * self.longest_ms)

    def _ended(self, frontier: Frontier) -> Row:
        end = frontier.end
        if isinstance(end, Next | Return):
            return self.end(State.DONE, end.value, None)
        if end is None:
            raise AssertionError("not over")
        return self.end(State.FAILED, None, {**end.error, "step": end.step})


def give_up(lease: Lease, error: Json) -> None:
    """End a taken execution as failed, whatever its steps came to."""
    counted = Meter(lease.row.get("use"))
    counted.add(writes=1)
    one = _Run(lease, clock.now_ms(), counted)
    one.end(State.FAILED, None, error)


def _mark(task: Task) -> str:
    return f"{task.address}#{task.attempt}"

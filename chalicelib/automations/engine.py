"""The engine: take an execution, decide, do, commit, until it waits or ends (docs/ARCHITECTURE.md, Automations).

One write for each step with an effect; what needs none rides on the next. A step's outcome is committed before the
next step begins, and its end, a wait that follows it, or the next effect costs no write more.
"""

from __future__ import annotations

import contextvars
import time
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any

from chalicelib.adapters import logs, queue
from chalicelib.automations import hearing, loading, models, packing, queues, tallies, tasks, usage
from chalicelib.automations.meter import Meter
from chalicelib.automations.models import BELL
from chalicelib.automations.rules import retries
from chalicelib.automations.rules.journal import Json, Record, Status
from chalicelib.automations.rules.machine import Frontier, Machine, Next, Return, Task
from chalicelib.core import clock
from chalicelib.core.errors import NotFound
from chalicelib.core.redaction import Redactor
from chalicelib.durable import due, inbox, leases, outbox, steps
from chalicelib.durable.leases import Lease, LeaseLost, NotTaken
from chalicelib.durable.outbox import Message
from chalicelib.durable.steps import State
from chalicelib.storage.expressions import Change, Row
from chalicelib.storage.tables import WORK

SLACK_MS = 5_000
MIN_LEFT_MS = 1_500
BATCH = 10  # steps of a repetition under way at once in one worker
POISON_TAKES = 8
PAGE_BYTES, PAGE_ENTRIES = 100_000, 500


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
    except LeaseLost:
        raise
    except NotFound as gone:
        return one.end(State.CANCELLED, None, retries.failure("Gone", gone.message))
    except Exception:
        one.let_go()
        raise


class _Run:
    """One worker's turn with one execution."""

    def __init__(self, lease: Lease, deadline_ms: int, counted: Meter) -> None:
        self.lease, self.deadline_ms, self.meter = lease, deadline_ms, counted
        self.workspace_id = lease.key.pk.partition("#")[0]
        self.execution = lease.key.sk
        self.doc: Json = lease.row["doc"]
        self.load = packing.Loader(self.workspace_id, self.execution)
        self.buffer: list[Record] = []
        self.orphans: list[str] = []  # executions it started and needs no longer
        self.has_effects = False
        self.longest_ms = 0.0
        self.heard: set[str] = set()
        self.bell: inbox.Answer | None = None  # the last one that was answered by looking

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
                return self.end(State.CANCELLED, None, retries.failure("Cancelled", "cancelled by its owner"))
            frontier = self.machine.decide(clock.now_ms())
            self.buffer += frontier.notes
            self.orphans += frontier.orphans
            if frontier.end is not None:
                return self._ended(frontier)
            if frontier.tasks:
                if self.has_effects or self.orphans:
                    self._commit()
                elif not self._has_time():
                    self._hand_on()
                    return None
                else:
                    self._check_is_there()
                    self._work(frontier.tasks)
            elif not (frontier.awaits and self._hear()):
                row = self._suspend(frontier)
                if row is not None:
                    return row

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
                result.kind != "code" or bool(result.used.get("calls"))
            )
        if faults:
            if self.has_effects:
                self._commit()
            raise faults[0]

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

    # --- writing ----------------------------------------------------------------------------------------------

    def _change(self, **more: Any) -> Change:
        """Say what every transition writes. A bell that rang since nobody listened stays, or its news were lost."""
        put = {"f0": self.lease.fence, **({} if self.bell is None else inbox.consume(self.bell)), **more}
        self.meter.add(writes=1)
        return Change(put={**put, "use": self.meter.stored()})

    def _outcome(self, change: Change) -> tuple[str | None, Change]:
        """Render what this transition adds; pages first when the row has become too big."""
        now_ms = clock.now_ms()
        text = packing.pack(self.buffer, now_ms, self.load)
        memo, self.buffer, self.has_effects, self.journal.now = self.lease.row["memo"], [], False, now_ms
        size = sum(map(len, memo.values())) + len(text)
        if not memo or (size <= PAGE_BYTES and len(memo) < PAGE_ENTRIES):
            return text, change
        first, last = min(map(int, memo)), max(map(int, memo))
        WORK.put(models.page_row(self.workspace_id, self.execution, first, last, memo))
        self.meter.add(writes=1)
        listed = [*self.lease.row.get("pages", ()), [first, last]]
        put = {**change.put, "memo": {str(self.lease.seq): text}, "pages": listed}
        return None, Change(put={**put, "use": self.meter.stored()}, remove=change.remove)

    def _commit(self) -> None:
        outcome, change = self._outcome(self._change())
        until_ms = self.deadline_ms + SLACK_MS
        self.lease = steps.commit(WORK, self.lease, until_ms, outcome=outcome, out=self._cancels(), change=change)

    def _suspend(self, frontier: Frontier) -> Row | None:
        """Wait. Answers the row; None when what it waits for is there already."""
        now_ms = clock.now_ms()
        if frontier.due is None and not frontier.awaits:
            raise RuntimeError(f"nothing to do and nothing to wait for: {self.execution}")
        timer = None if frontier.due is None else due.at(models.DUE, self.lease.key, frontier.due, now_ms)
        out = [] if timer is None else outbox.wake(queues.ADVANCE, self._message(), timer)
        out += self._cancels()
        hearing.register(self, self.buffer)
        outcome, change = self._outcome(self._change())
        awaits = BELL if frontier.awaits else None
        result = steps.suspend(WORK, self.lease, timer=timer, awaits=awaits, outcome=outcome, out=out, change=change)
        if isinstance(result, Lease):
            self.lease, self.heard = result, set()
            return None
        self.meter.add(messages=len(out))
        outbox.flush(WORK, self.lease.key, result, clock.now_ms(), is_own=True)
        return result

    def _ended(self, frontier: Frontier) -> Row:
        end = frontier.end
        if isinstance(end, Next | Return):
            return self.end(State.DONE, end.value, None)
        if end is None:
            raise AssertionError("not over")
        return self.end(State.FAILED, None, {**end.error, "step": end.step})

    def end(self, state: State, output: Any, error: Json | None) -> Row:
        """Make the last transition, tell whoever waits for it, and add up what it cost."""
        now_ms = clock.now_ms()
        if self.lease.owes:
            self.lease = outbox.settle(self.lease, now_ms)
        more: Json = {"fin": now_ms, "exp": now_ms // 1000 + models.KEEP_S}
        if state is State.DONE:
            more["res"] = packing.pack_value(self.workspace_id, output, self.execution, self.load.secrets)
        if error is not None:
            more["err"] = Redactor(self.load.secrets).value(error)
        parent = self.doc.get("parent")
        out = [] if parent is None else [Message(queues.ADVANCE, self._message(parent) | {"c": self.execution})]
        self.orphans += self._children()
        out += self._cancels()
        self.meter.add(messages=len(out))
        change = self._change(**more)
        outcome = None
        if self.buffer:
            outcome, change = self._outcome(change)
        row = self._finish(state, outcome, out, change)
        outbox.flush(WORK, self.lease.key, row, now_ms, is_own=True)
        logs.log(
            "execution.finished",
            workspace=self.workspace_id,
            executionId=self.execution,
            state=state.value,
            reason=None if error is None else error["type"],
        )
        usage.ended(self.workspace_id, row)
        return row

    def _finish(self, state: State, outcome: str | None, out: list[Message], change: Change) -> Row:
        book, place = tallies.book(), tallies.place_of(self.workspace_id, {"fin": change.put["fin"], "doc": self.doc})
        mark = book.mark(place)
        marked = Change(put={**change.put, tallies.MARK: mark}, remove=change.remove)
        try:
            return steps.finish(WORK, self.lease, state, outcome=outcome, out=out, change=marked)
        except LeaseLost:
            book.forget(place, mark)
            raise

    def _children(self) -> list[str]:
        """List the executions it started and still waits for; none when the journal itself is what cannot be read."""
        try:
            journal = getattr(self, "journal", None)
            if journal is None:
                journal = packing.journal_of(self.workspace_id, self.execution, self.lease.row)
        except Exception as error:  # noqa: BLE001 its end must not fail for what made it end
            logs.log("execution.unreadable", level="ERROR", executionId=self.execution, reason=str(error))
            return []
        return [str(one.child) for one in journal.waiting(Status.CHILD)]

    def _cancels(self) -> list[Message]:
        """Make the messages that end what it started and needs no longer."""
        taken, self.orphans = self.orphans, []
        return [Message(queues.ADVANCE, self._message(child) | {"k": 1}) for child in taken]

    def _hand_on(self) -> None:
        """Let another worker go on: its message first, then the lease."""
        queue.send(queues.ADVANCE, self._message())
        leases.release(WORK, self.lease)

    def let_go(self) -> None:
        """Give the execution back after a fault of our own; its message comes again. A bug counts towards poison."""
        try:
            leases.release(WORK, self.lease)
        except Exception as error:  # noqa: BLE001 the lease runs out by itself
            logs.log("execution.not_released", level="WARNING", reason=str(error))

    def _message(self, execution: str | None = None) -> Json:
        return {"w": self.workspace_id, "x": execution or self.execution}


def give_up(lease: Lease, error: Json) -> None:
    """End a taken execution as failed, whatever its steps came to."""
    counted = Meter(lease.row.get("use"))
    counted.add(writes=1)
    one = _Run(lease, clock.now_ms(), counted)
    one.end(State.FAILED, None, error)


def _mark(task: Task) -> str:
    return f"{task.address}#{task.attempt}"

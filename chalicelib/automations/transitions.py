"""What a turn writes: every transition of an execution, its pages, its end; and what each of them owes to others."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from chalicelib.adapters import logs, queue
from chalicelib.automations import hearing, models, packing, queues, tallies, usage
from chalicelib.automations.meter import Meter
from chalicelib.automations.models import BELL, HELD
from chalicelib.automations.rules.journal import Journal, Json, Record, Status
from chalicelib.automations.rules.machine import Frontier
from chalicelib.core import clock
from chalicelib.core.errors import QuotaExceeded
from chalicelib.core.redaction import Redactor
from chalicelib.durable import due, inbox, leases, outbox, steps
from chalicelib.durable.leases import Lease, LeaseLost
from chalicelib.durable.outbox import Message
from chalicelib.durable.steps import ENDED, State
from chalicelib.storage.expressions import Change, Row
from chalicelib.storage.tables import WORK

SLACK_MS = 5_000
PAGE_BYTES, PAGE_ENTRIES = 100_000, 500


class Transitions:
    """A taken execution, and the writes that one worker makes to it. `buffer` is what the next of them adds."""

    journal: Journal

    def __init__(self, lease: Lease, deadline_ms: int, counted: Meter) -> None:
        self.lease, self.deadline_ms, self.meter = lease, deadline_ms, counted
        self.workspace_id = lease.key.pk.partition("#")[0]
        self.execution = lease.key.sk
        self.doc: Json = lease.row["doc"]
        self.load = packing.Loader(self.workspace_id, self.execution)
        self.buffer: list[Record] = []
        self.orphans: list[str] = []  # executions it started and needs no longer
        self.has_effects = False
        self.heard: set[str] = set()
        self.unheard: set[str] = set()  # steps whose child may have ended before this turn knew of it
        self.bell: inbox.Answer | None = None  # the last one that was answered by looking

    def commit(self) -> None:
        """Write down what was done, and hold on."""
        outcome, change = self._outcome(self._change())
        until_ms = self.deadline_ms + SLACK_MS
        self.lease = steps.commit(WORK, self.lease, until_ms, outcome=outcome, out=self._cancels(), change=change)

    def put_off(self, frontier: Frontier, error: QuotaExceeded) -> Row | None:
        """Wait until the workspace's scripts may run again, and for whatever else it waits; as `suspend`.

        What was about to be done was not begun, so it is not in doubt; and no attempt of it is counted.
        """
        frontier.until(clock.now_ms() + error.pause_s * 1000)
        return self.suspend(frontier, put={HELD: [frontier.due, error.message]}, remove=("intent",))

    def suspend(self, frontier: Frontier, *, put: Json | None = None, remove: tuple[str, ...] = ()) -> Row | None:
        """Wait. Answers the row; None when what it waits for is there already."""
        now_ms = clock.now_ms()
        if frontier.due is None and not frontier.awaits:
            raise RuntimeError(f"nothing to do and nothing to wait for: {self.execution}")
        timer = None if frontier.due is None else due.at(models.DUE, self.lease.key, frontier.due, now_ms)
        out = [] if timer is None else outbox.wake(queues.ADVANCE, self._message(), timer)
        out += self._cancels()
        hearing.register(self, self.buffer)
        changed = self._change(**(put or {}))
        outcome, change = self._outcome(replace(changed, remove=(*changed.remove, *remove)))
        awaits = BELL if frontier.awaits else None
        result = steps.suspend(WORK, self.lease, timer=timer, awaits=awaits, outcome=outcome, out=out, change=change)
        if isinstance(result, Lease):
            self.lease, self.heard = result, set()
            return None
        self.meter.add(messages=len(out))
        outbox.flush(WORK, self.lease.key, result, clock.now_ms(), is_own=True)
        return result

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
            ms=now_ms - int(row["at"]),
            reason=None if error is None else error["type"],
        )
        usage.ended(self.workspace_id, row)
        return row

    def hand_on(self) -> None:
        """Let another worker go on: what was done here, its message, then the lease."""
        if self.buffer:
            self.commit()
        queue.send(queues.ADVANCE, self._message())
        leases.release(WORK, self.lease)

    def disown(self, row: Row | None) -> None:
        """Call off what was started here, when the execution has meanwhile ended without knowing of it."""
        if row is not None and row["st"] in ENDED:
            self.orphans += self._children()
            outbox.send(self._cancels(), clock.now_ms())

    def let_go(self) -> None:
        """Give the execution back after a fault of our own; its message comes again. A bug counts towards poison."""
        try:
            leases.release(WORK, self.lease)
        except Exception as error:  # noqa: BLE001 the lease runs out by itself
            logs.log("execution.not_released", level="WARNING", reason=str(error))

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
        size = packing.size_of([*memo.values(), text])
        if not memo or (size <= PAGE_BYTES and len(memo) < PAGE_ENTRIES):
            return text, change
        first, last = min(map(int, memo)), max(map(int, memo))
        WORK.put(models.page_row(self.workspace_id, self.execution, first, last, memo))
        self.meter.add(writes=1)
        listed = [*self.lease.row.get("pages", ()), [first, last]]
        put = {**change.put, "memo": {str(self.lease.seq): text}, "pages": listed}
        return None, Change(put={**put, "use": self.meter.stored()}, remove=change.remove)

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

    def _message(self, execution: str | None = None) -> Json:
        return {"w": self.workspace_id, "x": execution or self.execution}

"""The model of step executions: steps with effects, timers, events, an outbox, cancellation (rules 4.4, 4.6, 4.8)."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from chalicelib.core.errors import Unavailable
from chalicelib.durable import due, inbox, outbox, steps
from chalicelib.durable.leases import Lease, LeaseLost, Why
from chalicelib.durable.outbox import Message
from chalicelib.durable.steps import State
from chalicelib.storage.expressions import ABSENT, Change, Row
from chalicelib.storage.table import ConditionFailed, Key
from tests.unit.durable.world import LEASE_MS, Parcel, Steps, Worker, World, body_of, expect

KEY = Key("w#X#1", "S")
MINUTE_MS = 60_000


class Executions(World):
    """One execution of two to four steps: `do`, `emit` (do and owe a message), `sleep`, `event`."""

    callers_that_fall = 0.3
    widest_draw = 1.0

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.program = [self._draw_step(number) for number in range(self.rng.randrange(2, 5))]
        self.seen: dict[int, set[str]] = {}
        self.is_accepted = self.is_cancel_accepted = False
        self.spawn(self._create, repeats=True)
        for number, step in enumerate(self.program):
            if step[0] == "event" and (step[1] is None or self.rng.random() < 0.6):
                self.spawn(lambda worker, n=number: self._event(worker, n), repeats=True)
        if self.rng.random() < 0.2:
            self.spawn(self._cancel, repeats=self.rng.random() < 0.8)

    def _draw_step(self, number: int) -> tuple[Any, ...]:
        draw = self.rng.random() * self.widest_draw + 1 - self.widest_draw
        if draw < 0.4:
            return ("do",)
        if draw < 0.65:
            return ("emit",)
        if draw < 0.8:
            return ("sleep", self.rng.choice((1_000, 20_000, 5 * MINUTE_MS, 17 * MINUTE_MS)))
        return ("event", None if draw < 0.93 else self.rng.choice((1_000, 40_000, 17 * MINUTE_MS)))

    # The outside

    def _create(self, worker: Worker) -> Steps:
        yield
        with suppress(ConditionFailed):
            self.table.put(steps.new_row(KEY, {"pc": 0, "w": -1, "got": {}, "log": []}), ABSENT)
        yield
        self.send("work", [outbox.Letter(body_of(KEY))])
        self.is_accepted = True

    def _event(self, worker: Worker, number: int) -> Steps:
        while True:
            yield
            now_ms = self.time(worker)
            woke = inbox.deliver(
                self.table, KEY, f"e.{number}", f"id{number}", number, due.at(self.kind, KEY, now_ms, now_ms)
            )
            if woke is not None or self.is_accepted:
                break
        if (
            woke and self.rng.random() > self.callers_that_fall
        ):  # else the caller falls here for good: the index must bring it
            yield
            self.send("work", [outbox.Letter(body_of(KEY))])

    def _cancel(self, worker: Worker) -> Steps:
        yield
        if steps.cancel(self.table, KEY, self.time(worker)) is not None:
            yield
            self.send("work", [outbox.Letter(body_of(KEY))])
            self.is_cancel_accepted = True

    # The worker

    def handle(self, worker: Worker, parcel: Parcel) -> Steps:
        yield
        taken = self.take(steps.take, self.table, KEY, self.time(worker), LEASE_MS)
        if isinstance(taken, Lease):
            row = yield from self._advance(worker, taken)
            if row is not None:
                yield
                outbox.flush(self.table, KEY, row, self.time(worker), self.send, is_own=True)
            self.drop(parcel)
            return
        if taken.why is not Why.HELD:
            yield
            outbox.flush(self.table, KEY, taken.row, self.time(worker), self.send)
        self.hide_or_drop(worker, taken)

    def _advance(self, worker: Worker, lease: Lease) -> Any:
        """Move on until the item waits or ends, and answer it; or let go on the way, and answer None."""
        while True:
            if lease.owes:
                yield
                lease = outbox.settle(lease, self.time(worker), self.send)
            if lease.is_cancelled:
                yield
                return self._end(worker, lease, State.CANCELLED, {})
            at, put = self._resume(lease.row)
            if at == len(self.program):
                yield
                return self._end(worker, lease, State.DONE, put | {"pc": at})
            out, outcome = [], None
            if self.program[at][0] in ("do", "emit"):
                yield
                outcome = self._effect(worker, lease, at)
                out = [Message("sink", {"id": f"emit{at}"})] if self.program[at][0] == "emit" else []
                at += 1
            yield
            put["pc"] = at
            if at < len(self.program) and self.program[at][0] in ("sleep", "event"):
                waiting = self._suspend(worker, lease, at, put, outcome, out)
                if not isinstance(waiting, Lease):
                    return waiting
                lease = waiting
                continue
            if at == len(self.program) and self.rng.random() < 0.5:
                return self._end(worker, lease, State.DONE, put, outcome, out)
            until_ms = self.time(worker) + LEASE_MS
            lease = self._write(worker, lease, put, steps.commit, until_ms, outcome=outcome, out=out)
            if self.chance(0.05) and not lease.owes:
                yield
                self.send("work", [outbox.Letter(body_of(KEY))])
                yield
                steps.leases.release(self.table, lease)
                return None

    def _resume(self, row: Row) -> tuple[int, dict[str, Any]]:
        at = row["pc"]
        if row["w"] != at:
            return at, {}
        answer = inbox.find(row, f"e.{at}") if self.program[at][0] == "event" else None
        if answer is None:
            return at + 1, {f"got.{at}": "time"}
        return at + 1, {f"got.{at}": answer.payload, **inbox.consume(answer)}

    def _effect(self, worker: Worker, lease: Lease, at: int) -> str:
        if self.chance(0.03):
            raise Unavailable("the other side")
        value = f"{at}.{len(self.effects.get(at, ()))}"
        self.effects.setdefault(at, []).append((f"key{lease.seq}", value))
        return value

    def _suspend(
        self, worker: Worker, lease: Lease, at: int, put: Any, outcome: Any, out: list[Message]
    ) -> Row | Lease:
        kind, wait_ms = self.program[at]
        now_ms = self.time(worker)
        timer = None if wait_ms is None else due.at(self.kind, KEY, now_ms + wait_ms, now_ms)
        if timer is not None:
            out = [*out, *outbox.wake("work", body_of(KEY), timer)]
        awaits = f"e.{at}" if kind == "event" else None
        how = {"timer": timer, "awaits": awaits, "outcome": outcome, "out": out}
        return self._write(worker, lease, put | {"w": at}, steps.suspend, **how)

    def _end(self, worker: Worker, lease: Lease, state: State, put: Any, outcome: Any = None, out: Any = ()) -> Row:
        out = [*out, Message("sink", {"id": "finished"})]
        return self._write(worker, lease, put, steps.finish, state, outcome=outcome, out=out)

    def _write(self, worker: Worker, lease: Lease, put: Any, function: Any, *arguments: Any, **how: Any) -> Any:
        """Make one transition, signed in the item's log, and remember who was told that it was theirs."""
        name = f"{worker.name}.{lease.fence}"
        change = Change(put=put, append={"log": [name]})
        try:
            after = self.call(function, self.table, lease, *arguments, change=change, **how)
        except LeaseLost as error:
            row = error.row or {}
            is_ours = row.get("fence") == lease.fence and row["log"][lease.seq : lease.seq + 1] == [name]
            expect(not is_ours, "a transition that was made is known to be made")
            raise
        self.seen.setdefault(lease.seq, set()).add(name)
        return after

    # Promises

    def is_done(self) -> bool:
        row = self.table.rows.get(KEY)
        return not self.is_accepted if row is None else row["st"] in steps.ENDED and "dueB" not in row

    def check(self) -> None:
        row = self.table.rows[KEY]
        log, at = row["log"], row["pc"]
        expect(len(log) == row["seq"], "each transition is written once")
        for seq, names in self.seen.items():
            expect(names == {log[seq]}, "who was told of a transition is the one who made it")
        for step, done in self.effects.items():
            expect(len({key for key, _ in done}) == 1, "an effect carries the same key each time")
            expect(self.program[step][0] in ("do", "emit"), "only steps have effects")
        outcomes = set(row["memo"].values())
        for step in range(at):
            if self.program[step][0] in ("do", "emit"):
                made = {value for _, value in self.effects.get(step, ())}
                expect(len(made & outcomes) == 1, "a step that is over has one outcome, that of one of its effects")
                expect(self.program[step][0] == "do" or f"emit{step}" in self.sent, "what a step owes was sent")
            elif step < at - 1 or row["st"] == "DONE":
                expect(row["got"].get(str(step)) in (step, "time"), "a wait that is over has its answer")
                expect(row["got"][str(step)] != "time" or self.program[step][1] is not None, "no wait ends early")
        expect("finished" in self.sent, "the end was told")
        expect(row["st"] == "DONE" or "cancel" in row, "only who was asked to end early ends early")
        expect(row["st"] != "DONE" or at == len(self.program), "done means every step")
        expect(not ({"due", "dueB", "dueK"} & row.keys()), "an ended item is not due")


class HastyExecutions(Executions):
    """The same with a queue that brings a message again while its worker is still busy, and many waits for events."""

    harshness = 2.0
    visible_ms = 500
    callers_that_fall = 1.0
    widest_draw = 0.5

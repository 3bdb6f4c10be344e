"""A small world for state machines: a clock, one queue, one table, workers that may fall at any moment.

Workers are generators that stop before every call to the outside. Between two calls, and inside every table call, any
other worker may run; any call may be throttled, done without an answer, or repeated by the client library.
"""

from __future__ import annotations

import base64
import random
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any

from chalicelib.adapters.queue import Letter
from chalicelib.core import ids
from chalicelib.core.errors import Unavailable
from chalicelib.durable import due, leases, sweep
from chalicelib.durable.leases import LeaseLost
from chalicelib.storage.table import Key
from tests.fakes.table import FakeTable

START_MS = 1_800_000_000_000
LEASE_MS, VISIBLE_MS = 30_000, 60_000
PAUSES_MS = (500, 2_000, 10_000, 35_000, 70_000)
Steps = Generator[None, None, None]


class Killed(BaseException):
    """The process is gone."""


class Broken(AssertionError):
    """A promise did not hold."""


def expect(holds: bool, promise: str) -> None:
    """Raise Broken when a promise does not hold."""
    if not holds:
        raise Broken(promise)


@dataclass(slots=True, eq=False)
class Parcel:
    """A message in the queue, until it is dropped."""

    body: dict[str, Any]
    visible_ms: int
    is_gone: bool = False


@dataclass(slots=True, eq=False)
class Worker:
    """One process at work. `revive` starts it anew when it falls, as a client that repeats its call."""

    name: int
    skew_ms: int
    steps: Steps | None = None
    parcel: Parcel | None = None
    revive: Callable[[Worker], Steps] | None = None
    is_running: bool = False


class World:
    """One schedule: what happens in which order is drawn from the seed."""

    kind = "kind"
    harshness = 1.0
    visible_ms = VISIBLE_MS
    drops_when_lost = False

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.now_ms = START_MS
        self.is_faulty = True
        self.table = FakeTable(self)
        self.table.lags = self.rng.random() < 0.3
        self.parcels: list[Parcel] = []
        self.workers: list[Worker] = []
        self.sent: set[str] = set()
        self.effects: dict[Any, list[Any]] = {}
        self.depth = self.names = self.ids = self.sweeps = 0
        minute = START_MS // due.MINUTE_MS - 1
        places = sweep.Places(sweep.Spot(minute), sweep.Spot(minute), minute, []).attributes()
        key = sweep.sweep_key(self.kind)
        self.table.rows[key] = {"pk": key.pk, "sk": key.sk, "fence": 0, "until": leases.FREE, **places}
        ids.use(self._random)

    # What a machine says of itself

    def handle(self, worker: Worker, parcel: Parcel) -> Steps:
        """Work on one message."""
        raise NotImplementedError

    def is_done(self) -> bool:
        """Whether everything that was promised has come about."""
        raise NotImplementedError

    def check(self) -> None:
        """Look at the end state."""
        raise NotImplementedError

    # Running

    def run(self, steps: int = 60) -> None:
        """Let things happen, then let faults stop and wait for the end."""
        for _ in range(steps):
            self._happen()
        self.is_faulty = False
        self.table.lags = False
        self.table.catch_up()
        self._drain()
        self.check()

    def spawn(self, steps: Callable[[Worker], Steps], parcel: Parcel | None = None, repeats: bool = False) -> Worker:
        """Start a worker."""
        skew = self.rng.randrange(-5000, 5001) if self.is_faulty else 0
        self.names += 1
        worker = Worker(self.names, skew, parcel=parcel, revive=steps if repeats else None)
        worker.steps = steps(worker)
        self.workers.append(worker)
        return worker

    def place(self, row: dict[str, Any]) -> None:
        """Put a row there before anything happens."""
        self.is_faulty = False
        self.table.put(row)
        self.table.catch_up()
        self.is_faulty = True

    def time(self, worker: Worker) -> int:
        """Tell what a worker's clock says."""
        return self.now_ms + worker.skew_ms

    def chance(self, share: float) -> bool:
        """Draw, while faults last."""
        return self.is_faulty and self.rng.random() < share * self.harshness

    def call(self, function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        """Call and sometimes call again when there was no answer."""
        for _ in range(2):
            try:
                return function(*arguments, **named)
            except Unavailable:
                if self.rng.random() < 0.5:
                    raise
        return function(*arguments, **named)

    def send(self, queue: str, letters: Sequence[Letter]) -> None:
        """Take letters into the queue, perhaps twice or without saying so. The queue `sink` is the outside."""
        if self.chance(0.04):
            raise Unavailable("throttled")
        for letter in letters:
            if queue == "sink":
                self.sent.add(letter.body["id"])
                continue
            for _ in range(2 if self.chance(0.1) else 1):
                self.parcels.append(Parcel(letter.body, self.now_ms + letter.delay_s * 1000))
        if self.chance(0.03):
            raise Unavailable("no answer")

    def drop(self, parcel: Parcel | None) -> None:
        """Acknowledge a message; sometimes the queue brings it once more."""
        if parcel is not None and not self.chance(0.08):
            parcel.is_gone = True
            if parcel in self.parcels:
                self.parcels.remove(parcel)

    def take(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Take something, and see that a take that was done is not reported as refused (rule R3)."""
        ours = self.ids + 1
        taken = function(*arguments)
        if isinstance(taken, leases.NotTaken) and taken.row is not None:
            expect(not self.owns(taken.row, ours), "a take that was done is known to be done")
        return taken

    def owns(self, row: dict[str, Any], number: int) -> bool:
        """Whether the owner with this number, counting the ids of this world, has signed the row."""
        return bool(row.get("own") == base64.urlsafe_b64encode(number.to_bytes(9, "big")).decode())

    def hide_or_drop(self, worker: Worker, taken: leases.NotTaken) -> None:
        """Do with the message what a refused take says."""
        hide_s = taken.hide_s(self.time(worker))
        if hide_s is None:
            self.drop(worker.parcel)
        elif worker.parcel is not None:
            worker.parcel.visible_ms = self.now_ms + int(hide_s * 1000)

    def sweep(self, worker: Worker) -> Steps:
        """Run one tick of the sweep."""
        yield
        sweep.sweep(
            self.table,
            self.kind,
            lambda letters: self.send("work", letters),
            lambda pk, sk: {"pk": pk, "sk": sk},
            self.time(worker),
        )

    # Faults, seen from the table

    def before(self) -> None:
        """Let others run, throttle or kill, before a table call."""
        if not self.is_faulty:
            return
        draw = self.rng.random() / self.harshness
        if draw < 0.15:
            if draw < 0.012:
                raise Killed
            if draw < 0.03:
                raise Unavailable("throttled")
            self._nested()

    def after(self) -> bool:
        """Kill, lose the answer, or let the client library repeat, after a table call."""
        if not self.is_faulty:
            return False
        draw = self.rng.random() / self.harshness
        if draw > 0.1:
            return False
        if draw < 0.012:
            raise Killed
        if draw < 0.04:
            raise Unavailable("no answer")
        if draw < 0.06:
            self._nested()
        return True

    def _nested(self) -> None:
        if self.depth < 2:
            self.depth += 1
            for _ in range(self.rng.randrange(1, 6)):
                self._happen()
            self.depth -= 1

    # The scheduler

    def _happen(self) -> None:
        draw = self.rng.random()
        if draw < 0.78:
            ready = [one for one in self.workers if not one.is_running]
            if ready:
                worker = ready[int(draw * 1000) % len(ready)]
                if self.rng.random() < 0.01 * self.harshness:
                    self._fall(worker)
                else:
                    self._step(worker)
                return
        if draw < 0.93:
            self._receive()
        elif draw < 0.99:
            self.now_ms += PAUSES_MS[self.rng.randrange(len(PAUSES_MS))]
        elif draw < 0.995:
            self.table.catch_up()
        else:
            self.spawn(self.sweep)

    def _receive(self) -> bool:
        visible = [one for one in self.parcels if one.visible_ms <= self.now_ms]
        if not visible:
            return False
        parcel = visible[self.rng.randrange(len(visible))]
        parcel.visible_ms = self.now_ms + self.visible_ms
        self.spawn(lambda worker: self.handle(worker, parcel), parcel)
        return True

    def _step(self, worker: Worker) -> None:
        assert worker.steps is not None
        worker.is_running = True
        try:
            next(worker.steps)
            worker.is_running = False
            return
        except StopIteration:
            self.workers.remove(worker)
            return
        except (Killed, Unavailable, LeaseLost) as error:
            if self.drops_when_lost and isinstance(error, LeaseLost):
                self.drop(worker.parcel)
        worker.is_running = False
        self._fall(worker)

    def _fall(self, worker: Worker) -> None:
        if worker.steps is not None:
            worker.steps.close()
        self.workers.remove(worker)
        if worker.revive is not None:
            self.spawn(worker.revive, repeats=True)

    def _drain(self) -> None:
        for _ in range(600):
            if self.workers:
                self._step(self.workers[self.rng.randrange(len(self.workers))])
            elif not self._receive():
                if not self.parcels and self.is_done():
                    return
                self._wait()
        raise Broken("it never ends")

    def _wait(self) -> None:
        if self.parcels:
            self.now_ms = max(self.now_ms + 1, min(one.visible_ms for one in self.parcels))
            return
        self.sweeps += 1
        dues = [int(row["dueK"][:13]) for row in self.table.rows.values() if "dueB" in row]
        expect(bool(dues) and self.sweeps < 50, "nothing is left that could bring the item to its end")
        to_come_ms = min(dues) - self.now_ms
        away_ms = 60_000 if to_come_ms < sweep.AHEAD_MS else to_come_ms - 10 * due.MINUTE_MS
        self.now_ms += max(away_ms, to_come_ms + 190_000 if to_come_ms < sweep.AHEAD_MS else 0)
        self.spawn(self.sweep)

    def _random(self, size: int) -> bytes:
        self.ids += 1
        return self.ids.to_bytes(size, "big")


def body_of(key: Key) -> dict[str, Any]:
    """Make the message that leads to an item."""
    return {"pk": key.pk, "sk": key.sk}


def key_of(parcel: Parcel) -> Key:
    """Read which item a message leads to."""
    return Key(parcel.body["pk"], parcel.body["sk"])

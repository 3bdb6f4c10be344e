"""The models of taking something in once (rule 4.2): events under an id, requests under an idempotency key."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from chalicelib.adapters.queue import Letter
from chalicelib.durable import ingest, requests
from chalicelib.durable.requests import Fresh, Mismatch, Replay, Running
from chalicelib.storage.expressions import Row
from tests.unit.durable.world import LEASE_MS, START_MS, Parcel, Steps, Worker, World, expect

KEEP_S = 400


class Arrivals(World):
    """Two to four senders with one id and one or two bodies, before and after the id expires."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.accepted: list[tuple[str, int]] = []
        self.handled: set[tuple[str, int]] = set()
        bodies = ["a"] * 3 if self.rng.random() < 0.5 else ["a", "b", "a"]
        for body in bodies:
            self.spawn(lambda worker, body=body: self._sender(worker, body), repeats=True)
        if self.rng.random() < 0.3:
            self.spawn(self._late_sender, repeats=True)

    def _late_sender(self, worker: Worker) -> Steps:
        if self.accepted and self.now_ms < START_MS + (KEEP_S + 30) * 1000:
            self.now_ms += (KEEP_S + 30) * 1000
        yield
        yield from self._sender(worker, "c")

    def _sender(self, worker: Worker, body: str) -> Steps:
        yield
        now_s = self.time(worker) // 1000
        row = {"pk": "w#EV#1", "sk": "E", "h": body, "at": now_s, "exp": now_s + KEEP_S}
        done = ingest.accept(self.table, row, now_s, lambda stored: self._send(stored))
        if done.outcome is not ingest.Outcome.NEW:
            expect(done.row["exp"] >= now_s, "what has expired does not stand in the way")
        expect((done.outcome is ingest.Outcome.DIFFERENT) == (done.row["h"] != body), "another body is refused")
        if done.outcome is not ingest.Outcome.DIFFERENT:
            self.accepted.append((body, done.row["at"]))

    def _send(self, row: Row) -> None:
        self._nested_if_faulty()
        self.send("work", [Letter({"at": row["at"]})])
        self._nested_if_faulty()

    def _nested_if_faulty(self) -> None:
        if self.chance(0.3):
            self._nested()

    def handle(self, worker: Worker, parcel: Parcel) -> Steps:
        yield
        for row in list(self.table.rows.values()):
            if row["sk"] == "E":
                self.handled.add((row["h"], row["at"]))
        self.drop(parcel)

    def is_done(self) -> bool:
        return True

    def check(self) -> None:
        for body, at in self.accepted:
            now = {(row["h"], row["at"]) for row in self.table.rows.values() if row["sk"] == "E"}
            expect((body, at) in self.handled or (body, at) not in now, "what was accepted is worked on")
        times = sorted({at for _, at in self.accepted})
        expect(len(set(self.accepted)) == len(times), "one time of acceptance has one body")
        apart = [later - earlier for earlier, later in pairwise(times)]
        expect(all(seconds > KEEP_S - 11 for seconds in apart), "one id is one item until it expires")


class Requests(World):
    """Three callers under one idempotency key; some send another body, some are refused before they run."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.finished: list[tuple[str, str]] = []
        self.replayed: set[tuple[str, str]] = set()
        self.answered = self.runs = 0
        self.prints = ["p", "p", "p"] if self.rng.random() < 0.7 else ["p", "q", "p"]
        self.refuses = self.rng.random() < 0.25
        for print_ in self.prints:
            self.spawn(lambda worker, print_=print_: self._caller(worker, print_), repeats=True)

    def _caller(self, worker: Worker, print_: str) -> Steps:
        while True:
            yield
            begun = self._begin(worker, print_)
            if isinstance(begun, Replay):
                self.replayed.add((begun.headers["print"], begun.body.decode()))
                expect(begun.headers["print"] == print_, "an answer is given to the same call only")
            if isinstance(begun, Replay | Mismatch):
                self.answered += 1
                return
            if isinstance(begun, Running):
                expect(begun.retry_after_s > 0, "a wait is told")
                self.now_ms += 0 if self.is_faulty else begun.retry_after_s * 1000
                continue
            yield
            if self.refuses and self.rng.random() < 0.5:
                requests.abandon(self.table, begun)
                self.answered += 1
                return
            self.runs += 1
            yield
            body = f"{worker.name}.{begun.fence}"
            if self.call(requests.finish, self.table, begun, 200, {"print": print_}, body.encode()):
                self.finished.append((print_, body))
            self.answered += 1
            return

    def _begin(self, worker: Worker, print_: str) -> Any:
        ours = self.ids + 1
        begun = requests.begin(self.table, "w", "op", "key", print_, self.time(worker), LEASE_MS)
        if isinstance(begun, Running):
            row = next(row for row in self.table.rows.values() if row["sk"] == "RQ")
            expect(not self.owns(row, ours), "a beginning that was made is known to be made")
        elif isinstance(begun, Fresh):
            expect(begun.fence > 0, "each run has a fence")
        return begun

    def handle(self, worker: Worker, parcel: Parcel) -> Steps:
        yield

    def is_done(self) -> bool:
        return self.answered >= len(self.prints)

    def check(self) -> None:
        expect(len(self.finished) <= 1, "one run's answer is kept")
        expect(len(self.replayed) <= 1, "all repeats get one answer")
        expect(not (self.finished and self.replayed) or set(self.finished) == self.replayed, "the kept one")

"""The model of a poll: pages of a source become items, each once, and the cursor never skips one (rule 4.7)."""

from __future__ import annotations

from chalicelib.adapters.queue import Letter
from chalicelib.durable import cursor, due, ingest, leases
from chalicelib.durable.leases import Lease, LeaseLost
from chalicelib.storage.expressions import Change
from chalicelib.storage.table import Key
from tests.unit.durable.world import LEASE_MS, START_MS, Parcel, Steps, Worker, World, body_of, expect

KEY = Key("w#P#1", "P")
INTERVALS_MS = (1_000, 50_000, 16 * 60_000)


class Polls(World):
    """One poll over a source of four to nine records, read in pages of up to four."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.size, self.page = self.rng.randrange(4, 10), self.rng.randrange(2, 5)
        self.interval_ms = INTERVALS_MS[self.rng.randrange(3)]
        timer = due.at(self.kind, KEY, START_MS, START_MS)
        self.place({"pk": KEY.pk, "sk": KEY.sk, "cur": 0, "n": 0, "log": [], "fence": 0, **timer.attributes})
        self.parcels.append(Parcel(body_of(KEY), START_MS))
        self.told: set[str] = set()

    def handle(self, worker: Worker, parcel: Parcel) -> Steps:
        yield
        taken = self.take(leases.take, self.table, KEY, self.time(worker), LEASE_MS)
        if not isinstance(taken, Lease):
            self.hide_or_drop(worker, taken)
            return
        old = taken.row["cur"]
        page = range(old, min(old + self.page, self.size))
        for number in page:
            yield
            row = {"pk": f"w#EV#{number}", "sk": "E", "h": f"h{number}", "by": worker.name}
            ingest.store(self.table, row, self.time(worker) // 1000)
        yield
        self.send("sink", [Letter({"id": f"{number}"}) for number in page])
        yield
        if page and self._advance(worker, taken, old + len(page)) and self.rng.random() < 0.9:
            yield  # else it falls for good here: the index must bring the next page
            self.send("work", [Letter(body_of(KEY), self.interval_ms // 1000)])
        self.drop(parcel)

    def _advance(self, worker: Worker, lease: Lease, to: int) -> bool:
        """Move on, and say whether the next message must be sent directly."""
        now_ms, name = self.time(worker), f"{worker.name}.{lease.fence}"
        timer, is_last = due.at(self.kind, KEY, now_ms + self.interval_ms, now_ms), to == self.size
        change = Change(
            put={} if is_last else timer.attributes,
            remove=due.ATTRIBUTES if is_last else (),
            add={"n": to - lease.row["cur"]},
            append={"log": [name]},
        )
        try:
            self.call(cursor.advance, self.table, lease, to, change=change)
        except LeaseLost as error:
            row = error.row or {}
            expect(
                row.get("fence") != lease.fence or name not in row["log"], "a move that was made is known to be made"
            )
            raise
        self.told.add(name)
        return timer.is_direct and not is_last

    def is_done(self) -> bool:
        return bool(self.table.rows[KEY]["cur"] == self.size)

    def check(self) -> None:
        row = self.table.rows[KEY]
        items = [key for key in self.table.rows if key.sk == "E"]
        expect(len(items) == self.size, "each record became one item")
        expect(self.sent == {str(number) for number in range(self.size)}, "each record was sent")
        expect(row["n"] == self.size, "each record was counted once")
        expect(len(row["log"]) == -(-self.size // self.page), "the cursor moved once for each page")
        expect(self.told <= set(row["log"]), "who was told of a move is one who made it")

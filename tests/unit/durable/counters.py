"""The models of deliveries, whose counter is their fence (rule 4.5), and of single flights (rule 4.9)."""

from __future__ import annotations

from chalicelib.adapters.queue import Letter
from chalicelib.durable import due, fences, flight
from chalicelib.durable.flight import Flight
from chalicelib.durable.leases import LeaseLost, NotTaken, Why
from chalicelib.storage.expressions import Change
from chalicelib.storage.table import Key
from tests.unit.durable.world import LEASE_MS, START_MS, Parcel, Steps, Worker, World, body_of, expect

KEY = Key("w#DL#1", "D")
TOKEN = Key("w#U#1", "C#1")
ATTEMPTS = 3
DELAYS_MS = (1_000, 40_000, 16 * 60_000)


class Deliveries(World):
    """One delivery that fails three times; two copies of its first message."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.delay_ms = DELAYS_MS[self.rng.randrange(3)]
        self.told: dict[int, set[str]] = {}
        for _ in range(2):
            self.parcels.append(Parcel(body_of(KEY), START_MS))

    def handle(self, worker: Worker, parcel: Parcel) -> Steps:
        yield
        row = self.table.get(KEY) or {"n": 0, "log": []}
        now_ms = self.time(worker)
        if row["n"] == ATTEMPTS:
            self.drop(parcel)
            return
        if row.get("due", 0) > now_ms:
            self.hide_or_drop(worker, NotTaken(Why.NOT_DUE, row["due"], row))
            return
        seen = row["n"]
        yield
        self.effects.setdefault(seen, []).append(worker.name)
        yield
        now_ms = self.time(worker)
        is_last = seen + 1 == ATTEMPTS
        timer = due.at(self.kind, KEY, now_ms + self.delay_ms, now_ms)
        name = f"o{worker.name}"
        change = Change(
            put={} if is_last else timer.attributes,
            remove=due.ATTRIBUTES if is_last else (),
            append={"log": [name]},
        )
        try:
            self.call(fences.advance, self.table, KEY, seen, change, owner=name)
        except LeaseLost as error:
            expect((error.row or {}).get("own") != name, "a write that was made is known to be made")
            raise
        self.told.setdefault(seen, set()).add(name)
        if timer.is_direct and not is_last:
            yield
            self.send("work", [Letter(body_of(KEY), self.delay_ms // 1000)])
        self.drop(parcel)

    def is_done(self) -> bool:
        return bool(self.table.rows.get(KEY, {}).get("n") == ATTEMPTS)

    def check(self) -> None:
        row = self.table.rows[KEY]
        expect(len(row["log"]) == ATTEMPTS, "each attempt is written once")
        for seen, names in self.told.items():
            expect(names == {row["log"][seen]}, "who was told of a write is the one who made it")
        expect(set(self.effects) == set(range(ATTEMPTS)), "each attempt was made")


class Flights(World):
    """Three callers that find a token old; a provider that gives each call another one."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.place({"pk": TOKEN.pk, "sk": TOKEN.sk, "ver": 1, "ct": "t0", "log": []})
        self.told: dict[int, set[str]] = {}
        self.calls = self.got = 0
        for _ in range(3):
            self.spawn(self._caller, repeats=True)

    def _caller(self, worker: Worker) -> Steps:
        while True:
            yield
            ours = self.ids + 1
            taken = flight.take(self.table, TOKEN, 1, self.time(worker), LEASE_MS)
            if isinstance(taken, Flight):
                break
            expect(taken is not None and not self.owns({"own": taken.get("ro")}, ours), "a take is known to be made")
            assert taken is not None
            if taken["ver"] > 1:
                self.got += 1
                return
            self.now_ms += 0 if self.is_faulty else 1000
        yield
        self.calls += 1
        token = f"t{self.calls}"
        if self.chance(0.1):
            yield
            flight.give_up(self.table, taken, self.time(worker) + 2000)
            return
        yield
        try:
            self.call(flight.store, self.table, taken, {"ct": token})
        except LeaseLost as error:
            expect((error.row or {}).get("ct") != token, "a value that was stored is known to be stored")
            return
        self.told.setdefault(2, set()).add(token)

    def handle(self, worker: Worker, parcel: Parcel) -> Steps:
        yield

    def is_done(self) -> bool:
        return True

    def check(self) -> None:
        row = self.table.rows[TOKEN]
        for version, tokens in self.told.items():
            expect(version == row["ver"] and tokens == {row["ct"]}, "one version has one value")

"""The fake table and DynamoDB mean the same: random writes side by side, and the machines on the real Table."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from moto import mock_aws

from chalicelib.adapters import aws
from chalicelib.adapters.queue import Letter
from chalicelib.durable import cursor, due, fences, flight, inbox, ingest, leases, outbox, requests, steps, sweep
from chalicelib.durable.leases import Lease, LeaseLost, NotTaken, Why
from chalicelib.durable.outbox import Message
from chalicelib.durable.steps import State
from chalicelib.storage.expressions import (
    ABSENT,
    Change,
    Compare,
    Condition,
    Exists,
    Missing,
    OneOf,
    Row,
)
from chalicelib.storage.table import ConditionFailed, Key, Table
from tests.fakes.table import FakeTable

NOW_MS, LEASE_MS = 1_800_000_000_000, 30_000
KEY = Key("w#X#1", "S")


@pytest.fixture(scope="module")
def _cloud() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        patch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
        patch.setenv("AWS_ACCESS_KEY_ID", "x")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "x")
        aws.reset()
        names = ("pk", "sk", "dueB", "dueK")
        aws.client("dynamodb").create_table(
            TableName=Table("durable").name,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in names],
            KeySchema=_schema("pk", "sk"),
            GlobalSecondaryIndexes=[
                {
                    "IndexName": "due",
                    "KeySchema": _schema("dueB", "dueK"),
                    "Projection": {"ProjectionType": "KEYS_ONLY"},
                }
            ],
        )
        yield
        aws.reset()


def _schema(partition: str, sort: str) -> list[dict[str, str]]:
    return [{"AttributeName": partition, "KeyType": "HASH"}, {"AttributeName": sort, "KeyType": "RANGE"}]


@pytest.fixture
def table(_cloud: None) -> Iterator[Table]:
    table = Table("durable")
    yield table
    items = aws.client("dynamodb").scan(TableName=table.name)["Items"]
    table.write_many(deletes=[Key(item["pk"]["S"], item["sk"]["S"]) for item in items])


class _Draw:
    """Random rows, conditions and changes over a few attributes of every kind."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)

    def value(self) -> Any:
        # no 0 and 1: moto takes them for false and true, which DynamoDB does not
        return self.rng.choice([-1, 7, 2.5, "", "a", "ab", True, False, [7, "a"], {"x": 7}, b"a"])

    def row(self) -> Row:
        row: Row = {
            "pk": KEY.pk,
            "sk": KEY.sk,
            "m": {},
            "n": self.rng.randrange(6, 9),
            "t": self.rng.choice(["a", "ab", "b"]),
        }
        for name in ("a", "b", "c"):
            if self.rng.random() < 0.6:
                row[name] = self.value()
        for name in ("x", "y"):
            if self.rng.random() < 0.6:
                row["m"][name] = self.value()
        if self.rng.random() < 0.5:
            row["l"] = [self.value()]
        return row

    def name(self) -> str:
        return self.rng.choice(["a", "b", "c", "m.x", "m.y", "m.z", "a.x", "n", "none"])

    def condition(self, depth: int = 0) -> Condition:
        draw = self.rng.random()
        if depth < 2 and draw < 0.35:
            left, right = self.condition(depth + 1), self.condition(depth + 1)
            return left & right if draw < 0.18 else left | right
        if draw < 0.5:
            return Exists(self.name()) if draw < 0.43 else Missing(self.name())
        if draw < 0.6:
            return OneOf(self.name(), tuple(self.value() for _ in range(2)))
        operator = self.rng.choice(["=", "<>", "<", "<=", ">", ">=", "begins_with"])
        if operator == "begins_with":
            return Compare(self.rng.choice(["t", "none"]), operator, self.rng.choice(["a", "ab"]))
        if operator in ("=", "<>"):
            return Compare(self.name(), operator, self.value())
        # moto cannot order values of different kinds; DynamoDB calls every such order false
        if self.rng.random() < 0.5:
            return Compare(self.rng.choice(["n", "none"]), operator, self.rng.randrange(6, 9))
        return Compare("t", operator, self.rng.choice(["a", "ab", "b"]))

    def change(self) -> Change:
        places = ["a", "b", "c", "m.x", "m.y", "m.z", "new"]
        self.rng.shuffle(places)
        return Change(
            put={places.pop(): self.value() for _ in range(self.rng.randrange(1, 3))},
            default={places.pop(): self.value()} if self.rng.random() < 0.5 else {},
            remove=tuple(places.pop() for _ in range(self.rng.randrange(2))),
            add={"n": 1} if self.rng.random() < 0.3 else {},
            append={"l": [self.value()]} if self.rng.random() < 0.3 else {},
        )


def _attempt(table: Any, change: Change, condition: Condition | None) -> Any:
    try:
        return table.update(KEY, change, condition)
    except ConditionFailed as refusal:
        return "refused", refusal.row


@pytest.mark.parametrize("seed", range(6))
def test_the_fake_means_what_dynamodb_means(seed: int, table: Table) -> None:
    for number in range(80):
        draw, fake = _Draw(seed * 1_000 + number), FakeTable()
        if draw.rng.random() < 0.9:
            row = draw.row()
            table.put(row)
            fake.put(row)
        change = draw.change() if KEY in fake.rows else Change(put={"a": draw.value()}, add={"n": 1})
        condition = draw.condition() if draw.rng.random() < 0.9 else None
        expected = _attempt(fake, change, condition)
        assert _attempt(table, change, condition) == expected, (number, condition, change)
        assert table.get(KEY) == fake.rows.get(KEY)
        table.delete(KEY)


def test_a_path_without_its_map_is_refused_by_both(table: Table) -> None:
    for one in (table, FakeTable()):
        one.put({"pk": KEY.pk, "sk": KEY.sk})
        with pytest.raises(Exception, match="document path"):
            one.update(KEY, Change(put={"memo.0": 1}))


def test_an_execution_runs_waits_and_ends(table: Table) -> None:
    table.put(steps.new_row(KEY, {}), ABSENT)
    lease = steps.take(table, KEY, NOW_MS, LEASE_MS)
    assert isinstance(lease, Lease)
    refused = steps.take(table, KEY, NOW_MS, LEASE_MS)
    assert isinstance(refused, NotTaken) and refused.why is Why.HELD
    lease = steps.commit(table, lease, NOW_MS + LEASE_MS, outcome={"x": 1}, out=[Message("q", {"id": "1"})])
    sent: list[Any] = []
    lease = outbox.settle(lease, NOW_MS, lambda name, letters: sent.extend(letters))
    assert sent == [Letter({"id": "1"})]
    inbox.deliver(table, KEY, "order.paid", "e1", {"sum": 2.5}, due.at("kind", KEY, NOW_MS, NOW_MS))
    timer = due.at("kind", KEY, NOW_MS + 9_000_000, NOW_MS)
    going_on = steps.suspend(table, lease, awaits="order.paid", timer=timer)
    assert isinstance(going_on, Lease)
    found = inbox.find(going_on.row, "order.paid")
    row = steps.suspend(table, going_on, awaits="order.late", timer=timer)
    assert isinstance(row, dict) and row["dueB"] == timer.attributes["dueB"]
    assert inbox.deliver(table, KEY, "order.late", "e2", None, due.at("kind", KEY, NOW_MS, NOW_MS)) is True
    lease = steps.take(table, KEY, NOW_MS, LEASE_MS)
    assert isinstance(lease, Lease)
    assert found is not None and found.payload == {"sum": 2.5}
    steps.cancel(table, KEY, NOW_MS)
    lease = steps.commit(table, lease, NOW_MS + LEASE_MS, change=Change(put=inbox.consume(found)))
    assert lease.is_cancelled
    row = steps.finish(table, lease, State.CANCELLED)
    assert row["st"] == "CANCELLED" and row["memo"] == {"0": {"x": 1}} and "dueB" not in row
    with pytest.raises(LeaseLost):
        steps.finish(table, lease, State.FAILED)


def test_the_sweep_finds_what_is_due(table: Table) -> None:
    letters: list[Letter] = []

    def collect(more: Sequence[Letter]) -> None:
        letters.extend(more)

    def tick(now_ms: int) -> sweep.Tick | None:
        return sweep.sweep(table, "kind", collect, lambda pk, sk: {"sk": sk}, now_ms)

    assert tick(NOW_MS) == sweep.Tick(0, True, 0)
    for number in range(3):
        key = Key("w#X", f"i{number}")
        table.put({"pk": key.pk, "sk": key.sk, **due.at("kind", key, NOW_MS + 1_200_000, NOW_MS).attributes})
    assert tick(NOW_MS + 600_000) == sweep.Tick(3, True, 0)
    assert {letter.body["sk"] for letter in letters} == {"i0", "i1", "i2"} and letters[0].delay_s == 600
    assert tick(NOW_MS + 660_000) == sweep.Tick(0, True, 0)


def test_what_happens_once_happens_once(table: Table) -> None:
    row = {"pk": KEY.pk, "sk": "E", "h": "h", "exp": 1}
    assert [ingest.store(table, row, now_s).outcome.value for now_s in (0, 1, 2)] == ["NEW", "SAME", "NEW"]
    begun = requests.begin(table, "w", "op", "k", "p", NOW_MS, LEASE_MS)
    assert isinstance(begun, requests.Fresh)
    assert isinstance(requests.begin(table, "w", "op", "k", "p", NOW_MS, LEASE_MS), requests.Running)
    assert requests.finish(table, begun, 201, {"a": "b"}, b"{}")
    assert requests.begin(table, "w", "op", "k", "p", NOW_MS, LEASE_MS) == requests.Replay(201, {"a": "b"}, b"{}")
    assert isinstance(requests.begin(table, "w", "op", "k", "q", NOW_MS, LEASE_MS), requests.Mismatch)
    requests.abandon(table, begun)
    assert fences.advance(table, KEY, 0, Change(put={"st": "x"}))["n"] == 1
    with pytest.raises(LeaseLost):
        fences.advance(table, KEY, 0, Change())


def test_a_poll_and_a_flight_take_turns(table: Table) -> None:
    table.put({"pk": KEY.pk, "sk": "P"})
    poll = leases.take(table, Key(KEY.pk, "P"), NOW_MS, LEASE_MS)
    assert isinstance(poll, Lease)
    assert isinstance(leases.take(table, Key(KEY.pk, "P"), NOW_MS, LEASE_MS), NotTaken)
    assert cursor.advance(table, poll, "c1").row["cur"] == "c1"
    table.put({"pk": KEY.pk, "sk": "C", "ver": 1})
    first = flight.take(table, Key(KEY.pk, "C"), 1, NOW_MS, LEASE_MS)
    assert isinstance(first, flight.Flight)
    assert isinstance(flight.take(table, Key(KEY.pk, "C"), 1, NOW_MS, LEASE_MS), dict)
    assert flight.store(table, first, {"ct": b"new"})["ver"] == 2

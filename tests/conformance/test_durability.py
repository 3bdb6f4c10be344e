"""SIGKILL at any instant: whatever was acknowledged is there afterwards, and nothing is half there.

Two processes write to one file until they are killed, again and again on the same file. Each tells before a call that
it begins and after it that it was answered. What is then found must be the state after the answered calls, or that
plus the one call under way.
"""

import copy
import random
import time
from collections.abc import Callable
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from infra.local.cloud import checkpoints
from tests.conformance.clouds import Cloud
from tests.conformance.conftest import TABLE, create_table
from tests.conformance.processes import Child, opened

ROUNDS = 20
WORKERS = 2
State = dict[str, Any]
Tell = Callable[[str], None]


class Worker:
    """One writer: its calls follow from its seed, and `after` says what each does to its part of the data."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.state: State = {"items": {}, "messages": []}

    def key(self, sk: str) -> dict[str, Any]:
        return {"pk": {"S": self.name}, "sk": {"S": sk}}

    def calls(self, seed: int) -> "Calls":
        return Calls(self, random.Random(seed))

    def run(self, cloud: Cloud, tell: Tell, seed: int) -> None:
        queue = cloud.sqs.get_queue_url(QueueName=self.name)["QueueUrl"]
        calls = self.calls(seed)
        tell("ready")
        for number in count():
            tell(f"begin {number}")
            calls.make(cloud, queue, number, seed, tell)
            tell(f"done {number}")

    def found(self, cloud: Cloud) -> State:
        """Read this writer's part of the data."""
        answer = cloud.dynamodb.query(
            TableName=TABLE,
            KeyConditionExpression="pk = :p",
            ExpressionAttributeValues={":p": {"S": self.name}},
        )
        items = {item["sk"]["S"]: item["v"]["N"] for item in answer["Items"]}
        indexed = cloud.dynamodb.query(
            TableName=TABLE,
            IndexName="by_kind",
            KeyConditionExpression="kind = :k",
            ExpressionAttributeValues={":k": {"S": self.name}},
        )
        assert {item["sk"]["S"]: item["rank"]["N"] for item in indexed["Items"]} == items
        queue = cloud.sqs.get_queue_url(QueueName=self.name)["QueueUrl"]
        messages: list[str] = []
        while found := cloud.sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, VisibilityTimeout=1):
            if "Messages" not in found:
                break
            messages += [message["Body"] for message in found["Messages"]]
        return {"items": items, "messages": sorted(messages)}


class Calls:
    """A seeded sequence of calls; each can be made, or only reckoned with."""

    def __init__(self, worker: Worker, rng: random.Random) -> None:
        self.worker = worker
        self.rng = rng

    def next(self, number: int, seed: int) -> tuple[str, list[str], str]:
        """Draw the next call: its kind, the items it touches, the value it writes."""
        kind = self.rng.choice(["put", "add", "delete", "pair", "batch", "send", "take"])
        return kind, self.rng.sample(list("abcdefgh"), 3), str(seed * 100_000 + number)

    def make(self, cloud: Cloud, queue: str, number: int, seed: int, tell: Tell) -> None:
        kind, names, value = self.next(number, seed)
        keys = [self.worker.key(name) for name in names]
        items = [{**key, **self.attributes(value)} for key in keys]
        if kind == "put":
            cloud.dynamodb.put_item(TableName=TABLE, Item=items[0])
        elif kind == "add":
            cloud.dynamodb.update_item(**self.addition(keys[0]))
        elif kind == "delete":
            cloud.dynamodb.delete_item(TableName=TABLE, Key=keys[0])
        elif kind == "pair":
            puts = [{"Put": {"TableName": TABLE, "Item": item}} for item in items[:2]]
            deletion = {"Delete": {"TableName": TABLE, "Key": keys[2]}}
            cloud.dynamodb.transact_write_items(TransactItems=[*puts, deletion])
        elif kind == "batch":
            entries = [{"PutRequest": {"Item": item}} for item in items]
            cloud.dynamodb.batch_write_item(RequestItems={TABLE: entries})
        elif kind == "send":
            batch = [{"Id": name, "MessageBody": f"{value}{name}"} for name in names]
            cloud.sqs.send_message_batch(QueueUrl=queue, Entries=batch)
        else:
            for message in cloud.sqs.receive_message(QueueUrl=queue).get("Messages", []):
                tell(f"take {number} {message['Body']}")
                cloud.sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])

    def reckon(self, state: State, number: int, seed: int, taken: dict[int, str]) -> None:
        """Do to the expected state what the call does."""
        kind, names, value = self.next(number, seed)
        items, messages = state["items"], state["messages"]
        if kind == "put":
            items[names[0]] = value
        elif kind == "add":
            items[names[0]] = str(int(items.get(names[0], "0")) + 1)
        elif kind == "delete":
            items.pop(names[0], None)
        elif kind == "pair":
            items.update({names[0]: value, names[1]: value})
            items.pop(names[2], None)
        elif kind == "batch":
            items.update(dict.fromkeys(names, value))
        elif kind == "send":
            messages += [f"{value}{name}" for name in names]
        elif number in taken:
            messages.remove(taken[number])

    def attributes(self, value: str) -> dict[str, Any]:
        return {
            "v": {"N": value},
            "kind": {"S": self.worker.name},
            "rank": {"N": value},
            "fill": {"S": "x" * (int(value) * 37 % 2000)},
        }

    def addition(self, key: dict[str, Any]) -> dict[str, Any]:
        return {
            "TableName": TABLE,
            "Key": key,
            "UpdateExpression": "SET kind = :k, "
            "v = if_not_exists(v, :zero) + :one, #r = if_not_exists(v, :zero) + :one",
            "ExpressionAttributeNames": {"#r": "rank"},
            "ExpressionAttributeValues": {
                ":zero": {"N": "0"},
                ":one": {"N": "1"},
                ":k": {"S": self.worker.name},
            },
        }


def expected(worker: Worker, seed: int, lines: list[str]) -> list[State]:
    """Reckon the states that may be found: after all answered calls, and with the one under way."""
    answered = sum(line.startswith("done") for line in lines)
    begun = sum(line.startswith("begin") for line in lines)
    assert begun - answered in (0, 1)
    taken = {int(line.split()[1]): line.split()[2] for line in lines if line.startswith("take")}
    calls, state = worker.calls(seed), copy.deepcopy(worker.state)
    for number in range(answered):
        calls.reckon(state, number, seed, taken)
    states = [copy.deepcopy(state)]
    if begun > answered:
        calls.reckon(state, answered, seed, taken)
        states.append(state)
    return [{"items": state["items"], "messages": sorted(state["messages"])} for state in states]


@pytest.fixture
def frequent_checkpoints(monkeypatch: pytest.MonkeyPatch) -> int:
    """Checkpoints every few milliseconds, so that a kill falls into some; gives the size from which they happen."""
    monkeypatch.setattr(checkpoints, "INTERVAL_S", 0.004)
    monkeypatch.setattr(checkpoints, "LOG_BYTES", 50_000)
    return 50_000


def test_the_log_is_started_over(tmp_path: Path, frequent_checkpoints: int) -> None:
    path = tmp_path / "cloud.sqlite"
    with opened(path) as cloud:
        create_table(cloud)
        for number in range(50):
            item = {"pk": {"S": "p"}, "sk": {"S": f"{number}"}, "fill": {"S": "x" * 10_000}}
            cloud.dynamodb.put_item(TableName=TABLE, Item=item)
        log = Path(f"{path}-wal")
        deadline = time.monotonic() + 1
        while log.stat().st_size > frequent_checkpoints and time.monotonic() < deadline:
            time.sleep(0.01)
        assert log.stat().st_size <= frequent_checkpoints


def test_nothing_acknowledged_is_lost_by_a_kill(tmp_path: Path, frequent_checkpoints: int) -> None:
    path = tmp_path / "cloud.sqlite"
    workers = [Worker(f"w{number}") for number in range(WORKERS)]
    with opened(path) as cloud:
        create_table(cloud)
        for worker in workers:
            cloud.sqs.create_queue(QueueName=worker.name)
    timing, answered = random.Random(7), 0
    for seed in range(1, ROUNDS + 1):
        children = [Child(path, partial(worker.run, seed=seed)) for worker in workers]
        for child in children:
            child.go()
        for child in children:
            assert child.line() == "ready"
        time.sleep(timing.uniform(0.002, 0.06))
        for child in children:
            child.kill()
        with opened(path, later_s=seed * 1000) as cloud:
            for worker, child in zip(workers, children, strict=True):
                lines = child.rest()
                answered += sum(line.startswith("done") for line in lines)
                found = worker.found(cloud)
                assert found in expected(worker, seed, lines)
                worker.state = found
    assert answered > ROUNDS * 20

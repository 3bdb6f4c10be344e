"""A healthy store and log of the connectors' surface, small enough to plant violations in by hand."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from botocore import UNSIGNED
from botocore.config import Config
from botocore.session import get_session

from chalicelib.durable import due
from chalicelib.storage import codec, tables
from chalicelib.storage.table import Key
from infra import queues
from infra.local.cloud import LocalCloud
from tests.chaos.sinks import Ill, Received, Sink
from tests.chaos.store import PREFIX, Store
from tests.chaos.surfaces import interactor_scene as scene
from tests.chaos.surfaces.interactor import WORKSPACE, Interactor

NOW_MS = time.time_ns() // 1_000_000
EXECUTION, CHILD, FED, ALONE = "a.main", "a.child", "a.fed", "a.alone"
RISKY = "/interactor/error"


class World:
    """A store made through the local cloud, and a surface that believes to have put load on it."""

    def __init__(self, folder: Path) -> None:
        self.cloud = LocalCloud(folder / "millrace.db")
        session, plain = get_session(), Config(signature_version=UNSIGNED)
        made = {
            name: session.create_client(name, "local", endpoint_url=f"http://{name}.local", config=plain)
            for name in ("dynamodb", "sqs")
        }
        for client in made.values():
            self.cloud.attach(client, direct=True)
        self.table, self.sqs = made["dynamodb"], made["sqs"]
        tables.create_all(self.table)
        queues.create_all(self.sqs)
        self.store = Store(folder / "millrace.db")
        self.surface = surface()
        for name in (EXECUTION, CHILD, FED, ALONE):
            self.put("work", execution(name))
        self.put("delivery", {"pk": f"{WORKSPACE}#DL#good", "sk": "1#msg_1", "st": "delivered", "n": 1})

    def close(self) -> None:
        """Close the file."""
        self.cloud.close()

    def put(self, table: str, row: dict[str, Any]) -> None:
        """Store a row as the product would."""
        self.table.put_item(TableName=PREFIX + table, Item=codec.encode(row))

    def drop(self, table: str, pk: str, sk: str) -> None:
        """Lose a row."""
        self.table.delete_item(TableName=PREFIX + table, Key=codec.key(pk, sk))

    def send(self, queue: str, body: dict[str, Any]) -> None:
        """Leave a message in a queue."""
        url = self.sqs.get_queue_url(QueueName=PREFIX + queue)["QueueUrl"]
        self.sqs.send_message(QueueUrl=url, MessageBody=json.dumps(body))


def execution(name: str, **fields: Any) -> dict[str, Any]:
    """Make the row of an execution that has ended well after two transitions."""
    memo = {str(seq): json.dumps({"r": [{"a": f"step{seq}", "z": "done"}]}) for seq in range(2)}
    row = {"pk": f"{WORKSPACE}#X#a#0", "sk": name, "st": "DONE", "seq": 2, "until": -1, "memo": memo, "doc": {"a": "a"}}
    return row | fields


def due_row(pk: str, sk: str, due_ms: int) -> dict[str, Any]:
    """Make a row that waits for a time."""
    return {"pk": pk, "sk": sk, "st": "WAIT", **due.at("execution", Key(pk, sk), due_ms, due_ms).attributes}


def surface() -> Interactor:
    """Make a surface that saw everything it had accepted."""
    made = Interactor("http://127.0.0.1:1", Strays())  # type: ignore[arg-type]
    made.client = Usage()  # type: ignore[assignment]
    made.events = {"order.placed": {1: 0.0}, "order.risky": {2: 0.0}}
    made.started, made.alone, made.sync = {EXECUTION: 7}, {ALONE: 8}, {9}
    made.records = [{"id": "record-0"}]
    made.good, made.polled = sink("/interactor/good"), sink("/interactor/polled")
    made.ill = {Ill.ERROR: sink(RISKY, Ill.ERROR)}
    made.subscriptions = {"good": made.good, "polled": made.polled, "risky": made.ill[Ill.ERROR]}
    made.effects = sink("/interactor/effects")
    made.good.received.append(message(made.good.path, {"number": 1}, "msg_1"))
    made.polled.received.append(message(made.polled.path, {"id": "record-0"}, "msg_p"))
    for ill in (Ill.ERROR, None):
        made.ill[Ill.ERROR].received.append(message(RISKY, {"number": 2}, "msg_2", ill))
    for place, number in [*((place, 7) for place in scene.PLACES), ("sync", 9), ("async", 8), ("fed", 1)]:
        made.effects.received.append(effect(place, number, f"{place}-{number}"))
    return made


def sink(path: str, ill: Ill | None = None) -> Sink:
    """Make a receiver that is well by now."""
    return Sink(path, f"http://127.0.0.1:1{path}", ill)


def message(path: str, data: dict[str, Any], message_id: str, ill: Ill | None = None, at: float = 1.0) -> Received:
    """Make a message as a receiver logs it."""
    return Received(path, "", "POST", {"webhook-id": message_id}, json.dumps({"data": data}).encode(), at, ill)


def effect(place: str, number: int, key: str) -> Received:
    """Make a call of a step as its target logs it."""
    body = json.dumps({"n": number}).encode()
    return Received(f"/interactor/effects/{place}", "", "POST", {"idempotency-key": key}, body, 1.0, None)


class Strays:
    """Receivers to which nothing strayed."""

    def __init__(self) -> None:
        self.strays: list[Received] = []


class Usage:
    """A client that is asked for nothing but usage."""

    def __init__(self) -> None:
        self.executions = 4

    def get(self, _path: str) -> Any:
        """Give the sums."""
        return {"total": {"executions": self.executions, "done": self.executions}}

"""The weather of one process: what happens to its calls of store and queues, and to its clock.

It stands where botocore hands a request to the network, so that botocore repeats what it would repeat on AWS, and the
product sees the rest.
"""

from __future__ import annotations

import json
import os
import random
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
from botocore.awsrequest import AWSResponse

from infra.local.cloud import Fault, LocalCloud
from infra.local.cloud.wire import Answer, Service
from tests.chaos.weather.forecast import Forecast, Switch

LOOK_S = 0.05
REPORT_S = 0.25
REMEMBERED = 500
TRANSACTIONS = "TransactWriteItems"
WRITES = frozenset({"PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", TRANSACTIONS})
BATCHES = frozenset({"BatchGetItem", "BatchWriteItem", "SendMessageBatch"})
SETUP = frozenset({"CreateTable", "DescribeTable", "UpdateTimeToLive", "CreateQueue", "GetQueueUrl", "ListTables"})
NEVER_LOST = frozenset({"ReceiveMessage"})  # its messages would be hidden until their time-out, with nothing learnt
SINGLE_CONFLICTS = 0.2  # of the share of transactions


class Storm:
    """The weather of one process. `part` is `api` or `workers`."""

    def __init__(self, forecast: Forecast, part: str) -> None:
        self.forecast, self.part = forecast, part
        self.tally: Counter[str] = Counter()
        self._switch = Switch(Path(forecast.folder))
        self._is_on, self._jump_ms, self._looked_at = False, 0, 0.0
        self._guard = threading.Lock()
        self._random = random.Random(f"{forecast.seed} {part} {_lives(forecast, part)}")
        self._answers: OrderedDict[bytes, tuple[float, bytes]] = OrderedDict()
        threading.Thread(target=self._report, daemon=True, name="weather").start()

    # --- clock ------------------------------------------------------------------------------------------------------

    def now_ms(self) -> int:
        """Tell the time as this process believes it to be."""
        self._look()
        return time.time_ns() // 1_000_000 + self.forecast.skew_ms.get(self.part, 0) + self._jump_ms

    # --- calls ------------------------------------------------------------------------------------------------------

    def over(self, cloud: LocalCloud) -> None:
        """Let it break out over all calls of a cloud."""
        cloud.fault = self._fault
        for name, service in cloud._services.items():
            service.respond = self._around(name, service, service.respond)  # type: ignore[method-assign]

    def _around(self, name: str, service: Service, respond: Callable[..., AWSResponse]) -> Callable[..., AWSResponse]:
        def answer(operation: str, body: bytes, url: str) -> AWSResponse:
            if not self._look() or operation in SETUP:
                return respond(operation, body, url)
            if name == "sqs":
                return self._queued(respond, operation, body, url)
            if self._falls(self.forecast.late, "late"):
                time.sleep(self._between(*self.forecast.late_ms) / 1000)
            if operation == "Query" and b'"IndexName"' in body:
                return self._indexed(respond, body, url)
            return respond(operation, body, url)

        return answer

    def _fault(self, operation: str, _request: dict[str, Any]) -> Fault | None:
        """Choose what goes wrong with a call, of the store or of a queue."""
        if not self._look() or operation in SETUP:
            return None
        weather = self.forecast
        is_queue = "Message" in operation
        share = weather.queue_faults
        chances = (
            (share if is_queue else weather.throttled, Fault.THROTTLE, True),
            (share if is_queue else weather.lost, Fault.LOST_ANSWER, operation not in NEVER_LOST),
            (share if is_queue else weather.failed, Fault.SERVER_ERROR, operation not in NEVER_LOST),
            (share if is_queue else weather.unprocessed, Fault.UNPROCESSED, operation in BATCHES),
            (weather.conflict, Fault.CONFLICT, operation == TRANSACTIONS),
            (weather.conflict * SINGLE_CONFLICTS, Fault.CONFLICT, operation in ("PutItem", "UpdateItem", "DeleteItem")),
        )
        for chance, fault, can_be in chances:
            if can_be and self._falls(chance, f"{'queue' if is_queue else 'store'} {fault.name.lower()}"):
                return fault
        return None

    # --- queues -----------------------------------------------------------------------------------------------------

    def _queued(self, respond: Callable[..., AWSResponse], operation: str, body: bytes, url: str) -> AWSResponse:
        if operation in ("SendMessage", "SendMessageBatch"):
            return self._sent(respond, operation, body, url)
        answer = respond(operation, body, url)
        if operation == "ReceiveMessage" and answer.status_code == 200:
            found = orjson.loads(answer.content)
            if len(found.get("Messages", ())) > 1 and self._falls(self.forecast.shuffled, "shuffled"):
                with self._guard:
                    self._random.shuffle(found["Messages"])
                return AWSResponse(url, 200, answer.headers, Answer(orjson.dumps(found)))
        return answer

    def _sent(self, respond: Callable[..., AWSResponse], operation: str, body: bytes, url: str) -> AWSResponse:
        request = orjson.loads(body)
        entries = request.get("Entries", [request])
        for entry in entries:
            self._delay(entry)
        answer = respond(operation, orjson.dumps(request), url)
        doubled = [entry for entry in entries if self._falls(self.forecast.doubled, "doubled")]
        if answer.status_code == 200 and doubled:
            for entry in doubled:
                self._delay(entry)
                copy = {name: value for name, value in entry.items() if name != "Id"}
                respond("SendMessage", orjson.dumps({**copy, "QueueUrl": request["QueueUrl"]}), url)
        return answer

    def _delay(self, entry: dict[str, Any]) -> None:
        if self._falls(self.forecast.delayed, "delayed"):
            more = int(self._between(1, self.forecast.delay_s))
            entry["DelaySeconds"] = min(900, int(entry.get("DelaySeconds") or 0) + more)

    # --- indexes ----------------------------------------------------------------------------------------------------

    def _indexed(self, respond: Callable[..., AWSResponse], body: bytes, url: str) -> AWSResponse:
        """Answer from an index: now and then as it was when this was asked last, or before anything was in it."""
        answer = respond("Query", body, url)
        if answer.status_code != 200:
            return answer
        with self._guard:
            earlier = self._answers.pop(body, None)
            self._answers[body] = (time.monotonic(), answer.content)
            while len(self._answers) > REMEMBERED:
                self._answers.popitem(last=False)
        if not self._falls(self.forecast.stale, "stale"):
            return answer
        content = earlier[1] if earlier is not None else b'{"Items":[],"Count":0,"ScannedCount":0}'
        return AWSResponse(url, 200, answer.headers, Answer(content))

    # --- dice -------------------------------------------------------------------------------------------------------

    def _falls(self, share: float, what: str) -> bool:
        if not share:
            return False
        with self._guard:
            is_it = self._random.random() < share
            self.tally["dice"] += 1
            self.tally[what] += is_it
        return is_it

    def _between(self, low: float, high: float) -> float:
        with self._guard:
            return self._random.uniform(low, high + 0.999)

    def _look(self) -> bool:
        now = time.monotonic()
        if now - self._looked_at > LOOK_S:
            self._looked_at = now
            self._is_on, jumps = self._switch.read()
            self._jump_ms = jumps.get(self.part, 0)
        return self._is_on

    def _report(self) -> None:
        file = Path(self.forecast.folder) / f"fell.{os.getpid()}.json"
        while True:
            time.sleep(REPORT_S)
            with self._guard:
                text = json.dumps(self.tally)
            file.write_text(text)


def _lives(forecast: Forecast, part: str) -> int:
    """Count which life of this part begins: each has dice of its own, the same in every run with the same seed."""
    with (Path(forecast.folder) / f"lives.{part}").open("ab") as file:
        file.write(b".")
        return file.tell()

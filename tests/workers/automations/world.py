"""The engine over a table, a queue and a clock in memory, for executions by the thousand."""

from __future__ import annotations

import heapq
import itertools
import json
import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from chalicelib.adapters import queue
from chalicelib.adapters.queue import Letter
from chalicelib.automations import loading, models, queues, starts, workers
from chalicelib.automations.models import Automation, Version
from chalicelib.core import clock
from chalicelib.durable.due import MINUTE_MS
from chalicelib.storage.expressions import Row
from chalicelib.storage.table import Key, Page, Table
from tests.fakes.table import FakeTable

W, NOON_MS = "w1", 1_767_268_800_000
QUIET_MS = 10 * MINUTE_MS


class MemoryTable(FakeTable):
    """FakeTable with the queries of a partition."""

    def query(self, pk: str, **how: Any) -> Page:
        if how.get("index"):
            return super().query(pk, between=how.get("between"), limit=how.get("limit"), index=how["index"])
        low, high = how.get("between") or ("", "\uffff")
        prefix, after = how.get("prefix", ""), how.get("after")
        keys = sorted(key for key in self.rows if key.pk == pk and key.sk.startswith(prefix) and low <= key.sk <= high)
        keys = [key for key in keys if after is None or key.sk > after.sk]
        return Page([self.rows[key] for key in keys[: how.get("limit")]], None)


class World:
    """One workspace with one automation; messages are handed over in the order of their time, ten at once."""

    def __init__(self, patch: pytest.MonkeyPatch, steps: list[Any]) -> None:
        self.now_ms, self.steps = NOON_MS, steps
        self.messages: list[tuple[int, int, str]] = []
        self._lock, self._numbers = threading.Lock(), itertools.count()
        self._tables: dict[str, MemoryTable] = defaultdict(MemoryTable)
        self._item = Automation(workspace_id=W, id="main", user_id="u", user_key="ann", name="main", live_version="v")
        self._version = Version(workspace_id=W, id="v", automation_id="main", is_published=True, hash="h")
        clock.use(lambda: self.now_ms)
        for name in ("get", "put", "update", "delete", "query"):
            patch.setattr(Table, name, self._through(name))
        patch.setattr(queue, "send_many", self._send)
        patch.setattr(queue, "send", lambda name, body, delay_s=0: self._send(name, [Letter(body, delay_s)]))
        patch.setattr(queue, "hide", self._hide)
        patch.setattr(loading, "is_there", lambda *_: True)
        patch.setattr(loading, "definition", lambda *_: {"steps": self.steps})
        for function in ("send", "settle", "flush"):  # they hold on to the queue's own function by default
            patch.setattr(f"chalicelib.durable.outbox.{function}.__defaults__", (self._send,))

    def _through(self, name: str) -> Callable[..., Any]:
        def call(table: Table, *args: Any, **more: Any) -> Any:
            more.pop("consistent", None)
            with self._lock:
                return getattr(self._tables[table.short_name], name)(*args, **more)

        return call

    def _send(self, name: str, letters: Sequence[Letter]) -> None:
        assert name == queues.ADVANCE
        with self._lock:
            for letter in letters:
                at_ms = self.now_ms + int(letter.delay_s * 1000)
                heapq.heappush(self.messages, (at_ms, next(self._numbers), json.dumps(letter.body)))

    def _hide(self, _name: str, receipt: str, seconds: float) -> None:
        raise AssertionError(f"message {receipt} came too early or in vain, by {seconds} s")

    def begin(self, key: str, given: Any) -> str:
        """Store one execution and send for it; give its id."""
        execution = starts.derived(W, "main", NOON_MS, key)
        starts.create_queued(starts.of_version(self._item, self._version, execution, "api", given))
        return execution

    def work(self) -> None:
        """Hand over what is visible now."""
        while self.messages and self.messages[0][0] <= self.now_ms:
            records = []
            while self.messages and self.messages[0][0] <= self.now_ms and len(records) < 10:
                _, number, body = heapq.heappop(self.messages)
                seen = {"attributes": {"ApproximateReceiveCount": "1"}}
                records.append({"messageId": str(number), "receiptHandle": str(number), "body": body, **seen})
            assert workers.advance({"Records": records}, None) == {"batchItemFailures": []}

    def tick(self) -> None:
        """Let the schedule of a minute run."""
        fields = ("version", "account", "region", "detail-type", "source", "time", "id")
        workers.tick(dict.fromkeys(fields, "") | {"detail": {}, "resources": []}, None)

    def go_on(self, dues: list[int]) -> None:
        """Move the clock to what happens next: a message, or a tick. `dues`, a heap, says when waits are to end.

        Ticks are ten minutes apart while nothing comes due, which is less than they look ahead.
        """
        while dues and dues[0] < self.now_ms:
            heapq.heappop(dues)
        is_quiet = not dues or dues[0] > self.now_ms + QUIET_MS + 15 * MINUTE_MS
        pause_ms = QUIET_MS if is_quiet else MINUTE_MS
        tick_ms = (self.now_ms // pause_ms + 1) * pause_ms
        self.now_ms = min(tick_ms, self.messages[0][0]) if self.messages else tick_ms

    def row(self, execution: str) -> Row:
        """Read an execution."""
        return self._tables["work"].rows[Key(*models.execution_key(W, execution))]

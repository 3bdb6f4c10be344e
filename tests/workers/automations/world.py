"""The engine over a table, a queue and a clock in memory, killed at any of its calls to them."""

from __future__ import annotations

import itertools
import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from chalicelib.adapters import http_client, queue
from chalicelib.adapters.http_client import Headers, Request, Response
from chalicelib.adapters.queue import Letter
from chalicelib.automations import effects, events, loading, models, queues, starts, workers
from chalicelib.automations.effects import Done, Work
from chalicelib.automations.models import Automation, Version
from chalicelib.core import clock
from chalicelib.durable.steps import ENDED
from chalicelib.storage.expressions import Change, Condition, Row
from chalicelib.storage.table import Key, Page, Table
from tests.fakes.table import FakeTable

W, NOON_MS, MINUTE_MS = "w1", 1_767_268_800_000, 60_000
VISIBLE_MS = 60_000
HANDLERS = {
    queues.ADVANCE: workers.advance,
    queues.BACKLOG: workers.advance_backlog,
    queues.EVENT: workers.spread_event,
}


class Crash(BaseException):
    """The process ends here."""


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
    """One workspace; `kill_at` says before or after which call the worker dies."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.now_ms, self.kill_at, self.point = NOON_MS, -1, 0
        self.lock = threading.Lock()
        self.tables: dict[str, MemoryTable] = defaultdict(MemoryTable)
        self.messages: list[dict[str, Any]] = []
        self.numbers = itertools.count()
        self.calls: dict[str, list[str]] = defaultdict(list)
        self.kills = 0
        self.last: tuple[str, str] = ("", "")
        self.definitions: dict[str, dict[str, Any]] = {}
        self._install(patch)

    def _install(self, patch: pytest.MonkeyPatch) -> None:
        clock.use(lambda: self.now_ms)
        for name in ("get", "put", "update", "delete", "query"):
            patch.setattr(Table, name, self._through(name))
        patch.setattr(Table, "write_many", self._write_many)
        patch.setattr(queue, "send_many", lambda name, letters: self._guarded(name, lambda: self._send(name, letters)))
        patch.setattr(queue, "send", lambda name, body, delay_s=0: queue.send_many(name, [Letter(body, delay_s)]))
        patch.setattr(queue, "hide", self._hide)
        patch.setattr(http_client, "send", self._http)
        patch.setitem(effects._KINDS, "action", self._act)
        patch.setitem(effects._KINDS, "condition", self._act)
        patch.setattr(loading, "definition", lambda _w, automation_id, *_: self.definitions[automation_id])
        patch.setattr(Automation, "find_either", lambda _w, name, **_: self.automation(name))
        patch.setattr(starts, "live_version", lambda item: self.version(item))
        for function in ("send", "settle", "flush"):  # they hold on to the queue's own function by default
            by = (lambda name, letters: queue.send_many(name, letters),)
            patch.setattr(f"chalicelib.durable.outbox.{function}.__defaults__", by)

    # --- what the engine calls --------------------------------------------------------------------------------

    def _guarded(self, name: str, does: Callable[[], Any]) -> Any:
        self._pass(name, "before")
        result = does()
        self._pass(name, "after")
        return result

    def _pass(self, name: str, side: str) -> None:
        with self.lock:
            is_here, self.point = self.point == self.kill_at, self.point + 1
            if is_here:
                self.kills, self.last = self.kills + 1, (name, side)
        if is_here:
            raise Crash(name)

    def _through(self, name: str) -> Callable[..., Any]:
        def call(table: Table, *args: Any, **more: Any) -> Any:
            more.pop("consistent", None)
            inner = self.tables[table.short_name]
            if more.get("index"):  # the sweep's own walk, whose deaths tests/unit/durable looks into
                return self._locked(inner.query, *args, **more)
            return self._guarded(name, lambda: self._locked(getattr(inner, name), *args, **more))

        return call

    def _locked(self, does: Callable[..., Any], *args: Any, **more: Any) -> Any:
        with self.lock:
            return does(*args, **more)

    def _write_many(self, table: Table, rows: Sequence[Row] = (), deletes: Sequence[Key] = ()) -> None:
        for key in deletes:
            self.tables[table.short_name].delete(key)

    def _send(self, name: str, letters: Sequence[Letter]) -> None:
        for letter in letters:
            number = str(next(self.numbers))
            at_ms = self.now_ms + int(letter.delay_s * 1000)
            self.messages.append({"id": number, "queue": name, "body": letter.body, "at": at_ms, "n": 0})

    def _hide(self, _name: str, receipt: str, seconds: float) -> None:
        for message in self.messages:
            if message["id"] == receipt:
                message["at"] = self.now_ms + max(1, int(seconds * 1000))

    def _http(self, _workspace: str, request: Request) -> Response:
        def does() -> Response:
            self.calls[f"{request.method} {request.url}"].append(request.headers["Idempotency-Key"])
            return Response(200, Headers([("content-type", "application/json")]), b'{"ok": 1}', False, 1.0, request.url)

        return self._guarded("http", does)

    def _act(self, work: Work) -> Done:
        def does() -> Done:
            self.calls[f"{work.kind} {work.step['id']}"].append(work.key)
            return Done({"did": work.step["id"]})

        return self._guarded(work.kind, does)

    # --- what happens -----------------------------------------------------------------------------------------

    def automation(self, name: str) -> Automation:
        return Automation(workspace_id=W, id=name, user_id="u", user_key="ann", name=name, live_version="v")

    def version(self, item: Automation) -> Version:
        return Version(workspace_id=W, id="v", automation_id=item.id, is_published=True, hash="h")

    def define(self, name: str, steps: list[Any]) -> None:
        self.definitions[name] = {"steps": steps}

    def begin(self, name: str, key: str = "1", given: Any = None) -> str:
        item = self.automation(name)
        execution = starts.derived(W, name, NOON_MS, key)
        self.insist(
            lambda: starts.create_queued(starts.of_version(item, self.version(item), execution, "api", given or {}))
        )
        return execution

    def insist(self, does: Callable[[], Any]) -> None:
        """A caller repeats what was not answered."""
        try:
            does()
        except Crash:
            does()

    def tell(self, execution: str, name: str, payload: Any = None) -> None:
        def does() -> None:
            table = Table("work")
            table.put(models.event_row(W, execution, f"event-{name}", name, payload))
            events.ring(W, execution, f"event-{name}")

        self.insist(does)

    def row(self, execution: str) -> Row:
        return self.tables["work"].rows[models.execution_key(W, execution)]

    def step(self) -> bool:
        """Hand over one message that is visible; a worker that dies leaves it hidden."""
        visible = [one for one in self.messages if one["at"] <= self.now_ms]
        if not visible:
            return False
        message = min(visible, key=lambda one: (one["at"], int(one["id"])))
        message["at"], message["n"] = self.now_ms + VISIBLE_MS, message["n"] + 1
        record = {
            "messageId": message["id"],
            "receiptHandle": message["id"],
            "body": _text(message["body"]),
            "attributes": {"ApproximateReceiveCount": str(message["n"])},
        }
        try:
            answer = HANDLERS[message["queue"]]({"Records": [record]}, None)
        except Crash:
            return True
        if not answer["batchItemFailures"]:
            self.messages.remove(message)
        return True

    def tick(self) -> None:
        fields = ("version", "account", "region", "detail-type", "source", "time", "id")
        try:
            workers.tick(dict.fromkeys(fields, "") | {"detail": {}, "resources": []}, None)
        except Crash:
            return

    def settle(self, until: Callable[[], bool], minutes: int = 60) -> None:
        """Let messages and minutes pass until it is so."""
        for _ in range(minutes):
            while self.step():
                continue
            if until():
                return
            self.now_ms += MINUTE_MS
            self.tick()
        raise AssertionError("it never came to be")

    def has_ended(self, execution: str) -> bool:
        return self.row(execution)["st"] in ENDED


def _text(body: Any) -> str:
    import json

    return json.dumps(body)


__all__ = ["Change", "Condition", "Crash", "World"]

"""Journeys over tables, queues and a clock in memory, killed at any of their calls to them."""

from __future__ import annotations

import heapq
import itertools
import json
import random
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pytest

from chalicelib.adapters import http_client, queue
from chalicelib.adapters.http_client import Headers, Request, Response
from chalicelib.adapters.queue import Letter
from chalicelib.core import cache, clock, ids
from chalicelib.durable import ingest
from chalicelib.journeys import connectors, entering, lifecycle, queues, removing, sending, throttle, workers
from chalicelib.journeys import counters as nouns
from chalicelib.journeys import graphs as stored_graphs
from chalicelib.journeys.entering import Entered, Entry
from chalicelib.journeys.models import automations as stored
from chalicelib.journeys.models import contents, counters, profiles, tokens, waits
from chalicelib.journeys.models.automations import Automation
from chalicelib.journeys.models.contents import Content
from chalicelib.journeys.models.nodes import Node
from chalicelib.journeys.rules import entry
from chalicelib.journeys.rules.lifecycle import Status
from chalicelib.journeys.rules.tokens import Group, Reason, group_of
from chalicelib.storage import table
from chalicelib.storage.expressions import Change, Condition, Row
from chalicelib.storage.table import Key, Page, Table, TransactionFailed, Write
from chalicelib.storage.tables import JOURNEYS
from tests.fakes.table import FakeTable

W, N, NOON_MS, MINUTE_MS = "w1", "11111111-0000-4000-8000-000000000000", 1_767_268_800_000, 60_000
VISIBLE_MS = 60_000
MOST_DOC_BYTES = 390_000  # names and numbers of a row take the rest of its 400 KB
TICK_MS = 10 * MINUTE_MS
HANDLERS = {
    queues.STEP: workers.journeys_step,
    queues.EVENT: workers.journeys_event,
    queues.JOB: workers.journeys_job,
    queues.LIFECYCLE: workers.journeys_lifecycle,
}
BATCH = {queues.JOB: 1, queues.LIFECYCLE: 1}


class Crash(BaseException):
    """The process ends here."""


class MemoryTable(FakeTable):
    """FakeTable with the queries of a partition; partitions are kept apart, so that many rows stay quick."""

    def __init__(self) -> None:
        super().__init__()
        self.partitions: dict[str, set[str]] = defaultdict(set)

    def _once(self, key: Key, condition: Condition | None, what: Row | Change | None) -> Row | None:
        made = super()._once(key, condition, what)
        (self.partitions[key.pk].add if made is not None else self.partitions[key.pk].discard)(key.sk)
        return made

    def query(self, pk: str, **how: Any) -> Page:
        if how.get("index"):
            return super().query(pk, between=how.get("between"), limit=how.get("limit"), index=how["index"])
        low, high = how.get("between") or ("", "\uffff")
        prefix, after, down = how.get("prefix", ""), how.get("after"), bool(how.get("newest_first"))
        names = sorted((sk for sk in self.partitions[pk] if sk.startswith(prefix) and low <= sk <= high), reverse=down)
        if after is not None:
            names = [sk for sk in names if (sk < after.sk if down else sk > after.sk)]
        limit, condition = how.get("limit"), how.get("condition")
        rows = [self.rows[Key(pk, sk)] for sk in names[:limit]]
        last = Key(pk, names[limit - 1]) if limit is not None and len(names) > limit else None
        return Page([row for row in rows if condition is None or condition.holds(row)], last)


class World:
    """One node of one workspace; `kill_at` says before or after which call the worker dies."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.now_ms, self.kill_at, self.point, self.kills = NOON_MS, -1, 0, 0
        self.lock = threading.RLock()
        self.tables: dict[str, MemoryTable] = defaultdict(MemoryTable)
        self.messages: list[tuple[int, int, str, str, int]] = []
        self.numbers = itertools.count(1)
        self.writes: Counter[str] = Counter()
        self.mails: dict[str, list[sending.Mail]] = defaultdict(list)
        self.calls: dict[str, list[Request]] = defaultdict(list)
        self.refuse: Callable[[str], Exception | None] = lambda _key: None
        self.answer: Callable[[Request], int] = lambda _request: 200
        self.doubles, self.ticks = 0, False
        self.hidden: dict[str, float] = {}
        self._before_transaction: Callable[[], Any] | None = None
        self._install(patch)
        self.node = Node(workspace_id=W, id=N, name="shop", active=True, email_active=True, sms_active=True)
        self.node.insert()
        Content.new(W, id=contents.id_of(7), node=N, kind=contents.MAIL, name="news", fields={}).insert()
        self.tick()

    # --- what stands in for the cloud ---------------------------------------------------------------------------

    def _install(self, patch: pytest.MonkeyPatch) -> None:
        throttle.forget()
        patch.setenv("MILLRACE_JOURNEYS_MAILS_PER_S", "100000")
        cache.forget_all()
        clock.use(lambda: self.now_ms)
        for name in ("get", "put", "update", "delete", "query"):
            patch.setattr(Table, name, self._through(name))
        patch.setattr(Table, "get_many", lambda own, keys, **_: self._get_many(own, keys))
        patch.setattr(Table, "write_many", lambda own, rows=(), deletes=(): self._write_many(own, rows, deletes))
        patch.setattr(table, "transact", self._transact)
        for module in ("chalicelib.storage.item", "chalicelib.journeys.models.automations"):
            patch.setattr(f"{module}.transact", self._transact)
        patch.setattr(queue, "send_many", lambda name, letters: self._guarded(lambda: self._send(name, letters)))
        patch.setattr(queue, "send", lambda name, body, delay_s=0: queue.send_many(name, [Letter(body, int(delay_s))]))
        patch.setattr(queue, "hide", lambda _name, receipt, seconds: self.hidden.update({receipt: seconds}))
        patch.setattr(sending, "mail", self._mail)
        patch.setattr(http_client, "send", self._http)
        patch.setattr(connectors, "of_type", lambda *_, **__: None)
        patch.setattr("chalicelib.journeys.marks.identity.deployment_secret", lambda purpose: purpose.encode())

    def _guarded(self, act: Callable[[], Any]) -> Any:
        with self.lock:
            if self.ticks:
                return act()
            self.point += 1
            if self.point == self.kill_at:
                self.kills += 1
                raise Crash
            done = act()
            self.point += 1
            if self.point == self.kill_at:
                self.kills += 1
                raise Crash
            return done

    def _through(self, name: str) -> Callable[..., Any]:
        def call(own: Table, *args: Any, **more: Any) -> Any:
            more.pop("consistent", None)
            if name in ("put", "update", "delete"):
                self.writes[own.short_name] += 1
            return self._guarded(lambda: getattr(self.tables[own.short_name], name)(*args, **more))

        return call

    def _get_many(self, own: Table, keys: Iterable[Key]) -> dict[Key, Row]:
        rows = self.tables[own.short_name].rows
        return self._guarded(lambda: {key: rows[key] for key in dict.fromkeys(keys) if key in rows})

    def _write_many(self, own: Table, rows: Iterable[Row], deletes: Iterable[Key]) -> None:
        rows, deletes = list(rows), list(deletes)
        self.writes[own.short_name] += len(rows) + len(deletes)

        def act() -> None:
            for row in rows:
                self.tables[own.short_name].put(row)
            for key in deletes:
                self.tables[own.short_name].delete(key)

        if rows or deletes:
            self._guarded(act)

    def _transact(self, writes: Sequence[Write], token: str) -> None:
        assert len(writes) <= table.TRANSACT
        keys = [self._key(write) for write in writes]
        assert len(set(keys)) == len(keys), "a transaction may name an item once"
        written = [write.row or (write.change.put if write.change else {}) for write in writes]
        docs = [len(json.dumps(one.get("doc"), ensure_ascii=False).encode()) for one in written]
        assert max(docs) <= MOST_DOC_BYTES and sum(docs) <= 4_000_000, "an item has 400 KB, a transaction 4 MB"
        self.writes["journeys"] += 2 * len(writes)
        act, self._before_transaction = self._before_transaction, None
        if act is not None:
            act()
        self._guarded(lambda: self._together(writes, keys))

    def _together(self, writes: Sequence[Write], keys: list[Key]) -> None:
        failed: dict[int, Row | None] = {}
        for position, (write, key) in enumerate(zip(writes, keys, strict=True)):
            row = self.tables[write.table.short_name].rows.get(key)
            if write.condition is not None and not write.condition.holds(row):
                failed[position] = row
        if failed:
            raise TransactionFailed(failed)
        for write, key in zip(writes, keys, strict=True):
            own = self.tables[write.table.short_name]
            if write.row is not None:
                own.put(write.row)
            elif write.change is not None:
                own.update(key, write.change)
            elif not write.is_check:
                own.delete(key)

    def _key(self, write: Write) -> Key:
        return write.key if write.key is not None else Key(write.row["pk"], write.row["sk"])  # type: ignore[index]

    def _send(self, name: str, letters: Iterable[Letter]) -> None:
        for letter in letters:
            assert 0 <= letter.delay_s <= queue.MAX_DELAY_S
            at_ms = self.now_ms + int(letter.delay_s) * 1000
            heapq.heappush(self.messages, (at_ms, next(self.numbers), name, json.dumps(letter.body), 0))

    def _mail(self, _workspace: str, _node: str, letter: sending.Mail) -> sending.Accepted:
        """A provider that honours keys: a repeat is told apart and goes out once."""
        error = self.refuse(letter.key)
        if error is not None:
            raise error

        def act() -> None:
            self.doubles += letter.key in self.mails
            self.mails[letter.key].append(letter)

        self._guarded(act)
        return sending.Accepted("fake", "", letter.key)

    def _http(self, _workspace: str, request: Request) -> Response:
        key = str(request.headers.get("Idempotency-Key") or request.url)
        self._guarded(lambda: self.calls[key].append(request))
        return Response(self.answer(request), Headers(), b"", False, 1.0, request.url)

    # --- what tests do ------------------------------------------------------------------------------------------

    def automation(self, graph: dict[str, Any], **fields: Any) -> Automation:
        """Make an automation that runs, unless `status` says otherwise."""
        head = Automation.new(W, node=N, **{"name": "journey", "status": "RUNNING", **fields})
        head.has_trigger = bool(graph.get("triggerEvents"))
        stored.store_graph(head, graph)
        head.insert()
        cache.forget_all()
        return head

    def move(self, head: Automation, to: str, *, removes: bool = False) -> Automation:
        """Lead an automation to a status, as a client does."""
        now = self.head(head)
        before = now.state
        lifecycle.move(now, Status(to), removes=removes)
        lifecycle.store(now, before)
        lifecycle.settle(now)
        return self.head(head)

    def change(self, head: Automation, graph: dict[str, Any]) -> Automation:
        """Give an automation another graph, as a client does who saved it."""
        now = self.head(head)
        stored_graphs.put(now, graph, 1, now.graph)
        now.edition += 1
        now.save()
        stored_graphs.sweep_up(now)
        stored.forget()
        return now

    def head(self, head: Automation) -> Automation:
        """Read an automation as it is."""
        found = stored.load(W, N, head.id, fresh=True)
        assert found is not None
        return found

    def enter(self, head: Automation, *names: str, **attributes: str) -> list[Entered]:
        """Let customers in, each with an address made of a name."""
        made = []
        for name in names:
            given = {"email": f"{name}@example.com", "name": name, **attributes}
            who = entry.identity_of(None, None, given)
            assert who is not None
            made.append(Entry(ids.derived_uuid(W, "test", head.id, f"{name}{next(self.numbers)}"), who, given))
        return entering.enter(self.head(head), made)

    def happen(self, name: str, kind: str, *, spread: bool = True, email: str = "", **properties: Any) -> None:
        """Take an event in as the API does; `spread` works on it at once."""
        event = {"id": name, "eventType": kind, "context": None, "properties": properties, "at": self.now_ms}
        event["occurredAt"] = clock.iso_ms(self.now_ms)
        where = waits.event_key(W, N, name)
        doc = {"event": event, "who": {"mail": email}, "taken": self.now_ms}
        row = {**where._asdict(), "h": name, "doc": doc, "exp": self.now_ms // 1000 + waits.REPEATS_S}
        body = {"w": W, "n": N, "e": name}
        ingest.accept(JOURNEYS, row, self.now_ms // 1000, lambda _row: queue.send(queues.EVENT, body))
        if spread:
            self.work()

    def identity(self, name: str) -> entry.Identity:
        """Give who enters under a name."""
        return entry.Identity(email=f"{name}@example.com")

    def profile(self, name: str, doc: dict[str, Any]) -> None:
        """Keep a profile."""
        profiles.change(W, N, [name], lambda _before: doc)

    def switch(self, *, active: bool) -> None:
        """Switch the node on or off, as a client does."""
        node = Node.find(W, id=N)
        node.active, node.is_owed = active, True
        node.save()
        cache.forget_all()

    def shuffle(self, seed: int) -> None:
        """Let the queues forget the order of what is in them."""
        chance = random.Random(seed)
        self.messages = [(at, chance.randrange(10**9), *rest) for at, _, *rest in self.messages]  # type: ignore[misc]
        heapq.heapify(self.messages)

    def again(self, name: str) -> None:
        """Deliver the message of an event once more."""
        queue.send(queues.EVENT, {"w": W, "n": N, "e": name})
        self.work()

    def remove(self, token: str) -> None:
        """Take a token out, as the API does."""
        removing.remove([self.token(token)], Reason.REMOVED_BY_API)

    def wake(self, token: str) -> None:
        """Send the message of a token."""
        queue.send(queues.STEP, {"w": W, "n": N, "t": token})

    def name_of(self, row: Row) -> str:
        """Give the uuid of a token."""
        return tokens.parts_of(row["pk"])[2]

    def between_reads_and_writes(self, act: Callable[[], Any]) -> None:
        """Let something happen right before the next transaction."""
        self._before_transaction = act

    def during_mail(self, act: Callable[[], Any]) -> None:
        """Let something happen while the next mail is under way."""

        def once(_key: str) -> None:
            self.refuse = lambda _key: None
            act()

        self.refuse = once

    def token(self, entered: Entered | str) -> Row:
        """Read a token."""
        name = entered if isinstance(entered, str) else entered.token
        return self.tables["journeys"].rows[tokens.key(W, N, name)]

    def tokens_of(self, head: Automation) -> list[Row]:
        """Read every token of an automation, whatever the lists say."""
        rows = self.tables["journeys"].rows.values()
        return [row for row in rows if "#TOK#" in row["pk"] and row["sk"] == "T" and row["a"] == head.id]

    def work(self, *, deliver_twice: Callable[[], bool] = lambda: False) -> None:
        """Hand over what is visible now, until nothing is."""
        while self.messages and self.messages[0][0] <= self.now_ms:
            name = self.messages[0][2]
            taken = []
            while self.messages and self.messages[0][0] <= self.now_ms and len(taken) < BATCH.get(name, 10):
                if self.messages[0][2] != name:
                    break
                taken.append(heapq.heappop(self.messages))
            self._deliver(name, taken + [one for one in taken if name == queues.STEP and deliver_twice()])

    def _deliver(self, name: str, taken: list[tuple[int, int, str, str, int]]) -> None:
        records = [
            {
                "messageId": f"{place}",
                "receiptHandle": f"{place}",
                "body": body,
                "attributes": {"ApproximateReceiveCount": str(receives + 1)},
            }
            for place, (_, _, _, body, receives) in enumerate(taken)
        ]
        self.hidden, before = {}, self.hidden
        try:
            answer = HANDLERS[name]({"Records": records}, None)
        except Crash:
            failed = set(range(len(taken)))
            cache.forget_all()
        else:
            failed = {int(one["itemIdentifier"]) for one in answer["batchItemFailures"]}
        for place in failed:
            _, number, _, body, receives = taken[place]
            hidden_ms = int(max(1.0, self.hidden.get(f"{place}", 2.0)) * 1000)
            later = self.now_ms + (VISIBLE_MS if self.kill_at == self.point else hidden_ms)
            heapq.heappush(self.messages, (later, next(self.numbers) if number else 0, name, body, receives + 1))
        self.hidden = before

    def tick(self) -> None:
        """Let the schedule of a minute run."""
        fields = ("version", "account", "region", "detail-type", "source", "time", "id")
        self.ticks = True  # a sweep that falls is the business of tests/unit/durable
        workers.journeys_tick(dict.fromkeys(fields, "") | {"detail": {}, "resources": []}, None)
        self.ticks = False

    def run_until(self, at_ms: int, *, ticks: bool = True, **how: Any) -> None:
        """Let time pass: messages come when they are due, ticks ten minutes apart, less than they look ahead."""
        self.work(**how)
        while self.now_ms < at_ms:
            following = (self.now_ms // TICK_MS + 1) * TICK_MS
            if self.messages:
                following = min(following, self.messages[0][0])
            self.now_ms = min(at_ms, max(following, self.now_ms + 1))
            if ticks and self.now_ms % TICK_MS == 0:
                self.tick()
            self.work(**how)

    def run_for(self, seconds: float, **how: Any) -> None:
        """Let some seconds pass."""
        self.run_until(self.now_ms + int(seconds * 1000), **how)

    # --- what must hold -----------------------------------------------------------------------------------------

    def counted(self, head: Automation) -> dict[str, Counter[str]]:
        """Read the counters of an automation."""
        return counters.read(W, N, head.id)

    def check_counters(self, head: Automation) -> None:
        """Hold the counters to the tokens there really are."""
        counted, rows = self.counted(head), self.tokens_of(head)
        whole = counted.pop(counters.WHOLE, Counter())
        standing = Counter(row["s"] for row in rows if group_of(row["st"]) is Group.RUNNING)
        ended = Counter(group_of(row["st"]) for row in rows)
        assert whole["total"] == len(rows)
        assert (whole["completed"], whole["error"], whole["other"]) == (
            ended[Group.COMPLETED],
            ended[Group.ERROR],
            ended[Group.OTHER],
        )
        for step in counted.keys() | standing.keys():
            own = counted.get(step, Counter())
            assert nouns.standing(own) == standing[step], step
            assert min(own.values()) >= 0
        entered = sum(own["entered"] for own in counted.values())
        assert entered == len(rows) + sum(own["passed"] for own in counted.values()) - ended[Group.COMPLETED]

"""Load on connectors: events to subscriptions well and ill, actions, automations that wait, repeat and call, polls."""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

from tests.chaos.sinks import RETRY_AFTER_S, Ill, Received, Reply, Sink, Sinks
from tests.chaos.store import Row, Store
from tests.chaos.surfaces import interactor_scene as scene
from tests.chaos.surfaces.base import CONFLICT, Client

KEY, WORKSPACE, USER = "chaos", "chaos", "ada"
OF_USER = f"?userId={USER}"
PAGE = 5
LOOKED_AT = 60  # executions under way that are asked for at one look
RECORD_EVERY = 20
CYCLE = ("event", "start", "event", "sync", "event", "async", "event", "start", "risky", "tell")


class Interactor:
    """The surface of connectors and automations. `ill_s` is how long its twelve ill receivers stay ill (None: none)."""

    name = "interactor"

    def __init__(self, url: str, sinks: Sinks, *, ill_s: float | None = 4.0) -> None:
        self.client, self.sinks, self.ill_s = Client(url, {"api_key": KEY}), sinks, ill_s
        self.service = f"shop-{secrets.token_hex(3)}"
        self.events: dict[str, dict[int, float]] = {"order.placed": {}, "order.risky": {}}  # number -> when accepted
        self.sync: set[int] = set()
        self.subscriptions: dict[str, Sink] = {}
        self.started: dict[str, int] = {}  # execution -> number
        self.alone: dict[str, int] = {}
        self.records: list[dict[str, Any]] = []
        self._done: set[str] = set()
        self._failed: list[str] = []
        self._told: set[str] = set()
        self._guard = threading.Lock()

    # --- before -----------------------------------------------------------------------------------------------------

    def prepare(self) -> None:
        """Make a service with everything, receivers well and ill, and automations."""
        self.effects = self.sinks.sink("/interactor/effects", answers=_created)
        self.source = self.sinks.sink("/interactor/source", answers=self._page)
        scene.build(self.client, self.service, self.effects.url, self.source.url)
        self.good = self._subscribed("order.placed", "/interactor/good")
        self.polled = self._subscribed("changed", "/interactor/polled")
        self.ill = {}
        if self.ill_s is not None:
            for ill in Ill:
                self.ill[ill] = self._subscribed("order.risky", f"/interactor/{ill.name.lower()}", ill)
        self.hook = scene.hook_path(self.client, self.service)
        self.main = scene.automation(self.client, "main", scene.main(self.service, self.effects.url))
        scene.feed(self.client, self.service, self.effects.url)

    def _subscribed(self, trigger: str, path: str, ill: Ill | None = None) -> Sink:
        sink = self.sinks.sink(path, ill=ill, for_s=self.ill_s or 0.0)
        address = f"/v1/service/{self.service}/trigger/{trigger}/subscription{OF_USER}"
        made = self.client.post(address, {"url": sink.url})
        sink.secret = made["secret"]
        self.subscriptions[made["id"]] = sink
        return sink

    def _page(self, asked: Received) -> Reply:
        after = int(parse_qs(asked.query).get("after", ["0"])[0])
        page = self.records[after : after + PAGE]
        end = after + len(page)
        answer = {"records": page, "cursor": end, "more": end < len(self.records), "emit": True}
        return 200, {"Content-Type": "application/json"}, json.dumps(answer).encode()

    # --- load -------------------------------------------------------------------------------------------------------

    def act(self, number: int) -> None:
        """Do what is next in the cycle."""
        kind = CYCLE[number % len(CYCLE)]
        if kind in ("event", "risky"):
            self._notify("order.risky" if kind == "risky" and self.ill else "order.placed", number)
        elif kind == "tell":
            self._tell_all()
        else:
            self._begin(kind, number)
        if number % RECORD_EVERY == 0:
            with self._guard:
                self.records.append({"id": f"record-{len(self.records)}"})

    def _notify(self, trigger: str, number: int) -> None:
        headers = {"X-Delivery-Id": f"{self.service}-{number}"}
        started = time.monotonic()
        self.client.send("POST", self.hook, {"number": number, "trigger": trigger}, headers).ok()
        self.events[trigger][number] = started

    def _begin(self, kind: str, number: int) -> None:
        key = f"{self.service}-{kind}-{number}"
        if kind == "start":
            body, later = {"input": {"n": number}}, {"Prefer": "respond-async"}
            found = self.client.send("POST", f"{self.main}/execute", body, later, key).ok()
            self.started[found["executionId"]] = number
            return
        path = f"/v1/service/{self.service}/action/call/execute{OF_USER}"
        if kind == "async":
            found = self.client.send("POST", f"{path}&async=true", {"n": number, "at": "async"}, None, key).ok()
            self.alone[found["executionId"]] = number
            return
        found = self.client.send("POST", path, {"n": number, "at": "sync"}, None, key).ok()
        assert found["output"]["n"] == number, found
        self.sync.add(number)

    def _tell_all(self) -> None:
        """Send those that wait what they wait for: to the one, or to whoever waits for it."""
        for execution, number in self.started.copy().items():
            if execution in self._told:
                continue
            event = {"name": "go", "payload": {"n": number}}
            key = f"{self.service}-go-{number}"
            if number % 4:
                answer = self.client.send("POST", f"/v1/execution/{execution}/event{OF_USER}", event, None, key)
                if answer.status != CONFLICT:  # it has ended since: an earlier try reached it, and its answer was lost
                    answer.ok()
            elif scene.waits_for_event(self._read(execution)):
                self.client.send("POST", f"/v1/event{OF_USER}", event, None, key).ok()
            else:
                continue
            self._told.add(execution)

    # --- settling ---------------------------------------------------------------------------------------------------

    def accepted(self) -> int:
        """Count what was accepted."""
        events = sum(map(len, self.events.values()))
        return events + len(self.sync) + len(self.started) + len(self.alone) + len(self.records)

    def owed(self) -> int:
        """Count deliveries, effects and executions that are not there yet."""
        self._tell_all()
        missing = sum(len(self._missing(sink, wanted)) for sink, wanted in self._deliveries())
        missing += len(set(self.events["order.placed"]) - self._effects_of("fed"))
        return missing + self._running()

    def _running(self) -> int:
        """Count executions not seen to have ended; asks for as many as end, and LOOKED_AT that did not."""
        unknown = [one for one in (*self.started.copy(), *self.alone.copy()) if one not in self._done]
        going = 0
        for execution in unknown:
            state = self._read(execution)["state"]
            if state in ("done", "failed", "cancelled"):
                self._done.add(execution)
                if state != "done":
                    self._failed.append(f"execution {execution} ended as {state}")
            else:
                going += 1
            if going == LOOKED_AT:
                break
        return len([one for one in unknown if one not in self._done])

    def _deliveries(self) -> list[tuple[Sink, set[Any]]]:
        """Say what every receiver is owed."""
        risky: set[Any] = set(self.events["order.risky"])
        records: set[Any] = {record["id"] for record in self.records}
        ill = [(sink, risky) for kind, sink in self.ill.items() if kind is not Ill.GONE]
        return [(self.good, set(self.events["order.placed"])), (self.polled, records), *ill]

    def _missing(self, sink: Sink, wanted: set[Any]) -> set[Any]:
        return wanted - set(ids_by_content(sink))

    def _effects_of(self, place: str) -> set[int]:
        found = [json.loads(one.body) for one in list(self.effects.received) if one.path.endswith(f"/{place}")]
        return {one["n"] for one in found}

    def _read(self, execution: str) -> Any:
        return self.client.get(f"/v1/execution/{execution}{OF_USER}")

    # --- afterwards -------------------------------------------------------------------------------------------------

    def seen(self) -> tuple[int, int]:
        """Count messages and effects that came, and those that came again under the same id."""
        sinks = [self.good, self.polled, *self.ill.values()]
        ids: Counter[tuple[str, str]] = Counter()
        for sink in sinks:
            ids.update({(sink.path, name): times for name, times in sink.ids().items()})
        ids.update((one.path, one.key) for one in self.effects.received)
        return ids.total(), ids.total() - len(ids)

    def ms_to_good(self) -> list[float]:
        """Give how long each event took from being sent until the healthy receiver had it, in order."""
        first = {}
        for one in reversed(list(self.good.received)):
            first[content_of(one)] = one.at
        placed = self.events["order.placed"]
        return sorted((first[number] - at) * 1000 for number, at in placed.items() if number in first)

    def audit(self, store: Store) -> list[str]:
        """Compare what was accepted with what receivers got and what the store says."""
        found = list(self._failed)
        for sink, wanted in self._deliveries():
            found += [f"{sink.path} never got {one}" for one in sorted(self._missing(sink, wanted), key=str)]
            found += two_ids(sink)
            found += [f"{sink.path} got {sink.forged} messages with a wrong signature"] if sink.forged else []
        found += [f"a redirect was followed to {one.path}" for one in self.sinks.strays]
        found += self._audit_effects()
        return found + self._audit_executions(store) + self._audit_deliveries(store) + self._audit_usage()

    def _audit_effects(self) -> list[str]:
        keys: dict[tuple[str, Any], set[str]] = defaultdict(set)
        for one in self.effects.received:
            keys[one.path, json.loads(one.body)["n"]].add(one.key)
        found = [f"{path} of {n} came under {len(seen)} keys" for (path, n), seen in keys.items() if len(seen) > 1]
        wanted = {place: set(self.started.values()) for place in scene.PLACES} | {
            "sync": self.sync,
            "async": set(self.alone.values()),
            "fed": set(self.events["order.placed"]),
        }
        for place, numbers in wanted.items():
            lost = sorted(numbers - self._effects_of(place))
            found += [f"the effect {place} of {number} never happened" for number in lost]
        return found

    def _audit_executions(self, store: Store) -> list[str]:
        rows = {row["sk"]: row for row in store.rows("work", f"{WORKSPACE}#X#")}
        found = [
            f"execution {one} is not in the store"
            for one in (*self.started.copy(), *self.alone.copy())
            if one not in rows
        ]
        ended_otherwise = {name: row for name, row in rows.items() if row["st"] != "DONE"}
        found += [f"execution {name} is {row['st']}: {row.get('err')}" for name, row in ended_otherwise.items()]
        dropped = [row["doc"] for row in store.rows("work", f"{WORKSPACE}#DEAD") if "message" not in row["doc"]]
        found += [f"an event reached nobody: {doc}" for doc in dropped]
        found += [fault for row in rows.values() for fault in faults_of_execution(row)]
        wanted = 2 * len(self.started) + len(self.alone) + len(self.events["order.placed"])
        if len(rows) != wanted:
            found.append(f"{len(rows)} executions for {wanted} causes")
        return found

    def _audit_deliveries(self, store: Store) -> list[str]:
        found = []
        for row in store.rows("delivery", f"{WORKSPACE}#DL#"):
            sink = self.subscriptions[row["pk"].rpartition("#")[2]]
            allowed = {"delivered", "failed", "dropped"} if sink.ill is Ill.GONE else {"delivered"}
            if row["st"] not in allowed:
                found.append(f"the delivery {row['sk']} to {sink.path} is {row['st']}")
            if row["st"] != "pending" and "dueB" in row:
                found.append(f"the delivery {row['sk']} to {sink.path} is over and still due")
        return found

    def _audit_usage(self) -> list[str]:
        used = self.client.get("/v1/usage")["total"]
        wanted = 2 * len(self.started) + len(self.alone) + len(self.events["order.placed"])
        if used["executions"] != wanted or used["done"] != wanted:
            return [f"usage says {used['executions']} executions, {used['done']} done, of {wanted}"]
        return []


def content_of(one: Received) -> Any:
    """Give the number or id that a message carries."""
    data = json.loads(one.body)["data"]
    return data.get("number", data.get("id"))


def ids_by_content(sink: Sink) -> dict[Any, set[str]]:
    """Collect under which message ids a receiver accepted each number."""
    found: dict[Any, set[str]] = defaultdict(set)
    for one in list(sink.good):
        found[content_of(one)].add(one.message_id)
    return found


def two_ids(sink: Sink) -> list[str]:
    """Say what a receiver got under several message ids, in attempts that failed too."""
    found: dict[Any, set[str]] = defaultdict(set)
    for one in list(sink.received):
        found[content_of(one)].add(one.message_id)
    return [f"{sink.path} got {what} under {sorted(ids)}" for what, ids in found.items() if len(ids) > 1]


def early(sink: Sink, is_repeat: Callable[[Received], bool] = lambda _: False) -> list[str]:
    """Say which attempts came before the time that Retry-After asked for."""
    if sink.ill not in (Ill.TOO_MANY, Ill.UNAVAILABLE):
        return []
    last: dict[str, Received] = {}
    found = []
    for one in sorted(sink.received, key=lambda one: one.at):
        before = last.get(one.message_id)
        if before is not None and before.ill is not None and one.at - before.at < RETRY_AFTER_S and not is_repeat(one):
            found.append(f"{sink.path} was asked again {one.at - before.at:.1f} s after Retry-After: {RETRY_AFTER_S}")
        last[one.message_id] = one
    return found


def faults_of_execution(row: Row) -> list[str]:
    """Say what is wrong with the journal of one execution: a transition missing, or a step settled twice."""
    found = []
    held = sorted(map(int, row["memo"]))
    if not row.get("pages") and held != list(range(row["seq"])):
        found.append(f"execution {row['sk']} holds transitions {held} of {row['seq']}")
    seen: Counter[str] = Counter()
    for text in row["memo"].values():
        seen.update(str(record["a"]) for record in _records(text))
    return found + [f"execution {row['sk']} settled {step} {times} times" for step, times in seen.items() if times > 1]


def _records(text: Any) -> list[Any]:
    entry = json.loads(text) if isinstance(text, str | bytes) else text
    return [record for record in entry.get("r", ()) if record.get("z") == "done"]


def _created(_: Received) -> Reply:
    return 201, {"Content-Type": "application/json"}, b'{"ok": true}'

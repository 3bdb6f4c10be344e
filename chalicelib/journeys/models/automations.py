"""Automations: heads, graphs under their hash, and how many of each status a node has."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import orjson

from chalicelib.adapters import blobs
from chalicelib.core import clock, ids
from chalicelib.core.cache import Cached
from chalicelib.core.errors import NotFound, Unavailable, VersionConflict
from chalicelib.durable import due
from chalicelib.durable.due import Timer
from chalicelib.journeys.models import nodes
from chalicelib.journeys.rules import lifecycle
from chalicelib.journeys.rules.graph import Graph
from chalicelib.journeys.rules.lifecycle import Status
from chalicelib.storage.expressions import ABSENT, Change, Row
from chalicelib.storage.item import Item
from chalicelib.storage.table import Key, TransactionFailed, Write, transact
from chalicelib.storage.tables import JOURNEYS

AGE_S = 5
INLINE_BYTES = 100_000
MAX_PAUSES = 50
_LOOKS = 4
_heads: Cached[Automation] = Cached(AGE_S, size=2_000)
_graphs: Cached[Graph] = Cached(600, size=200)


@dataclass(kw_only=True)
class Pause:
    """From when to when an automation stood still (`resumed_at` None: still does), and what resuming did to tokens
    whose time had passed meanwhile: `removes` ends them."""

    paused_at: int
    resumed_at: int | None = None
    removes: bool = False

    def covers(self, due_ms: int) -> bool:
        """Say whether a due time passed during this pause."""
        return self.paused_at <= due_ms and (self.resumed_at is None or due_ms < self.resumed_at)


@dataclass(kw_only=True)
class Automation(Item):
    """The head of an automation; `id` is its uuid. Times are milliseconds.

    `edition` grows with every change a caller can see (the ETag); `revision` with every write. `owes` lists the
    transitions that tokens have not been told of, as [from, to]; `litter` names big values no graph needs any more.
    """

    TABLE, NOUN = JOURNEYS, "automation"
    PARTITION, SORT = "N#{node}", "aut#{id}"

    node: str
    name: str = ""
    category: str = "Custom"
    author: str = ""
    description: str | None = None
    source_description: str | None = None
    status: str = Status.DRAFT
    start_at: int | None = None
    end_at: int | None = None
    timezone: str = "UTC"
    unique_token: bool = False
    has_unguarded: bool = False  # `unique_token` was switched on later: tokens without a guard may be in flight
    remove_action_primary: bool = False
    graph_hash: str = ""
    is_big: bool = False  # the graph itself lies in the store of big values
    size_bytes: int = 0  # of the whole as callers see it
    operations: list[str] = field(default_factory=list)
    has_trigger: bool = False
    entries: int = 1  # steps that have been its entry since it left DRAFT
    started_at: int | None = None  # its first run
    pauses: list[dict[str, Any]] = field(default_factory=list)
    reason: str | None = None  # of its status, when the engine made it
    owes: list[list[str]] = field(default_factory=list)
    litter: list[str] = field(default_factory=list)
    is_asleep: bool = False  # its node is switched off, so no date counts
    edition: int = 1

    def attributes(self) -> Row:
        """Give the status, for conditions, and when the clock has to look at it."""
        timer = self.timer()
        return {"st": self.status, **(timer.attributes if timer else {})}

    def timer(self) -> Timer | None:
        """Say when it wants attention: at once while something is owed, else at the date that comes next."""
        now_ms = clock.now_ms()
        at_ms = now_ms if self.owes else lifecycle.due_ms(self.state, self.start_at, self.end_at)
        if self.is_asleep and not self.owes:
            at_ms = None
        return None if at_ms is None else due.at(nodes.DUE, self.own_key(), at_ms, now_ms)

    @property
    def uuid(self) -> str:
        """The uuid callers know it by."""
        return self.id

    @property
    def state(self) -> Status:
        """Its status."""
        return Status(self.status)

    @property
    def etag(self) -> str:
        """The version for If-Match."""
        return f'"{self.edition}"'

    @property
    def graph(self) -> Graph:
        """Its steps, connections and sources. Raises NotFound when a newer graph has replaced this one."""
        return graph_of(self)

    @property
    def stops(self) -> list[Pause]:
        """Its pauses, the oldest first."""
        return [Pause(**one) for one in self.pauses]

    @property
    def paused_at(self) -> int | None:
        """When it was paused last."""
        return self.stops[-1].paused_at if self.pauses else None

    @property
    def resumed_at(self) -> int | None:
        """When the last pause ended; None while it lasts, and before the first."""
        return self.stops[-1].resumed_at if self.pauses else None

    @property
    def remove_expired_on_resume(self) -> bool:
        """Whether the end of the last pause ended tokens whose time had passed during it."""
        return bool(self.pauses) and self.stops[-1].removes

    def is_overdue(self, due_ms: int) -> bool:
        """Say whether a token due then is ended: its time passed during a pause whose end removes such tokens."""
        return any(stop.removes and stop.resumed_at is not None and stop.covers(due_ms) for stop in self.stops)


def load(workspace_id: str, node: str, automation: str, fresh: bool = False) -> Automation | None:
    """Find an automation, at most 5 s old, or as it is now; None when it is gone."""

    def read() -> Automation | None:
        return Automation.get(workspace_id, node=node, id=automation)

    return read() if fresh else _heads.get((workspace_id, node, automation), read)


def forget() -> None:
    """Drop the heads that are cached: something was written in this process."""
    _heads.forget()


def list_all(workspace_id: str, node: str) -> list[Automation]:
    """Read the heads of a node's automations, the newest first."""
    found = [Automation.from_row(row) for row in JOURNEYS.query_all(nodes.partition(workspace_id, node), prefix="aut#")]
    return sorted(found, key=lambda one: (one.inserted_at, one.id), reverse=True)


# --- graphs ---------------------------------------------------------------------------------------------------------


def graph_of(head: Automation) -> Graph:
    """Read the graph a head names. Raises NotFound when a newer one has replaced it."""
    found = _graphs.get((head.workspace_id, head.id, head.graph_hash), lambda: _read_graph(head))
    if found is None:
        raise NotFound("this graph was replaced; read the automation again")
    return found


def load_big(head: Automation) -> Graph | None:
    """Read a graph that lies in the store of big values; None when it was removed."""
    try:
        return Graph(orjson.loads(blobs.blobs().get(head.workspace_id, head.graph_hash)))
    except NotFound:
        return None


def newest_graph(head: Automation) -> Graph:
    """Read the graph a head names, or the one that has replaced it. Raises NotFound when the automation is gone."""
    for _ in range(_LOOKS):
        try:
            return graph_of(head)
        except NotFound:
            newer = load(head.workspace_id, head.node, head.id, fresh=True)
            if newer is None or newer.graph_hash == head.graph_hash:
                raise
            head = newer
    raise Unavailable("the automation keeps changing; try again")


def _read_graph(head: Automation) -> Graph | None:
    if head.is_big:
        return load_big(head)
    row = JOURNEYS.get(graph_key(head, head.graph_hash))
    return None if row is None else Graph(row["doc"])


def store_graph(head: Automation, content: dict[str, Any]) -> None:
    """Store a graph under its hash and let the head name it; the head itself is not stored here."""
    text = orjson.dumps(content, option=orjson.OPT_SORT_KEYS)
    head.is_big = len(text) > INLINE_BYTES
    if head.is_big:
        head.graph_hash = blobs.blobs().put(head.workspace_id, text)
        return
    head.graph_hash = hashlib.sha256(text).hexdigest()
    JOURNEYS.put({**graph_key(head, head.graph_hash)._asdict(), "rev": 0, "doc": orjson.loads(text)})


def drop_graph(head: Automation, graph_hash: str) -> None:
    """Remove a graph's row that no head names any more."""
    JOURNEYS.delete(graph_key(head, graph_hash))


def graph_key(head: Automation, graph_hash: str) -> Key:
    """Say where a graph lies."""
    return Key(f"{own_partition(head)}", f"graph#{graph_hash}")


def own_partition(head: Automation) -> str:
    """Name the partition that holds an automation's graphs."""
    return f"{nodes.partition(head.workspace_id, head.node)}#A#{head.id}"


def graph_rows(head: Automation) -> list[Row]:
    """Read every graph of an automation that has a row."""
    return JOURNEYS.query_all(own_partition(head), prefix="graph#")


# --- automations per status -----------------------------------------------------------------------------------------


def kpi_key(workspace_id: str, node: str) -> Key:
    """Say where the counters of a node lie."""
    return Key(nodes.partition(workspace_id, node), "kpi")


def count_write(head: Automation, before: str | None, after: str | None) -> list[Write]:
    """Give the write that counts a transition (None: it was not there, or is no longer), for its transaction."""
    if before == after:
        return []
    change = Change(add={name: step for name, step in ((before, -1), (after, 1)) if name is not None})
    return [Write(JOURNEYS, key=kpi_key(head.workspace_id, head.node), change=change)]


def counts_of(workspace_id: str, nodes_: Iterable[str]) -> dict[str, Row]:
    """Read the counters of nodes."""
    keys = {kpi_key(workspace_id, node): node for node in nodes_}
    return {keys[key]: row for key, row in JOURNEYS.get_many(keys).items()}


# --- whose a step is ------------------------------------------------------------------------------------------------


def owners_of(head: Automation, steps: Iterable[str]) -> dict[str, str]:
    """Read which automations own these steps' uuids; those nobody owns are left out."""
    rows = JOURNEYS.get_many((step_key(head, step) for step in steps), consistent=True)
    return {key.sk: str(row["doc"]["a"]) for key, row in rows.items()}


def claim_steps(head: Automation, steps: list[str]) -> None:
    """Make an automation the owner of uuids that nobody owns. Raises VersionConflict when another was faster."""
    for start in range(0, len(steps), 100):
        writes = [
            Write(JOURNEYS, ABSENT, row={**step_key(head, step)._asdict(), "rev": 0, "doc": {"a": head.id}})
            for step in steps[start : start + 100]
        ]
        try:
            transact(writes, ids.secret_text(24))
        except TransactionFailed:
            raise VersionConflict("another automation took the uuid of a step meanwhile; try again") from None


def release_steps(head: Automation, steps: Iterable[str]) -> None:
    """Give up the uuids of steps that are no more."""
    JOURNEYS.write_many(deletes=[step_key(head, step) for step in steps])


def step_key(head: Automation, step: str) -> Key:
    """Say where it stands whose a step's uuid is."""
    return Key(f"{nodes.partition(head.workspace_id, head.node)}#STEPS", step)

"""What is stored of automations, versions and executions, and every query under a name.

Executions lie under their automation, spread over four partitions and ordered by time, so that listing them needs no
row of its own; the id of an execution says where it lies.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Self

from chalicelib.core import clock, ids
from chalicelib.core.errors import NotFound
from chalicelib.durable import due
from chalicelib.storage.expressions import ABSENT, Row, eq, lt
from chalicelib.storage.item import Item, Unique
from chalicelib.storage.table import ConditionFailed, Key, Page
from chalicelib.storage.tables import CATALOGUE, WORK

DAY_S = 86_400
_REPEATED_S = DAY_S - 600  # shorter than outcomes are kept, so that a key used anew begins anew
KEEP_S = 30 * DAY_S  # how long an execution that has ended is shown
LONGEST_S = 400 * DAY_S  # how long what lies beside a living one may be needed
DUE, SCHEDULE_DUE = "execution", "schedule"
SHARDS = 4
_USAGE_PAGES = 4  # of 1 MB
_ID_CHARS = 28
BELL = "bell"
HELD = "held"  # until when, and why, an execution was put off for want of a quota


@dataclass(kw_only=True)
class Automation(Item):
    """A user's automation. Its trigger starts `live_version`; `subscription` feeds it, or a clock (`is_scheduled`)."""

    TABLE, NOUN = CATALOGUE, "automation"
    PARTITION, SORT = "AUTOS#{user_id}", "automation#{id}"
    UNIQUE = (Unique("id", "AUT#{id}", "A"), Unique("name", "AUTOS#{user_id}", "automation@{name}"))

    user_id: str
    user_key: str
    name: str
    description: str | None = None
    is_enabled: bool = False
    live_version: str | None = None
    subscription: str | None = None
    is_scheduled: bool = False
    versions: int = 0

    def name_doc(self) -> dict[str, Any]:
        """Say what leads from an automation's id to its row."""
        return {"id": self.id, "user_id": self.user_id}

    @classmethod
    def find_by_id(cls, workspace_id: str, automation_id: str) -> Self:
        """Find an automation whose owner is not known yet. Raises NotFound."""
        row = CATALOGUE.get(automation_key(workspace_id, automation_id))
        found = None if row is None else cls.get(workspace_id, **row["doc"])
        if found is None:
            raise NotFound("no such automation")
        return found


@dataclass(kw_only=True)
class Version(Item):
    """A numbered definition of an automation; once published it never changes."""

    TABLE, NOUN = CATALOGUE, "automation version"
    PARTITION, SORT = "AUT#{automation_id}", "version#{id}"
    UNIQUE = (Unique("name", "AUT#{automation_id}", "version@{name}"),)

    automation_id: str
    name: str = ""
    definition: dict[str, Any] = field(default_factory=dict)
    hash: str = ""
    is_published: bool = False
    published_at: int | None = None


def automation_key(workspace_id: str, automation_id: str) -> Key:
    """Say where it stands whose an automation is, for as long as there is one."""
    return Key(f"{workspace_id}#AUT#{automation_id}", "A")


def frozen_key(workspace_id: str, automation_id: str, digest: str) -> Key:
    """Say where a draft lies as it was when an execution began."""
    return Key(f"{workspace_id}#AUT#{automation_id}", f"frozen#{digest}")


def freeze(version: Version) -> None:
    """Keep a draft as it is now, for executions that outlive its next edit."""
    key = frozen_key(version.workspace_id, version.automation_id, version.hash)
    row = {**key._asdict(), "doc": version.definition, "exp": clock.now_s() + LONGEST_S}
    CATALOGUE.put(row)


# --- executions -----------------------------------------------------------------------------------------------


def execution_id(workspace_id: str, automation_id: str, at_ms: int, parent: str | None = None, key: str = "") -> str:
    """Make the id of an execution: ordered by time, random, or derived from what makes it unique (rule R4)."""
    if parent is None:
        tail = ids.new_uuid().replace("-", "")[-16:]
    else:
        tail = ids.derived_uuid(workspace_id, "execution", parent, key).replace("-", "")[:16]
    return f"{automation_id}.{at_ms:012x}{tail}"


def first_asked(workspace_id: str, automation_id: str, key: str, now_ms: int) -> int:
    """Say when a request was first made under its idempotency key: now, or up to a day ago.

    The time is part of the id of the execution that it starts, by which executions are listed.
    """
    pk = f"{workspace_id}#XK#{ids.derived_id(workspace_id, 'asked', automation_id, key)}"
    row = {"pk": pk, "sk": "K", "at": now_ms, "exp": now_ms // 1000 + _REPEATED_S}
    try:
        WORK.put(row, ABSENT | lt("exp", now_ms // 1000))
    except ConditionFailed as refusal:
        return now_ms if refusal.row is None else int(refusal.row["at"])
    return now_ms


def automation_of(execution: str) -> str:
    """Read the automation out of an execution's id. Raises NotFound when it is none."""
    automation_id, _, tail = execution.rpartition(".")
    if not automation_id or len(tail) != _ID_CHARS or not set(tail) <= set("0123456789abcdef"):
        raise NotFound("no such execution")
    return automation_id


def execution_key(workspace_id: str, execution: str) -> Key:
    """Say where an execution lies. Raises NotFound."""
    shard = int(execution[-1], 16) % SHARDS if automation_of(execution) else 0
    return Key(_partition(workspace_id, automation_of(execution), shard), execution)


def _partition(workspace_id: str, automation_id: str, shard: int) -> str:
    return f"{workspace_id}#X#{automation_id}#{shard}"


def execution_message(pk: str, sk: str) -> dict[str, Any]:
    """Make the message that moves an execution on, out of its key."""
    return {"w": pk.partition("#")[0], "x": sk}


def executions_between(workspace_id: str, automation_id: str, shard: int, low: str, high: str, limit: int) -> Page:
    """Read a page of an automation's executions, the newest first. The bounds are what follows the dot of their ids."""
    between = (f"{automation_id}.{low}", f"{automation_id}.{high}")
    return WORK.query(_partition(workspace_id, automation_id, shard), between=between, limit=limit, newest_first=True)


def beside(workspace_id: str, execution: str) -> str:
    """Name the partition of what lies beside an execution: pages of its journal, events for it."""
    return f"{workspace_id}#XH#{execution}"


def page_row(workspace_id: str, execution: str, first: int, last: int, memo: dict[str, str]) -> Row:
    """Build a page of the journal: transitions `first` to `last`. The same range always has the same content."""
    doc = {"memo": memo}
    sk = f"H#{first:06d}-{last:06d}"
    return {"pk": beside(workspace_id, execution), "sk": sk, "doc": doc, "exp": clock.now_s() + LONGEST_S}


def pages(workspace_id: str, execution: str) -> list[Row]:
    """Read the pages of a journal, in order."""
    return WORK.query_all(beside(workspace_id, execution), prefix="H#")


# --- events for executions ------------------------------------------------------------------------------------


def event_row(workspace_id: str, execution: str, event: str, name: str, payload: Any) -> Row:
    """Build an event that lies beside an execution until a step wants it."""
    doc, now_ms = {"name": name, "payload": payload, "id": event, "at": clock.now_ms()}, clock.now_ms()
    sk = f"V#{now_ms:013d}#{event}"
    return {"pk": beside(workspace_id, execution), "sk": sk, "doc": doc, "exp": now_ms // 1000 + LONGEST_S}


def events_of(workspace_id: str, execution: str) -> list[dict[str, Any]]:
    """Read the events that came for an execution, in the order in which they came."""
    return [row["doc"] for row in WORK.query_all(beside(workspace_id, execution), prefix="V#")]


def waiting_row(workspace_id: str, name: str, execution: str, exp_s: int) -> Row:
    """Build the row that says: this execution waits for events of this name."""
    return {"pk": f"{workspace_id}#AW#{ids.derived_id(workspace_id, 'event', '', name)}", "sk": execution, "exp": exp_s}


def waiting_page(workspace_id: str, name: str, after: str | None, limit: int) -> Page:
    """Read a page of the executions that wait for events of this name."""
    pk = f"{workspace_id}#AW#{ids.derived_id(workspace_id, 'event', '', name)}"
    return WORK.query(pk, after=None if after is None else Key(pk, after), limit=limit)


def broadcast_key(workspace_id: str, event: str) -> Key:
    """Say where an event for a whole workspace lies while it is spread."""
    return Key(f"{workspace_id}#EVX#{event}", "E")


# --- schedules ------------------------------------------------------------------------------------------------


def schedule_key(workspace_id: str, automation_id: str) -> Key:
    """Say where the schedule of an automation lies."""
    return Key(f"{workspace_id}#SCH#{automation_id}", "S")


def schedule_row(workspace_id: str, automation_id: str, plan: dict[str, Any], at_ms: int, now_ms: int) -> Row:
    """Build a schedule; `plan` says owner, version, cron, zone and input."""
    key = schedule_key(workspace_id, automation_id)
    timer = due.at(SCHEDULE_DUE, key, at_ms, now_ms)
    return {**key._asdict(), **timer.attributes, "doc": plan, "until": -1, "fence": 0, "slot": at_ms}


def schedule_message(pk: str, _sk: str) -> dict[str, Any]:
    """Make the message for a schedule whose time has come, out of its key."""
    workspace_id, _, automation_id = pk.split("#", 2)
    return {"w": workspace_id, "a": automation_id}


# --- limits ---------------------------------------------------------------------------------------------------


class LimitMoved(Exception):
    """Another process changed a limit's count; `row` is what stands there now."""

    def __init__(self, row: Row | None) -> None:
        super().__init__("another process was faster")
        self.row = row


def limit(workspace_id: str, kind: str) -> Row | None:
    """Read what the processes have taken of one of a workspace's limits."""
    return WORK.get(Key(f"{workspace_id}#LIM", kind))


def put_limit(workspace_id: str, kind: str, doc: Any, known: Row | None) -> Row:
    """Change it, unless another process did since `known` was read. Raises LimitMoved."""
    version = 1 if known is None else known["v"] + 1
    key = Key(f"{workspace_id}#LIM", kind)
    row = {**key._asdict(), "doc": doc, "v": version, "exp": clock.now_s() + DAY_S}
    try:
        WORK.put(row, ABSENT if known is None else eq("v", known["v"]))
    except ConditionFailed as refusal:
        raise LimitMoved(refusal.row) from None
    return row


# --- usage ----------------------------------------------------------------------------------------------------


def usage_partition(workspace_id: str, day: str) -> str:
    """Name the partition of a day's sums; one row for each automation and process."""
    return f"{workspace_id}#USE#{day}"


def usage_rows(workspace_id: str, day: str, automation_id: str | None) -> list[Row]:
    """Read the sums of a day, of one automation or of all."""
    prefix = "" if automation_id is None else f"{automation_id}#"
    return WORK.query_all(usage_partition(workspace_id, day), prefix=prefix)


def usage_rows_of_day(workspace_id: str, day: str) -> tuple[list[Row], bool]:
    """Read the sums of a day, at most some megabytes of them; False when there are more."""
    pk = usage_partition(workspace_id, day)
    page = WORK.query(pk)
    rows = page.rows
    for _ in range(_USAGE_PAGES - 1):
        if page.after is None:
            break
        page = WORK.query(pk, after=page.after)
        rows += page.rows
    return rows, page.after is None


def insert(row: Row) -> bool:
    """Store a new row; False when one stands there already."""
    try:
        WORK.put(row, ABSENT)
    except ConditionFailed:
        return False
    return True

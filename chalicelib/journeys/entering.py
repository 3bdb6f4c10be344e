"""Letting customers in: tokens, the rows that lead to them, their guards and counters, and their first messages.

Safe to repeat: a token's uuid says which entry it is, so an entry that is made twice meets itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from chalicelib.adapters import queue
from chalicelib.adapters.queue import Letter
from chalicelib.core import clock, figures, ids
from chalicelib.core.errors import Conflict, Unavailable
from chalicelib.journeys import parking, parts, queues
from chalicelib.journeys.models import counters, tokens
from chalicelib.journeys.models.automations import Automation
from chalicelib.journeys.rules import tokens as rules
from chalicelib.journeys.rules.entry import Identity
from chalicelib.storage import table
from chalicelib.storage.expressions import ABSENT, Missing, Row, eq
from chalicelib.storage.table import Key, TransactionFailed, Write
from chalicelib.storage.tables import JOURNEYS

MOST = 45  # with guards and counters at most 92 items in a transaction
_ATTEMPTS = 6


class Fate(StrEnum):
    """What became of an entry."""

    ENTERED = "ENTERED"
    REPEATED = "REPEATED"  # this very entry was made before
    DISCARDED = "DISCARDED"  # the customer has another token in flight
    TAKEN = "TAKEN"  # the uuid belongs to another token


@dataclass(frozen=True)
class Entry:
    """A customer who wants in, under the uuid the token will have."""

    token: str
    identity: Identity
    attributes: dict[str, str]
    event: dict[str, Any] | None = None
    source: str | None = None


@dataclass(frozen=True)
class Entered:
    """The fate of an entry, and the uuid of the token that stands for it (of the other one when discarded)."""

    fate: Fate
    token: str


def enter(head: Automation, entries: Sequence[Entry]) -> list[Entered]:
    """Let customers in; the fates are in their order. Raises Unavailable; repeating is safe.

    The rows that lead to tokens are written first, so that none is ever in flight and missing from the lists.
    """
    fates: dict[str, Entered] = {}
    open_: list[tuple[Entry, Row]] = []
    now_ms, taken = clock.now_ms(), _holders(head, entries)
    for entry in entries:
        guard = entry.identity.key
        if head.unique_token and taken.setdefault(guard, entry.token) != entry.token:
            fates[entry.token] = Entered(Fate.DISCARDED, taken[guard])
        elif entry.token not in {one.token for one, _ in open_}:
            open_.append((entry, _row(head, entry, now_ms)))
    for part in parts.cut(open_, MOST, lambda one: one[1]["doc"]):
        JOURNEYS.write_many(rows=[row for _, one in part for row in tokens.beside(one)])
        fates |= _together(head, part, now_ms)
    _forget_others(head, open_, fates)
    set_going(head, [row for entry, row in open_ if fates[entry.token].fate in (Fate.ENTERED, Fate.REPEATED)])
    return [fates[entry.token] for entry in entries]


def _row(head: Automation, entry: Entry, now_ms: int) -> Row:
    doc: dict[str, Any] = {"attributes": entry.attributes}
    if entry.event is not None:
        doc["event"] = entry.event
    if entry.source is not None:
        doc["source"] = entry.source
    step = head.graph.entry
    if step is None:
        raise Conflict("the automation has no entry step")
    row = tokens.new_row(head.workspace_id, head.node, entry.token, head.id, step, now_ms, entry.identity, doc)
    return row | ({"uq": 1} if head.unique_token else {})


def _holders(head: Automation, entries: Sequence[Entry]) -> dict[str, str]:
    """Say which token holds the guard of each customer, or is in flight without one, where there is such a token."""
    if not head.unique_token:
        return {}
    keys = {_guard(head, entry): entry.identity.key for entry in entries}
    found = JOURNEYS.get_many(keys, consistent=True)
    held = {keys[key]: str(row["t"]) for key, row in found.items()}
    if head.has_unguarded:
        others = {key: _unguarded(head, key) for key in keys.values() if key not in held}
        held |= {key: token for key, token in others.items() if token is not None}
    return held


def _unguarded(head: Automation, customer: str) -> str | None:
    """Find a token of a customer that entered before the automation had guards; two queries."""
    partition = tokens.name_partition(head.workspace_id, head.node, customer)
    places = JOURNEYS.query_all(partition, condition=eq("a", head.id) & Missing("end"))
    named = [tokens.token_of(row["sk"])[1] for row in places]
    rows = tokens.get_many(head.workspace_id, head.node, named, consistent=True) if named else {}
    for token, row in rows.items():
        if row["a"] == head.id and not rules.is_over(row["st"]) and tokens.identity_of(row).key == customer:
            return token
    return None


def _guard(head: Automation, entry: Entry) -> Key:
    return tokens.guard_key(head.workspace_id, head.node, head.id, entry.identity.key)


def _together(head: Automation, part: list[tuple[Entry, Row]], now_ms: int) -> dict[str, Entered]:
    fates: dict[str, Entered] = {}
    for attempt in range(1, _ATTEMPTS + 1):
        if not part:
            return fates
        writes: list[Write] = []
        meaning: list[tuple[Entry, bool]] = []
        for entry, row in part:
            writes.append(Write(JOURNEYS, ABSENT, row=row))
            meaning.append((entry, False))
            if head.unique_token:
                writes.append(Write(JOURNEYS, ABSENT, row={**_guard(head, entry)._asdict(), "t": entry.token}))
                meaning.append((entry, True))
        try:
            table.transact([*writes, *_counted(head, part, now_ms)], ids.secret_text(24))
            figures.add("JourneyTokensEntered", len(part), workspace_id=head.workspace_id)
            return fates | {entry.token: Entered(Fate.ENTERED, entry.token) for entry, _ in part}
        except TransactionFailed as failure:
            for position, found in sorted(failure.failed.items()):
                entry, is_guard = meaning[position]
                fates.setdefault(entry.token, _fate(entry, head, found, is_guard))
            part = [(entry, row) for entry, row in part if entry.token not in fates]
        except Unavailable:
            if attempt == _ATTEMPTS:
                raise
    raise Unavailable("customers came and went too fast; try again")


def _counted(head: Automation, part: list[tuple[Entry, Row]], now_ms: int) -> list[Write]:
    shares = head.entries <= counters.MOST_ENTRIES
    deltas = counters.entering(head.id, (row["s"] for _, row in part), shares=shares)
    return counters.writes(head.workspace_id, head.node, deltas, counters.any_shard(), now_ms)


def _fate(entry: Entry, head: Automation, row: Row | None, is_guard: bool) -> Entered:
    """Read out of the row that refused an entry what becomes of it."""
    if row is None:
        raise Unavailable("a customer left at this moment; try again")
    if is_guard:
        return Entered(Fate.DISCARDED if row["t"] != entry.token else Fate.REPEATED, str(row["t"]))
    is_same = row["a"] == head.id and tokens.identity_of(row) == entry.identity
    return Entered(Fate.REPEATED if is_same else Fate.TAKEN, entry.token)


def _forget_others(head: Automation, open_: list[tuple[Entry, Row]], fates: dict[str, Entered]) -> None:
    """Take away the rows that would lead to tokens that never came to be, or stand elsewhere since they did."""
    others = [row for entry, row in open_ if fates[entry.token].fate is not Fate.ENTERED]
    if not others:
        return
    names = {row["pk"]: tokens.parts_of(row["pk"])[2] for row in others}
    stored = tokens.get_many(head.workspace_id, head.node, names.values(), consistent=True)
    lost = [row for row in others if (stored.get(names[row["pk"]]) or {}).get("at") != row["at"]]
    JOURNEYS.write_many(deletes=[Key(one["pk"], one["sk"]) for row in lost for one in tokens.beside(row)])


def count_discarded(head: Automation, how_many: int = 1) -> Write:
    """Give the write that counts entries refused because the customer is in already."""
    return counters.add(head.workspace_id, head.node, head.id, counters.WHOLE, {"discarded": how_many})


def set_going(head: Automation, rows: Sequence[Row]) -> None:
    """Send tokens their first message, or mark them as parked while the automation stands still.

    The marker is written before the automation is read once more: whoever starts it later finds the marker.
    """
    if not rows:
        return
    if head.status in parking.STANDS_STILL and parking.mark(head, rows):
        return
    queue.send_many(queues.STEP, [Letter(tokens.message(row["pk"], row["sk"])) for row in rows])

"""Walking the lists of tokens, newest first, merged over shards, groups and automations.

A list may name a token that has moved on or is gone, so every token is read and believed. Parts of a list are opened
only when their newest entry is reached: an automation where nobody entered lately costs nothing on the first pages.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from chalicelib.journeys import counters
from chalicelib.journeys.models import counters as counted
from chalicelib.journeys.models import tokens
from chalicelib.journeys.rules.tokens import Group, group_of
from chalicelib.storage.expressions import Row

PAGE = 100
OFFSET_MOST = 10_000
LOOKED_MOST = 20_000  # places looked at for one answer


@dataclass(frozen=True)
class Filter:
    """What is looked for. `automations` are uuids; `names` the names of a customer, one of which leads there."""

    workspace_id: str
    node: str
    automations: tuple[str, ...]
    names: tuple[str, ...] = ()
    step: str | None = None
    group: Group | None = None

    def passes(self, row: Row) -> bool:
        """Say whether a token is one of those looked for."""
        who = tokens.identity_of(row).names()
        return (
            row["a"] in self.automations
            and (self.step is None or row["s"] == self.step)
            and (self.group is None or group_of(row["st"]) is self.group)
            and all(name in who for name in self.names)
        )


@dataclass
class Found:
    """Tokens found, and the place to go on from (None at the end). `is_cut`: more was looked at than is allowed."""

    rows: list[Row] = field(default_factory=list)
    after: str | None = None
    is_cut: bool = False


def find(wanted: Filter, most: int, below: str | None = None, skip: int = 0, *, is_lean: bool = False) -> Found:
    """Find up to `most` tokens after skipping some, the newest first, from below a place.

    `is_lean` leaves out attributes and events, which may weigh more than all the rest of many tokens.
    """
    made, looked, last = Found(), 0, below
    places = _places(wanted, below)
    while True:
        chunk = list(islice(places, PAGE))
        if not chunk:
            return made
        rows = tokens.get_many(wanted.workspace_id, wanted.node, (tokens.token_of(place)[1] for place in chunk))
        for place in chunk:
            looked, last = looked + 1, place
            row = rows.get(tokens.token_of(place)[1])
            if row is None or tokens.place_of(row["at"], tokens.token_of(place)[1]) != place:
                continue
            if not wanted.passes(row):
                continue
            if skip:
                skip -= 1
                continue
            if len(made.rows) == most:
                made.after = _place(made.rows[-1]) if made.rows else below
                return made
            made.rows.append({**row, "doc": {}} if is_lean else row)
        if looked >= LOOKED_MOST:
            made.after, made.is_cut = last, True
            return made


def _place(row: Row) -> str:
    return tokens.place_of(row["at"], tokens.parts_of(row["pk"])[2])


def _places(wanted: Filter, below: str | None) -> Iterator[str]:
    """Give places in order, each once."""
    last = None
    for place in _merged(_sources(wanted), below):
        if place != last:
            yield place
        last = place


def _sources(wanted: Filter) -> list[tuple[int, Callable[[str | None], Iterator[str]]]]:
    """List what may hold tokens, with the time of the newest one in it: names lead there, else lists of automations."""
    if wanted.names:
        partition = tokens.name_partition(wanted.workspace_id, wanted.node, wanted.names[0])
        return [(2**62, lambda below: _part(partition, below))]
    totals = counted.totals(wanted.workspace_id, wanted.node, wanted.automations)
    groups: Sequence[Group] = (wanted.group,) if wanted.group else tokens.GROUPS
    made = []
    for automation in wanted.automations:
        newest = totals.get(automation, Counter())["last"]
        for group in groups if newest else ():
            for shard in range(tokens.SHARDS):
                partition = tokens.list_partition(wanted.workspace_id, wanted.node, automation, group, shard)
                made.append((int(newest), _opener(partition)))
    return made


def _opener(partition: str) -> Callable[[str | None], Iterator[str]]:
    return lambda below: _part(partition, below)


def _part(partition: str, below: str | None) -> Iterator[str]:
    while True:
        page = tokens.listed(partition, below, PAGE)
        for row in page.rows:
            yield row["sk"]
        if page.after is None or not page.rows:
            return
        below = page.rows[-1]["sk"]


def _merged(sources: list[tuple[int, Callable[[str | None], Iterator[str]]]], below: str | None) -> Iterator[str]:
    """Merge parts newest first, opening each when the others have come down to its newest entry."""
    closed = sorted(sources, key=lambda one: one[0])
    open_: list[tuple[_Down, int, Iterator[str]]] = []
    number = 0
    while closed or open_:
        while closed and (not open_ or closed[-1][0] >= tokens.token_of(open_[0][0].text)[0]):
            part = closed.pop()[1](below)
            first = next(part, None)
            if first is not None:
                number += 1
                heapq.heappush(open_, (_Down(first), number, part))
        if open_:
            place, own, part = open_[0]
            yield place.text
            following = next(part, None)
            if following is None:
                heapq.heappop(open_)
            else:
                heapq.heapreplace(open_, (_Down(following), own, part))


@dataclass(frozen=True)
class _Down:
    """A place that sorts before smaller ones."""

    text: str

    def __lt__(self, other: _Down) -> bool:
        return self.text > other.text


def count(wanted: Filter) -> int | None:
    """Count what is looked for where one counter tells it; None where only reading would."""
    if wanted.names:
        return None
    if wanted.step is not None:
        if wanted.group is not Group.RUNNING:
            return None
        standing = (
            counters.in_step(wanted.workspace_id, wanted.node, automation, [wanted.step])[wanted.step]
            for automation in wanted.automations
        )
        return sum(standing)
    totals = counted.totals(wanted.workspace_id, wanted.node, wanted.automations).values()
    if wanted.group is None:
        return sum(one["total"] for one in totals)
    if wanted.group is Group.RUNNING:
        return sum(one["total"] - one["completed"] - one["error"] - one["other"] for one in totals)
    return sum(one[wanted.group.value.lower()] for one in totals)

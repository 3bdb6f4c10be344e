"""Counters of steps and automations, each spread over some rows so that many workers can add to it.

They change in the same transaction as the tokens they count, so they are exact at every moment. One row a step and
shard; the row `-` of a shard counts the automation as a whole, and who came in at which step, so that letting somebody
in changes one counter row and not two.
"""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from collections.abc import Iterable, Mapping

from chalicelib.journeys.models import nodes
from chalicelib.storage.expressions import Change, Row
from chalicelib.storage.table import Key, Write
from chalicelib.storage.tables import JOURNEYS

SHARDS = 4
WHOLE = "-"
Deltas = Counter[tuple[str, str, str]]  # (automation, step or WHOLE, name) to how many
_SINCE = "last"
_IN = "in:"  # in the row WHOLE, followed by a step: how many came in there
MOST_ENTRIES = 8  # steps whose entries the row WHOLE counts, which must stay small; later ones count in their own


def partition(workspace_id: str, node: str, automation: str, shard: int) -> str:
    """Name the partition of one shard of an automation's counters."""
    return f"{nodes.partition(workspace_id, node)}#CNT#{automation}#{shard}"


def any_shard() -> int:
    """Choose a shard; which one a change is counted in makes no difference."""
    return random.randrange(SHARDS)  # noqa: S311 spreads load, guards nothing


def writes(workspace_id: str, node: str, deltas: Deltas, shard: int, entered_ms: int | None = None) -> list[Write]:
    """Give the writes that add deltas, one a step; `entered_ms` is when the last of those that enter did."""
    rows: dict[tuple[str, str], dict[str, int]] = {}
    for (automation, step, name), amount in deltas.items():
        if amount:
            rows.setdefault((automation, step), {})[name] = amount
    made = []
    for (automation, step), add in rows.items():
        put = {_SINCE: entered_ms} if entered_ms is not None and step == WHOLE else {}
        key = Key(partition(workspace_id, node, automation, shard), step)
        made.append(Write(JOURNEYS, key=key, change=Change(put=put, add=add)))
    return made


def entering(automation: str, steps: Iterable[str], *, shares: bool) -> Deltas:
    """Count tokens that come in, one a step named; `shares`: in the row of the whole, which they change anyway."""
    deltas: Deltas = Counter()
    for step in steps:
        deltas[automation, WHOLE, "total"] += 1
        deltas[(automation, WHOLE, _IN + step) if shares else (automation, step, "entered")] += 1
    return deltas


def add(workspace_id: str, node: str, automation: str, step: str, amounts: Mapping[str, int]) -> Write:
    """Give the write that adds to one step's counters, in any shard."""
    key = Key(partition(workspace_id, node, automation, any_shard()), step)
    return Write(JOURNEYS, key=key, change=Change(add=dict(amounts)))


def read(workspace_id: str, node: str, automation: str) -> dict[str, Counter[str]]:
    """Read an automation's counters: by step, and as a whole under WHOLE (`last`: when somebody entered last)."""
    found: dict[str, Counter[str]] = {}
    for shard in range(SHARDS):
        _sum(found, JOURNEYS.query_all(partition(workspace_id, node, automation, shard)))
    return _with_entries(found)


def read_some(workspace_id: str, node: str, automation: str, steps: Iterable[str]) -> dict[str, Counter[str]]:
    """Read the counters of some steps, and of the whole."""
    wanted = {WHOLE, *steps}
    keys = [Key(partition(workspace_id, node, automation, shard), step) for step in wanted for shard in range(SHARDS)]
    found: dict[str, Counter[str]] = {}
    _sum(found, JOURNEYS.get_many(keys, consistent=True).values())
    return {step: counted for step, counted in _with_entries(found).items() if step in wanted}


def totals(workspace_id: str, node: str, automations: Iterable[str]) -> dict[str, Counter[str]]:
    """Read what automations count as wholes."""
    keys = {
        Key(partition(workspace_id, node, automation, shard), WHOLE): automation
        for automation in automations
        for shard in range(SHARDS)
    }
    found: dict[str, Counter[str]] = {}
    for key, row in JOURNEYS.get_many(keys).items():
        _sum(found, [{**row, "sk": keys[key]}])
    return found


def drop(workspace_id: str, node: str, automation: str) -> None:
    """Remove every counter of an automation."""
    for shard in range(SHARDS):
        rows = JOURNEYS.query_all(partition(workspace_id, node, automation, shard))
        JOURNEYS.write_many(deletes=[Key(row["pk"], row["sk"]) for row in rows])


def _sum(found: dict[str, Counter[str]], rows: Iterable[Row]) -> None:
    for row in rows:
        counted = found.setdefault(row["sk"], Counter())
        for name, amount in row.items():
            if name == _SINCE:
                counted[name] = max(counted[name], int(amount))
            elif isinstance(amount, int):
                counted[name] += amount


def _with_entries(found: dict[str, Counter[str]]) -> dict[str, Counter[str]]:
    """Give each step what the whole has counted for it."""
    whole = found.get(WHOLE, Counter())
    for name in [name for name in whole if name.startswith(_IN)]:
        found.setdefault(name.removeprefix(_IN), Counter())["entered"] += whole.pop(name)
    return found


# --- links --------------------------------------------------------------------------------------------------------

MAX_LINKS = 200
_LINKS = "links"


def link_write(workspace_id: str, node: str, automation: str, step: str, url: str, unique: int) -> Write:
    """Give the write that counts a click on a link of a step's message; `unique` is 1 for a token's first."""
    partition_ = partition(workspace_id, node, automation, any_shard())
    key = Key(f"{partition_}#{_LINKS}#{step}", hashlib.sha256(url.encode()).hexdigest()[:32])
    return Write(JOURNEYS, key=key, change=Change(put={"url": url}, add={"clicked": 1, "uniqueClicked": unique}))


def links_of(workspace_id: str, node: str, automation: str, step: str) -> list[dict[str, object]]:
    """Read the links of a step's message that were followed, the most followed first, at most 200."""
    found: dict[str, Counter[str]] = {}
    for row in _link_rows(workspace_id, node, automation, step):
        counted = found.setdefault(str(row["url"]), Counter())
        counted.update({name: int(row[name]) for name in ("clicked", "uniqueClicked")})
    ordered = sorted(found.items(), key=lambda one: (-one[1]["clicked"], one[0]))
    return [{"url": url, **counted} for url, counted in ordered[:MAX_LINKS]]


def drop_links(workspace_id: str, node: str, automation: str, step: str) -> None:
    """Remove what was counted of a step's links."""
    rows = _link_rows(workspace_id, node, automation, step)
    JOURNEYS.write_many(deletes=[Key(row["pk"], row["sk"]) for row in rows])


def _link_rows(workspace_id: str, node: str, automation: str, step: str) -> list[Row]:
    partitions = [partition(workspace_id, node, automation, shard) for shard in range(SHARDS)]
    return [row for one in partitions for row in JOURNEYS.query_all(f"{one}#{_LINKS}#{step}")]

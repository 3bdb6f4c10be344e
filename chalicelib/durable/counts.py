"""Sums of a workspace by the hour, which every process adds to: how much of what happened, never what exactly.

`W#FIG#<day>` / `<hour>#<shard>` in the table of work. An update whose answer was lost adds twice, and what a process
had not written when it died is missing: good for operating, not for billing.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping

from chalicelib.core import clock
from chalicelib.core.figures import FIGURES, Sum
from chalicelib.storage.expressions import Change
from chalicelib.storage.table import Key
from chalicelib.storage.tables import WORK

MARK = "#FIG#"
SHARDS = 4
KEPT_DAYS = 32


def add(place: Sum, amounts: Mapping[str, int]) -> None:
    """Add to the sums of a workspace and hour, in any shard. Raises Unavailable."""
    day, _, hour = place.hour.partition("T")
    shard = random.randrange(SHARDS)  # noqa: S311 spreads load, guards nothing
    change = Change(put={"exp": clock.now_s() + KEPT_DAYS * 86_400}, add=dict(amounts))
    WORK.update(Key(partition(place.workspace_id, day), f"{hour}#{shard}"), change)


def of_day(workspace_id: str, day: str, *, is_current: bool = True) -> dict[str, Counter[str]]:
    """Read the sums of a day (`2026-01-31`) by hour (`12`), as they are kept: FIGURES says in which parts of a unit."""
    found: dict[str, Counter[str]] = {}
    for row in WORK.query_all(partition(workspace_id, day), consistent=is_current):
        hour = row["sk"].partition("#")[0]
        sums = {name: int(row[name]) for name, figure in FIGURES.items() if figure.is_kept and name in row}
        found.setdefault(hour, Counter()).update(sums)
    return found


def total_of_day(workspace_id: str, day: str) -> Counter[str]:
    """Add up a day, as it was a moment ago: for half of what reading the present costs. Raises Unavailable."""
    return sum(of_day(workspace_id, day, is_current=False).values(), Counter())


def partition(workspace_id: str, day: str) -> str:
    """Name the partition of a day."""
    return f"{workspace_id}{MARK}{day}"

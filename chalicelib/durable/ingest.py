"""Taking something in exactly once (rule 4.2): store it under its id, then send, then say yes (rule R1)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from chalicelib.storage.expressions import ABSENT, Condition, Row, lt
from chalicelib.storage.table import ConditionFailed, TableLike

HASH = "h"


class Outcome(StrEnum):
    """What became of something taken in."""

    NEW = "NEW"
    SAME = "SAME"
    DIFFERENT = "DIFFERENT"


@dataclass(frozen=True)
class Ingested:
    """The outcome, and the row that stands now."""

    outcome: Outcome
    row: Row


def accept(table: TableLike, row: Row, now_s: int, send: Callable[[Row], None]) -> Ingested:
    """Store a row under its id unless it stands there already, then send what makes it be worked on.

    `row` carries `h`, the hash of what was sent, and `exp`, when it may be forgotten (seconds). The same again is
    sent again, for the first sender may have fallen before it could; another hash under the same id is DIFFERENT and
    changes nothing. Raises Unavailable when the row or the message was not taken: the caller repeats.
    """
    stored = store(table, row, now_s)
    if stored.outcome is not Outcome.DIFFERENT:
        send(stored.row)
    return stored


def store(table: TableLike, row: Row, now_s: int) -> Ingested:
    """Store a row under its id unless it stands there already, without sending. A poll sends many rows at once."""
    try:
        table.put(row, is_vacant(now_s))
    except ConditionFailed as refusal:
        if refusal.row is None:
            raise
        outcome = Outcome.SAME if refusal.row.get(HASH) == row[HASH] else Outcome.DIFFERENT
        return Ingested(outcome, refusal.row)
    return Ingested(Outcome.NEW, row)


def is_vacant(now_s: int) -> Condition:
    """Nothing stands under this id, or it has expired: DynamoDB removes expired rows late."""
    return ABSENT | lt("exp", now_s)

"""How many subscriptions of a workspace a trigger has: rows that change in the transactions that make and end them.

So their sum is exact, and survives a fall; spread over some rows, for transactions that meet at one get in each other's
way. Whoever was made before it was kept is not in it (`is_counted`), nor are the subscriptions of nobody's by which
whole triggers are forwarded: a trigger has at most one of those.
"""

from __future__ import annotations

import zlib

from chalicelib.storage.expressions import Change
from chalicelib.storage.table import Key, Write
from chalicelib.storage.tables import DELIVERY

_PARTS = 8


def number_of(workspace_id: str, trigger_id: str) -> int:
    """Say how many subscriptions of a workspace a trigger has, as of a moment ago: one query of a few hundred bytes."""
    rows = DELIVERY.query(_partition(workspace_id, trigger_id), limit=_PARTS, consistent=False).rows
    return sum(int(row["n"]) for row in rows)


def counting(workspace_id: str, trigger_id: str, subscription_id: str, amount: int) -> Write:
    """Give the write that counts a subscription, or counts it no more, as part of a transaction."""
    part = zlib.crc32(subscription_id.encode()) % _PARTS
    return Write(DELIVERY, key=Key(_partition(workspace_id, trigger_id), str(part)), change=Change(add={"n": amount}))


def forget_number(workspace_id: str, trigger_id: str) -> None:
    """Remove the number of a trigger that is gone with all its subscriptions."""
    rows = DELIVERY.query(_partition(workspace_id, trigger_id), limit=_PARTS).rows
    DELIVERY.write_many(deletes=[Key(row["pk"], row["sk"]) for row in rows])


def _partition(workspace_id: str, trigger_id: str) -> str:
    return f"{workspace_id}#TRN#{trigger_id}"

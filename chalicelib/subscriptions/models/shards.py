"""The rows by which fan-out finds the subscriptions of a trigger, spread over shards."""

from __future__ import annotations

from chalicelib.core import ids
from chalicelib.storage.expressions import Row
from chalicelib.storage.table import Key, Page
from chalicelib.storage.tables import DELIVERY

FORWARDED = "~"  # sorts after every id: the row of a trigger that is forwarded without a subscription
MARK = "~~"  # rows after that one name further shards
FULL, SHARDS = 500, 8


def partition_of(workspace_id: str, trigger_id: str, shard: str) -> str:
    """Name the partition of a trigger's subscriptions."""
    return f"{workspace_id}#TR#{trigger_id}#{shard}"


def fan_out_page(workspace_id: str, trigger_id: str, shard: str, after: str | None, limit: int) -> Page:
    """Read a page of the subscriptions of a trigger, and at its end the marks of further shards."""
    pk = partition_of(workspace_id, trigger_id, shard)
    return DELIVERY.query(pk, after=None if after is None else Key(pk, after), limit=limit)


def mark_row(workspace_id: str, trigger_id: str, shard: str) -> Row:
    """Build the row in the first shard that says: look into this one too."""
    return {"pk": partition_of(workspace_id, trigger_id, "0"), "sk": MARK + shard}


def choose_shard(workspace_id: str, trigger_id: str, subscription_id: str, *, is_forwarded: bool) -> str:
    """Say into which shard a new subscription goes; marks a shard before it is first used.

    Those without a URL of their own share the shard `f`. The others lie in `0` until it holds 500, then in 1 to 7.
    """
    if is_forwarded:
        DELIVERY.put(mark_row(workspace_id, trigger_id, "f"))
        return "f"
    pk, number = partition_of(workspace_id, trigger_id, "0"), int(ids.derived_uuid("", "", "", subscription_id)[:8], 16)
    if not DELIVERY.query(pk, prefix=f"{MARK}1", limit=1).rows:
        # One in sixteen counts: what it costs grows with the shard, and 500 is no exact figure.
        if number % 16 or len(DELIVERY.query_all(pk, limit=FULL + 1)) < FULL:
            return "0"
        DELIVERY.write_many(mark_row(workspace_id, trigger_id, str(shard)) for shard in range(1, SHARDS))
    return str(1 + number % (SHARDS - 1))

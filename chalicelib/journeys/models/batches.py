"""Batches: entry lists sent in packets. What a packet holds lies in the store of big values until it is released."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from chalicelib.durable import due, leases
from chalicelib.journeys.models import nodes
from chalicelib.storage.expressions import Row
from chalicelib.storage.table import Key
from chalicelib.storage.tables import JOURNEYS

DUE = "batch"
KEEP_S = 90 * 86_400  # how long one that is over is remembered


class Status(StrEnum):
    """Where a batch stands."""

    OPEN = "OPEN"
    CLOSED = "CLOSED"
    ENABLED = "ENABLED"
    OK_NOTIFYING = "ENABLED_OK_NOTIFYING"
    OK_NOTIFIED = "ENABLED_OK_NOTIFIED"
    OK_NOT_NOTIFIED = "ENABLED_OK_NOT_NOTIFIED"
    ERROR_NOTIFYING = "ENABLED_ERROR_NOTIFYING"
    ERROR_NOTIFIED = "ENABLED_ERROR_NOTIFIED"
    ERROR_NOT_NOTIFIED = "ENABLED_ERROR_NOT_NOTIFIED"


NOTIFYING = frozenset({Status.OK_NOTIFYING, Status.ERROR_NOTIFYING})


def key(workspace_id: str, node: str, source: str) -> Key:
    """Say where a batch lies."""
    return Key(f"{nodes.partition(workspace_id, node)}#BAT#{source}", "B")


def parts_of(pk: str) -> tuple[str, str, str]:
    """Read workspace, node and batch out of a batch's partition."""
    workspace_id, _, rest = pk.partition("#N#")
    node, _, source = rest.partition("#BAT#")
    return workspace_id, node, source


def message(pk: str, _sk: str) -> dict[str, Any]:
    """Make the message that works on a batch, out of its key."""
    workspace_id, node, source = parts_of(pk)
    return {"w": workspace_id, "n": node, "b": source, "job": "batch"}


def new_row(workspace_id: str, node: str, source: str, automation: str, now_ms: int) -> Row:
    """Build a batch that holds nothing yet."""
    where = key(workspace_id, node, source)
    counts = dict.fromkeys(("received", "enabled", "discarded", "rejected", "packets"), 0)
    base = {**where._asdict(), "a": automation, "st": Status.OPEN.value, "until": leases.FREE, "fence": 0, "cur": 0}
    return {**base, **counts, "opened": now_ms}


def timer(row_key: Key, at_ms: int, now_ms: int) -> due.Timer:
    """Say when a batch wants attention."""
    return due.at(DUE, row_key, at_ms, now_ms)


def packet_key(batch: Key, packet: str) -> Key:
    """Say where a packet stands; `packet` is the hash of its body."""
    return Key(batch.pk, f"P#{packet}")


def packets(batch: Key) -> list[Row]:
    """Read what is known of a batch's packets, in the order in which they came."""
    return sorted(JOURNEYS.query_all(batch.pk, prefix="P#"), key=lambda row: (row["no"], row["sk"]))


def of_automation_row(workspace_id: str, node: str, automation: str, source: str) -> Row:
    """Build the row that leads from an automation to a batch."""
    return {"pk": of_automation(workspace_id, node, automation), "sk": source}


def of_automation(workspace_id: str, node: str, automation: str) -> str:
    """Name the partition of an automation's batches."""
    return f"{nodes.partition(workspace_id, node)}#BATS#{automation}"

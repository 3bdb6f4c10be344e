"""Removing batches: open ones that are dropped or were abandoned, those of an automation that is erased."""

from __future__ import annotations

from chalicelib.adapters import blobs, logs
from chalicelib.core import figures
from chalicelib.journeys.models import batches as stored
from chalicelib.journeys.models.batches import Status
from chalicelib.storage.expressions import Row, eq
from chalicelib.storage.table import ConditionFailed, Key
from chalicelib.storage.tables import JOURNEYS

MAX_ERRORS = 100


def age_out(row: Row) -> None:
    """Drop an open batch that nobody has gone on with for a day."""
    if erase_open(row):
        workspace_id, _, source = stored.parts_of(row["pk"])
        figures.add("JourneyBatchesAgedOut", workspace_id=workspace_id)
        logs.log("batch.aged_out", level="WARNING", batch=source, packets=row["packets"], customers=row["received"])


def erase_open(row: Row) -> bool:
    """Erase a batch if it is still open; says whether it was."""
    key = Key(row["pk"], row["sk"])
    try:
        JOURNEYS.delete(key, eq("st", Status.OPEN.value) & eq("packets", row["packets"]))
    except ConditionFailed as failed:
        if failed.row is not None:
            return False
    erase(row)
    return True


def erase(row: Row) -> None:
    """Remove everything of a batch: what its packets hold, what is known of them, the batch."""
    workspace_id, node, source = stored.parts_of(row["pk"])
    key = Key(row["pk"], row["sk"])
    packets = stored.packets(key)
    for packet in packets:
        blobs.blobs().delete(workspace_id, packet["blob"])
    leading = stored.of_automation_row(workspace_id, node, row["a"], source)
    gone = [Key(packet["pk"], packet["sk"]) for packet in packets]
    JOURNEYS.write_many(deletes=[*gone, Key(leading["pk"], leading["sk"]), key])


def erase_page(workspace_id: str, node: str, automation: str) -> bool:
    """Erase some of an automation's batches; says whether there were any."""
    page = JOURNEYS.query(stored.of_automation(workspace_id, node, automation), limit=20)
    for leading in page.rows:
        key = stored.key(workspace_id, node, leading["sk"])
        row = JOURNEYS.get(key) or {**key._asdict(), "a": automation}
        if row["a"] == automation:
            erase(row)
        else:  # another automation was faster to open a batch of this uuid
            JOURNEYS.delete(Key(leading["pk"], leading["sk"]))
    return bool(page.rows)

"""Tokens that stand still because their automation does: a marker each, found by the job that sets them going."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from chalicelib.adapters import queue
from chalicelib.adapters.queue import Letter
from chalicelib.durable.due import ENTRY
from chalicelib.journeys import queues
from chalicelib.journeys.models import automations, nodes, tokens
from chalicelib.journeys.models.automations import Automation
from chalicelib.storage.expressions import Change, Row, eq
from chalicelib.storage.table import ConditionFailed, Key
from chalicelib.storage.tables import JOURNEYS

STANDS_STILL = frozenset({"COMMITTED", "PAUSED", "ERROR"})


def mark(head: Automation, rows: Sequence[Row]) -> bool:
    """Mark tokens as parked; False when the automation runs by now, and they must be sent a message after all.

    The markers come first, the reading after: whoever starts the automation later than that finds the markers.
    """
    JOURNEYS.write_many(rows=[tokens.park_row(row) for row in rows])
    return stands_still(head.workspace_id, head.node, head.id)


def park(head: Automation, rows: Sequence[Row]) -> None:
    """Park tokens whose time has come. They keep their due times, but the index calls for them no more."""
    if not mark(head, rows):
        queue.send_many(queues.STEP, [Letter(tokens.message(row["pk"], row["sk"])) for row in rows])
        return
    for row in rows:
        if "dueB" in row:
            same = eq("fence", row["fence"]) & eq("seq", row["seq"])
            with suppress(ConditionFailed):
                JOURNEYS.update(Key(row["pk"], row["sk"]), Change(remove=ENTRY), same)


def stands_still(workspace_id: str, node: str, automation: str) -> bool:
    """Say whether an automation stands still at this moment, on its own account or its node's."""
    head = automations.load(workspace_id, node, automation, fresh=True)
    if head is None:
        return False
    owner = nodes.load(workspace_id, node, fresh=True)
    is_frozen = owner is not None and not owner.active and head.status == "RUNNING"
    return is_frozen or head.status in STANDS_STILL

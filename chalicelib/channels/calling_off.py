"""Calling off notifications that wait: delays end, digests pass to the next, merged events leave their digest."""

from __future__ import annotations

from typing import Any

from chalicelib.channels.models import runs
from chalicelib.durable.steps import State
from chalicelib.storage.expressions import Change, Row, eq
from chalicelib.storage.table import ConditionFailed, Key
from chalicelib.storage.tables import CHANNELS


def is_waiting(row: Row) -> bool:
    """Say whether a notification waits for a delay or a digest to end."""
    return row["st"] == State.WAIT.value and "cancel" not in row


def is_merged(row: Row) -> bool:
    """Say whether a notification was merged into another's digest."""
    return "into" in row and row["st"] == State.DONE.value


def withdraw(workspace_id: str, row: Row) -> bool:
    """Take a merged notification out of the digest that collects it; False when that is closed."""
    _, transaction_id, subscriber_id = runs.parts_of(Key(row["pk"], row["sk"]))
    if not runs.drop(runs.run_key(workspace_id, row["into"], subscriber_id), transaction_id):
        return False
    job = runs.job_of(row, row["pos"]) or {}
    put: dict[str, Any] = {
        runs.job_name(row["pos"]): runs.job_text({**job, "st": "canceled"}),
        "st": State.CANCELLED.value,
    }
    try:
        CHANNELS.update(Key(row["pk"], row["sk"]), Change(put=put), eq("st", State.DONE.value))
    except ConditionFailed:
        return False
    return True

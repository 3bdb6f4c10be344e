"""Calling off notifications that wait: delays end, digests pass to the next, merged events leave their digest."""

from __future__ import annotations

from typing import Any

from chalicelib.channels.models import runs
from chalicelib.core import clock
from chalicelib.core.errors import InProgress
from chalicelib.durable.steps import ENDED, State
from chalicelib.storage.expressions import Change, Row, eq
from chalicelib.storage.table import ConditionFailed, Key
from chalicelib.storage.tables import CHANNELS

_MOST_HEIRS = 100


def is_waiting(row: Row) -> bool:
    """Say whether a notification waits, and may end: a closed digest also tells of the events of others."""
    is_closed = "dg" in row and "dgo" not in row and "hand" not in row
    return row["st"] == State.WAIT.value and not (is_closed and len(row["dg"]) > 1)


def ask(row: Row) -> bool:
    """Ask for the end of a notification that still waits as it did when it was read; then send its message."""
    key = Key(row["pk"], row["sk"])
    same = eq("st", State.WAIT.value) & eq("seq", row["seq"])
    try:
        CHANNELS.update(key, Change(put={"cancel": clock.now_ms()}), same)
    except ConditionFailed:
        return False
    return True


def is_merged(row: Row) -> bool:
    """Say whether a notification was merged into another's digest."""
    return "into" in row and row["st"] == State.DONE.value


def withdraw(workspace_id: str, row: Row) -> bool:
    """Take a merged notification out of the digest that collects it; False when that is closed.

    A digest whose collector was cancelled is found at its heir. Raises InProgress while it is being handed over.
    """
    _, transaction_id, subscriber_id = runs.parts_of(Key(row["pk"], row["sk"]))
    holder = str(row["into"])
    for _ in range(_MOST_HEIRS):
        key = runs.run_key(workspace_id, holder, subscriber_id)
        if runs.drop(key, transaction_id):
            return _end(row)
        collector = CHANNELS.get(key) or {}
        if "dg" in collector and not runs.holds(collector, transaction_id):
            return _end(row)  # taken out by a call that fell before it could say so
        if "hand" in collector and collector["st"] not in ENDED:
            raise InProgress("the digest is being handed over; try again", 1)
        holder = str(collector.get("heir") or "")
        if not holder:
            return False
    return False


def _end(row: Row) -> bool:
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

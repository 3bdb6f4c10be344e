"""What other contexts may ask of journeys."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from chalicelib.adapters import queue
from chalicelib.core import clock
from chalicelib.durable import due
from chalicelib.journeys import queues
from chalicelib.journeys.models import reports, tokens
from chalicelib.journeys.rules.tokens import is_over
from chalicelib.storage.expressions import Change, eq
from chalicelib.storage.table import ConditionFailed
from chalicelib.storage.tables import JOURNEYS

__all__ = ["bury"]

LATER_MS = 15 * 60_000
MOST_REPEATS = 96  # of an event or a job, a quarter of an hour apart


def bury(body: dict[str, Any]) -> None:
    """See to it that nothing stands still because the queue has given a message up. A repeat is harmless.

    A token is called again by the due index, a job or an event by a message of its own, a report ends as failed;
    batches, automations and nodes have a due time anyway.
    """
    if "t" in body:
        _call_again(body["w"], body["n"], str(body["t"]))
    elif body.get("job") == "report":
        key = reports.key(body["w"], body["n"], str(body["r"]))
        with suppress(ConditionFailed):
            JOURNEYS.update(key, Change(put={"st": reports.FAILED}), eq("st", reports.RUNNING))
    elif "e" in body or ("job" in body and body["job"] != "batch"):
        repeats = int(body.get("again", 0)) + 1
        if repeats <= MOST_REPEATS:
            name = queues.EVENT if "e" in body else queues.JOB
            queue.send(name, {**body, "again": repeats}, LATER_MS / 1000)


def _call_again(workspace_id: str, node: str, token: str) -> None:
    key, now_ms = tokens.key(workspace_id, node, token), clock.now_ms()
    row = JOURNEYS.get(key)
    if row is None or is_over(row["st"]) or "dueB" in row:
        return
    entry = due.at(tokens.DUE, key, now_ms + LATER_MS + 1, now_ms).attributes
    change = Change(put={name: entry[name] for name in due.ENTRY})
    with suppress(ConditionFailed):
        JOURNEYS.update(key, change, eq("seq", row["seq"]) & eq("fence", row["fence"]))

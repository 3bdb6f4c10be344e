"""What becomes of messages that were received too often: their notifications are tried again, or end as failed.

Mostly an outage was longer than a message is patient, so it is sent again a while later; what still fells its workers
then is given up where its owner can see it. Notifications that wait need nothing: they stand in the due index.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from chalicelib.adapters import queue
from chalicelib.channels import queues
from chalicelib.channels.jobs import Job
from chalicelib.channels.models import runs
from chalicelib.core import figures
from chalicelib.durable.leases import FREE
from chalicelib.durable.steps import State
from chalicelib.storage.expressions import Change, OneOf
from chalicelib.storage.table import ConditionFailed
from chalicelib.storage.tables import CHANNELS

SOONEST_S, LATEST_S = 60, 900
MOST_REPEATS = 8  # five quarters of an hour


def bury(body: dict[str, Any], reason: str) -> None:
    """Follow up a message of channels that was given up. A repeat does no harm. Raises Unavailable."""
    repeats = int(body.get("again", 0)) + 1
    if repeats <= MOST_REPEATS:
        queue.send(queues.NOTIFY, {**body, "again": repeats}, min(LATEST_S, SOONEST_S * 2 ** (repeats - 1)))
    elif "s" in body:
        _fail(body, reason)


def _fail(body: dict[str, Any], reason: str) -> None:
    """End a notification that is being worked at, and fence off whoever still does."""
    key = runs.run_key(body["w"], body["tx"], body["s"])
    row = CHANNELS.get(key)
    if row is None:
        return
    position = int(row["pos"])
    job = Job.continued(runs.job_of(row, position)).failed(reason)
    put = {"st": State.FAILED.value, "until": FREE, runs.job_name(position): runs.job_text(job.stored())}
    change = Change(put=put, add={"fence": 1, "seq": 1}, remove=("due", "dueB", "dueK", "dgo"))
    under_way = OneOf("st", (State.READY.value, State.RUN.value))
    with suppress(ConditionFailed):
        CHANNELS.update(key, change, under_way)
        figures.add("ChannelMessagesFailed", workspace_id=body["w"])

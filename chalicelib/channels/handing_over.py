"""Ending a cancelled notification. One that collects a digest passes it to its oldest follower first."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from chalicelib.adapters import queue
from chalicelib.channels import queues
from chalicelib.channels.jobs import PENDING, Job, held_until
from chalicelib.channels.models import runs
from chalicelib.core import clock
from chalicelib.durable import due, steps
from chalicelib.durable.leases import Lease
from chalicelib.durable.steps import State
from chalicelib.storage.expressions import Change, Exists, eq
from chalicelib.storage.table import ConditionFailed, Key
from chalicelib.storage.tables import CHANNELS

_WORDS = "The digest was taken over from a notification that was cancelled"


def end(lease: Lease, deadline_ms: int) -> None:
    """End a notification; repeats after a crash go on where the last one fell."""
    row, position = lease.row, int(lease.row["pos"])
    put: dict[str, Any] = {}
    if "dgo" in row or "hand" in row:
        if "dgo" in row:  # close first, so that nothing is added to what is passed on
            change = Change(put={"hand": row.get("sa", clock.now_ms())}, remove=("dgo",))
            lease = steps.commit(CHANNELS, lease, held_until(deadline_ms, clock.now_ms()), change=change)
        if heir := _pass_on(lease):
            put["heir"] = heir
    job = runs.job_of(row, position) or {"d": []}
    put[runs.job_name(position)] = runs.job_text({**job, "st": "canceled", "at": clock.now_ms()})
    steps.finish(CHANNELS, lease, State.CANCELLED, change=Change(put=put))


def _pass_on(lease: Lease) -> str | None:
    """Wake the oldest follower that is still merged, and give it the rest. Answers its transaction id."""
    workspace_id, own, name = runs.parts_of(lease.key)
    entries = sorted(lease.row["dg"].values(), key=lambda entry: (entry[1], entry[0]))
    rest = [entry for entry in entries if entry[0] != own]
    left = {runs.entry_name(one[0]): one for one in rest}
    for entry in rest:
        if _wake(runs.run_key(workspace_id, entry[0], name), own, left, lease):
            return str(entry[0])
    return None


def _wake(key: Key, own: str, entries: dict[str, Any], lease: Lease) -> bool:
    now_ms = clock.now_ms()
    timer = due.at(runs.DUE, key, max(now_ms, int(lease.row["hand"])), now_ms)
    position = int(lease.row["pos"])
    put: dict[str, Any] = {
        "st": State.WAIT.value,
        "dgo": 1,
        "dg": entries,
        "dgn": len(entries),
        "dgs": sum(runs.entry_bytes(one) for one in entries.values()),
        "op": position,
        "win": lease.row["win"],
        "wp": position,
        "sa": timer.due_ms,
        "heir_of": own,
        **timer.attributes,
        runs.job_name(position): runs.job_text(Job("delayed").note(_WORDS, PENDING, raw=own).stored()),
    }
    try:
        CHANNELS.update(key, Change(put=put, remove=("into",)), eq("st", State.DONE.value) & Exists("into"))
    except ConditionFailed as failed:
        if failed.row is None or failed.row.get("heir_of") != own:  # else it was woken before a crash
            return False
    _follow(lease, key, own)
    queue.send(queues.NOTIFY, runs.run_message(*key), min(900, max(0, (timer.due_ms - now_ms) / 1000)))
    return True


def _follow(lease: Lease, key: Key, own: str) -> None:
    """Let the window name the heir."""
    _, heir, _ = runs.parts_of(key)
    with suppress(ConditionFailed):
        CHANNELS.update(Key(str(lease.row["win"]), "D"), Change(put={"m": heir}), eq("m", own))

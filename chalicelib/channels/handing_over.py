"""Ending a cancelled notification. One that collects a digest passes it to its oldest follower first."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from chalicelib.adapters import queue
from chalicelib.channels import queues
from chalicelib.channels.models import runs
from chalicelib.core import clock
from chalicelib.durable import due, steps
from chalicelib.durable.leases import Lease
from chalicelib.durable.steps import State
from chalicelib.storage.expressions import Change, Exists, eq
from chalicelib.storage.table import ConditionFailed, Key
from chalicelib.storage.tables import CHANNELS

_LEASE_MS = 120_000


def end(lease: Lease) -> None:
    """End a notification; repeats after a crash go on where the last one fell."""
    row, position = lease.row, int(lease.row["pos"])
    if "dgo" in row or "hand" in row:
        if "dgo" in row:  # close first, so that nothing is added to what is passed on
            change = Change(put={"hand": row.get("sa", clock.now_ms())}, remove=("dgo",))
            lease = steps.commit(CHANNELS, lease, clock.now_ms() + _LEASE_MS, change=change)
        _pass_on(lease)
    job = runs.job_of(row, position) or {"d": []}
    put = {runs.job_name(position): runs.job_text({**job, "st": "canceled", "at": clock.now_ms()})}
    steps.finish(CHANNELS, lease, State.CANCELLED, change=Change(put=put))


def _pass_on(lease: Lease) -> None:
    """Wake the oldest follower that is still merged, and give it the rest."""
    workspace_id, own, name = runs.parts_of(lease.key)
    entries = sorted(lease.row["dg"].values(), key=lambda entry: (entry[1], entry[0]))
    rest = [entry for entry in entries if entry[0] != own]
    for entry in rest:
        key = runs.run_key(workspace_id, entry[0], name)
        left = {runs.entry_name(one[0]): one for one in rest}
        if _wake(key, own, left, lease):
            return


def _wake(key: Key, own: str, entries: dict[str, Any], lease: Lease) -> bool:
    now_ms = clock.now_ms()
    timer = due.at(runs.DUE, key, max(now_ms, int(lease.row["hand"])), now_ms)
    position = int(lease.row["pos"])
    put: dict[str, Any] = {
        "st": State.WAIT.value,
        "dgo": 1,
        "dg": entries,
        "dgn": len(entries),
        "op": position,
        "win": lease.row["win"],
        "wp": position,
        "sa": timer.due_ms,
        **timer.attributes,
        runs.job_name(position): runs.job_text({"st": "delayed", "d": [], "at": now_ms}),
    }
    try:
        CHANNELS.update(key, Change(put=put, remove=("into",)), eq("st", State.DONE.value) & Exists("into"))
    except ConditionFailed as failed:
        return failed.row is not None and failed.row.get("st") == State.WAIT.value
    _follow(lease, key, own)
    queue.send(queues.NOTIFY, runs.run_message(*key), min(900, max(0, (timer.due_ms - now_ms) / 1000)))
    return True


def _follow(lease: Lease, key: Key, own: str) -> None:
    """Let the window name the heir."""
    _, heir, _ = runs.parts_of(key)
    with suppress(ConditionFailed):
        CHANNELS.update(Key(str(lease.row["win"]), "D"), Change(put={"m": heir}), eq("m", own))

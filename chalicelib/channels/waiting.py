"""Steps that wait: delays, and digests that collect events until they close.

A digest is opened by one conditional write on its window, which names the notification that collects. Events lie in
that notification's own row while it is open; closing it is the same write that moves it on, so none is lost.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import orjson

from chalicelib.channels import filters, names, stored_events
from chalicelib.channels.jobs import PENDING, Job, Run, held_until
from chalicelib.channels.models import runs
from chalicelib.channels.rules import timing
from chalicelib.core import clock
from chalicelib.core.errors import Unavailable
from chalicelib.durable import due, steps
from chalicelib.durable.due import Timer
from chalicelib.durable.leases import Lease
from chalicelib.storage.expressions import ABSENT, Change, Row, lt
from chalicelib.storage.table import ConditionFailed, Key
from chalicelib.storage.tables import CHANNELS

MOST = 3_000  # events a digest collects before the next one opens
_ATTEMPTS = 10


@dataclass(frozen=True)
class Wait:
    """The step waits until a time. `lease` is the notification as it stands then: opening a digest moves it."""

    timer: Timer
    job: Job
    lease: Lease


@dataclass(frozen=True)
class Merged:
    """The event went into the digest of another notification, named by its transaction id."""

    into: str
    lease: Lease


@dataclass(frozen=True)
class Closing:
    """The digest's time is over."""

    job: Job


Outcome = Wait | Merged | Closing | Job


def delay(at: Run, lease: Lease) -> Outcome:
    """Wait as the step or the event's override says; a time that cannot be waited for ends the notification."""
    if lease.row.get("wp") == at.position:
        return Job().note("The delay ended")
    if not filters.passes(at):
        return Job("skipped").note("The step was skipped by its filters")
    try:
        until = timing.delay_until(at.step.get("metadata") or {}, at.overrides("delay"), at.payload, at.at_ms)
    except timing.NoTime as fault:
        return Job(stops=True).failed(f"The delay cannot be computed: {fault}")
    return _wait(lease, until, "The step is delayed")


def digest(at: Run, lease: Lease) -> Outcome:
    """Open a digest, go into an open one, or close the one whose time is over."""
    if lease.row.get("wp") == at.position:
        return Closing(Job().note(f"The digest closed with {len(lease.row['dg'])} events"))
    metadata = at.step.get("metadata") or {}
    if not filters.passes(at):
        return Job("skipped").note("The step was skipped by its filters")
    try:
        until = timing.digest_until(metadata, at.at_ms)
        if _passes_at_once(at, metadata):
            return Job("skipped").note("The first event passes without a digest")
    except timing.NoTime as fault:
        return Job(stops=True).failed(f"The digest cannot be computed: {fault}")
    return _open_or_join(at, lease, runs.window_key(at.workspace_id, _window(at, metadata)), until)


def collected(workspace_id: str, row: Row) -> list[dict[str, Any]] | None:
    """Read the payloads of a closed digest in the order of their events; None without one."""
    if "dg" not in row or "dgo" in row:
        return None
    entries = sorted(row["dg"].values(), key=lambda entry: (entry[1], entry[0]))
    return stored_events.payloads(workspace_id, [entry[0] for entry in entries])


def _open_or_join(at: Run, lease: Lease, key: Key, until: int) -> Outcome:
    words = "The digest opened"
    for attempt in range(_ATTEMPTS):
        window = runs.get_window(key)
        if attempt == 0 and lease.fence > 1 and (into := _joined_before(at, window)):
            return Merged(into, lease)
        holder = window.get("m")
        if holder is not None and holder != at.transaction_id:
            master = _collector(at, holder)
            if runs.collect(master, at.transaction_id, at.event["at"], MOST):
                return Merged(holder, lease)
            row = CHANNELS.get(master) or {}
            if _has_taken(row, at.transaction_id):
                return Merged(holder, lease)
            if _is_full(row):
                words = "The digest opened, because the one before it is full"
        if lease.row.get("op") != at.position:
            lease = _opened(at, lease, key)
        now_ms = clock.now_ms()
        exp_s = max(until, now_ms) // 1000 + runs.KEEP_S
        if holder == at.transaction_id or runs.claim_window(key, at.transaction_id, window, now_ms, exp_s):
            return _wait(lease, until, words)
    return Job(stops=True).failed("The digest changed hands too often")


def _collector(at: Run, transaction_id: str) -> Key:
    return runs.run_key(at.workspace_id, transaction_id, at.subscriber.subscriber_id)


def _joined_before(at: Run, window: Row) -> str | None:
    """Find the digest that a worker added this event to before it fell; that one may be closed by now."""
    keys = {_collector(at, one): one for one in runs.collectors_of(window) if one != at.transaction_id}
    rows = CHANNELS.get_many(keys, consistent=True) if keys else {}
    return next((keys[key] for key, row in rows.items() if _has_taken(row, at.transaction_id)), None)


def _has_taken(row: Row, transaction_id: str) -> bool:
    """Say whether a digest has this event. Raises Unavailable while it is being handed over: then nobody can know."""
    if not runs.holds(row, transaction_id):
        return False
    if "hand" in row and "heir" not in row:  # it was called off, and found nobody yet who goes on with the rest
        if row["st"] not in steps.ENDED:
            raise Unavailable("the digest is being handed over")
        return False
    return True


def _is_full(row: Row) -> bool:
    return "dgo" in row and (row["dgn"] >= MOST or row["dgs"] >= runs.MAX_DIGEST_BYTES)


def _opened(at: Run, lease: Lease, window: Key) -> Lease:
    """Let this notification collect, its own event first. Nobody knows of it until it holds the window."""
    entry = {runs.entry_name(at.transaction_id): [at.transaction_id, at.event["at"]]}
    size = runs.entry_bytes([at.transaction_id, 0])
    put: dict[str, Any] = {"dgo": 1, "dg": entry, "dgn": 1, "dgs": size, "op": at.position, "win": window.pk}
    until_ms = held_until(at.deadline_ms, clock.now_ms())
    return steps.commit(CHANNELS, lease, until_ms, change=Change(put=put))


def _wait(lease: Lease, until: int, words: str) -> Wait:
    job = Job("delayed").note(words, PENDING)
    return Wait(due.at(runs.DUE, lease.key, until, clock.now_ms()), job, lease)


def _window(at: Run, metadata: dict[str, Any]) -> str:
    key = str(metadata.get("digestKey") or "")
    value: Any = at.payload
    for part in key.split(".") if key else ():
        value = value.get(part) if isinstance(value, dict) else None
    shown = orjson.dumps(value if key else None, option=orjson.OPT_SORT_KEYS).decode()
    return names.hash_of(at.event["workflow"]["id"], at.step["_id"], at.subscriber.subscriber_id, key, shown)


def _passes_at_once(at: Run, metadata: dict[str, Any]) -> bool:
    """Look back: without another event within the backoff time this one is not collected.

    The row tells who passed last (`m`), for a worker that asks again, and when the last event was (`at`).
    """
    if metadata.get("type") != "backoff" and not metadata.get("backoff"):
        return False
    span = timing.span_ms(metadata.get("backoffAmount"), metadata.get("backoffUnit"))
    key = Key(runs.window_key(at.workspace_id, _window(at, metadata)).pk, "B")
    put = {"m": at.transaction_id, "at": at.event["at"], "exp": at.event["at"] // 1000 + runs.KEEP_S}
    try:
        CHANNELS.update(key, Change(put=put), ABSENT | lt("at", at.event["at"] - span))
    except ConditionFailed as failed:
        if failed.row is not None and failed.row.get("m") == at.transaction_id:
            return True
        with suppress(ConditionFailed):  # a later one was there
            CHANNELS.update(key, Change(put={"at": put["at"], "exp": put["exp"]}), lt("at", put["at"]))
        return False
    return True

"""The log behind `Idempotency-Key`: the first call runs, its repeats get its answer (rule 4.2).

One write to begin, one to finish, no read. A marker stands while the call runs; when its runner falls, the marker's
time passes and a repeat may run instead, with the next fence, so that the first can no longer finish.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

from chalicelib.core import ids
from chalicelib.durable import leases
from chalicelib.storage.expressions import ABSENT, Change, Condition, Row, eq, lt
from chalicelib.storage.table import ConditionFailed, Key, TableLike

KEEP_S = 25 * 3_600  # a day, counted from the answer: an hour more than from the beginning, when this is written
RUNNING, DONE = "RUNNING", "DONE"
_ANSWER = ("status", "headers", "body")


@dataclass(frozen=True)
class Fresh:
    """The call is ours to run; then finish or abandon it. `begun_ms` is when its first runner began."""

    key: Key
    owner: str
    fence: int
    begun_ms: int


@dataclass(frozen=True)
class Replay:
    """The call ran before; give this answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Running:
    """The same call is still running."""

    retry_after_s: int


@dataclass(frozen=True)
class Mismatch:
    """The key was used with another body."""


Begun = Fresh | Replay | Running | Mismatch


def key_of(workspace_id: str, scope: str, key: str) -> Key:
    """Say where the marker of a call lies. `scope` is the operation, or whatever keys are unique within."""
    return Key(f"{workspace_id}#RQ#{ids.derived_id(workspace_id, 'request', scope, key)}", "RQ")


def begin(
    table: TableLike, workspace_id: str, scope: str, key: str, fingerprint: str, now_ms: int, lease_ms: int
) -> Begun:
    """Mark a call as running, or say why it must not run. `fingerprint` is a hash of what makes calls the same."""
    where, owner = key_of(workspace_id, scope, key), ids.new_worker_id()
    put = {"h": fingerprint, "st": RUNNING, "exp": now_ms // 1000 + KEEP_S}
    change = replace(leases.taking(owner, now_ms, lease_ms, put, _ANSWER), default={"at": now_ms})
    try:
        row = table.update(where, change, may_begin(fingerprint, now_ms))
    except ConditionFailed as refusal:
        if refusal.row is None:
            raise
        row = refusal.row
        if not leases.is_taken_by(row, owner):
            return _seen(row, fingerprint, now_ms)
    return Fresh(where, owner, int(row["fence"]), int(row["at"]))


def may_begin(fingerprint: str, now_ms: int) -> Condition:
    """No such call, an expired one, or this one with a runner whose time is over."""
    fallen = eq("st", RUNNING) & lt("until", now_ms) & eq("h", fingerprint)
    return ABSENT | lt("exp", now_ms // 1000) | fallen


def is_ours(fresh: Fresh) -> Condition:
    """The marker is still the one this call set."""
    return eq("own", fresh.owner) & eq("fence", fresh.fence) & eq("st", RUNNING)


def finish(table: TableLike, fresh: Fresh, status: int, headers: Mapping[str, str], body: bytes) -> bool:
    """Keep the answer for repeats. False when another runner has taken the call over: then its answer counts."""
    put = {"st": DONE, "status": status, "headers": dict(headers), "body": body}
    try:
        table.update(fresh.key, Change(put=put, remove=("until", "at")), is_ours(fresh))
    except ConditionFailed as refusal:
        return leases.is_taken_by(refusal.row, fresh.owner)  # rule R3: only its own finish ends an own marker
    return True


def leave(table: TableLike, fresh: Fresh) -> None:
    """Let the next repeat run at once: this run did not come through, and may have done a part."""
    with suppress(ConditionFailed):
        table.update(fresh.key, Change(put={"until": leases.FREE}), is_ours(fresh))


def abandon(table: TableLike, fresh: Fresh) -> None:
    """Forget a call that did nothing (its input was refused), so that the key can be used again."""
    try:
        table.delete(fresh.key, is_ours(fresh))
    except ConditionFailed:
        return


def _seen(row: Row, fingerprint: str, now_ms: int) -> Begun:
    if row["h"] != fingerprint:
        return Mismatch()
    if row["st"] == DONE:
        return Replay(int(row["status"]), row["headers"], row["body"])
    return Running(max(1, -(-(int(row["until"]) - now_ms) // 1000)))

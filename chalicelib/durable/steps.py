"""Items that move step by step, wait, and end (rules 4.4 and 4.8).

    READY -> RUN -> DONE | FAILED | CANCELLED
             RUN <-> WAIT

Attributes: st, seq (transitions so far), memo (outcomes by seq), out, inbox, used, aw (the event waited for), cancel,
and those of leases.py and due.py. Every transition is one update that names fence and seq, so each happens exactly
once and in order; the effect before it happens at least once, under a key made from the item's id and seq.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Any

from chalicelib.core import ids
from chalicelib.durable import due, inbox, leases, outbox
from chalicelib.durable.due import Timer
from chalicelib.durable.leases import Lease, LeaseLost, NotTaken, Why
from chalicelib.durable.outbox import Message
from chalicelib.storage.expressions import ABSENT, Change, Condition, Exists, Missing, OneOf, Row, eq, le
from chalicelib.storage.table import ConditionFailed, Key, TableLike


class State(StrEnum):
    """Where an item stands."""

    READY = "READY"
    RUN = "RUN"
    WAIT = "WAIT"
    DONE = "DONE"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


READY, RUN, WAIT = State.READY.value, State.RUN.value, State.WAIT.value
ENDED = frozenset({State.DONE.value, State.FAILED.value, State.CANCELLED.value})
_NOTHING = Change()


def new_row(key: Key, fields: dict[str, Any]) -> Row:
    """Build a new item, ready to be taken."""
    base = {"pk": key.pk, "sk": key.sk, "st": READY, "seq": 0, "fence": 0, "until": leases.FREE}
    return base | {"memo": {}, "inbox": {}, "used": {}} | fields


def create(table: TableLike, row: Row, now_ms: int, lease_ms: int) -> Lease | NotTaken:
    """Store a new item and take it in the same write. An item that stands there already is left alone and not taken.

    Send its message first or keep one waiting: this lease alone does not survive its holder.
    """
    owner, key = ids.new_worker_id(), Key(row["pk"], row["sk"])
    taken = row | {"st": RUN, "own": owner, "fence": 1, "until": now_ms + lease_ms}
    try:
        table.put(taken, ABSENT)
    except ConditionFailed as refusal:
        if refusal.row is not None and leases.is_taken_by(refusal.row, owner):
            return leases.held(key, owner, refusal.row)
        return _refused(refusal.row, now_ms)
    return leases.held(key, owner, taken)


def can_run(now_ms: int) -> Condition:
    """The item is free and has something to do: begun, resumed, its wait over, or its end asked for."""
    waited = eq("st", WAIT) & (le("due", now_ms) | Exists("cancel"))
    return leases.free(now_ms) & (OneOf("st", (READY, RUN)) | waited)


def take(table: TableLike, key: Key, now_ms: int, lease_ms: int) -> Lease | NotTaken:
    """Take an item to move it on. `lease_ms` is the time the worker has left, plus five seconds.

    What the item owes must be sent (outbox.settle) before its next write. The index entry that brought the item
    stays until the item waits anew or ends: a slower worker may drop this very message after an earlier wait, and
    then only the index brings the item back when its holder falls.
    """
    owner = ids.new_worker_id()
    change = leases.taking(owner, now_ms, lease_ms, {"st": RUN})
    taken = leases.attempt(table, key, change, can_run(now_ms), owner, now_ms)
    return taken if isinstance(taken, Lease) else _refused(taken.row, now_ms)


def at_seq(lease: Lease) -> Condition:
    """The item stands where this lease last saw it."""
    return eq("seq", lease.seq)


def has_landed(row: Row, lease: Lease, state: str, outcome: Any) -> bool:
    """Whether this transition from `lease.seq` is in the row already (rule R3), and not another of the same lease."""
    is_ours = row.get("fence") == lease.fence and row.get("seq") == lease.seq + 1 and row.get("st") == state
    return is_ours and (outcome is None or row["memo"].get(str(lease.seq)) == outcome)


def intend(table: TableLike, lease: Lease, act: str) -> Lease:
    """Note, before its call, an act that must not happen twice. Raises LeaseLost. One write more than other acts.

    `act` names the step and its attempt: a name that no later act of the item has. One note stands at a time.
    """
    condition = leases.fenced(lease) & at_seq(lease)
    return replace(lease, row=leases.write(table, lease, Change(put={"intent": act}), condition, lambda _: False))


def is_in_doubt(lease: Lease, act: str) -> bool:
    """Whether a former holder may have made this call, of which no outcome is known: a person or a query must decide.

    Ask for every act that could be next before noting another.
    """
    return bool(lease.row.get("intent") == act)


def commit(
    table: TableLike,
    lease: Lease,
    until_ms: int,
    *,
    outcome: Any = None,
    out: Sequence[Message] = (),
    change: Change = _NOTHING,
) -> Lease:
    """Make one transition and hold on until `until_ms`. Raises LeaseLost.

    `outcome` becomes memo.<seq>; `out` is owed from now on; `change` is the state machine's own. Look at
    `is_cancelled` of the answer.
    """
    condition = leases.fenced(lease) & at_seq(lease)
    row = _transit(table, lease, {"until": until_ms}, condition, outcome, out, change)
    return replace(lease, seq=lease.seq + 1, row=row, owes=bool(out))


def suspend(
    table: TableLike,
    lease: Lease,
    *,
    timer: Timer | None = None,
    awaits: str | None = None,
    outcome: Any = None,
    out: Sequence[Message] = (),
    change: Change = _NOTHING,
) -> Row | Lease:
    """Make one transition into a wait for a time, an event or whichever comes first. Raises LeaseLost.

    Answers the waiting row: send what it owes (outbox.flush) and drop the message. Or answers a lease, when the event
    lies in the inbox already or the item is to end: the transition is made, the wait is over before it began, go on.
    """
    condition = leases.fenced(lease) & at_seq(lease) & Missing("cancel")
    put: dict[str, Any] = {"st": WAIT, "until": leases.FREE}
    if timer is not None:
        put |= timer.attributes
    if awaits is not None:
        put["aw"] = awaits
        condition = condition & inbox.is_silent(awaits, lease.row, change)
    try:
        return _transit(table, lease, put, condition, outcome, out, change)
    except LeaseLost as lost:
        if lost.row is None or lost.row["fence"] != lease.fence:
            raise
        return commit(table, lease, lost.row["until"], outcome=outcome, out=out, change=change)


def finish(
    table: TableLike,
    lease: Lease,
    state: State,
    *,
    outcome: Any = None,
    out: Sequence[Message] = (),
    change: Change = _NOTHING,
) -> Row:
    """Make the last transition. Raises LeaseLost. What the row owes then must still be sent (outbox.flush)."""
    put = {"st": state.value, "until": leases.FREE}
    return _transit(table, lease, put, leases.fenced(lease) & at_seq(lease), outcome, out, change)


def cancel(table: TableLike, key: Key, now_ms: int) -> Row | None:
    """Ask for the end of an item; None when it is absent or has ended (rule 4.8).

    Then send its wake-up message, and answer Unavailable when that fails. The holder sees it in the answer to its
    next write; a step under way may have happened.
    """
    try:
        return table.update(key, Change(put={"cancel": now_ms}), OneOf("st", (READY, RUN, WAIT)))
    except ConditionFailed:
        return None


def _transit(
    table: TableLike,
    lease: Lease,
    put: dict[str, Any],
    condition: Condition,
    outcome: Any,
    out: Sequence[Message],
    change: Change,
) -> Row:
    if lease.owes:
        raise ValueError("this write would clear an outbox that was not sent; call outbox.settle first")
    put = {"seq": lease.seq + 1, **put, **change.put}
    if outcome is not None:
        put[f"memo.{lease.seq}"] = outcome
    if out:
        put["out"] = outbox.stored(out)
    over = ["aw", "out"]
    if "st" in put:  # it waits or ends, so an old due time is over; its index entry stays while something is owed
        over += ["due"] if out and "dueB" in lease.row else due.ATTRIBUTES
    remove = tuple(name for name in over if name not in put) + change.remove
    whole = replace(change, put=put, remove=remove)
    state = put.get("st", RUN)
    return leases.write(table, lease, whole, condition, lambda row: has_landed(row, lease, state, outcome))


def _refused(row: Row | None, now_ms: int) -> NotTaken:
    if row is not None and row["st"] in ENDED:
        return NotTaken(Why.ENDED, None, row)
    reason = leases.refused(row, now_ms)
    if reason.why is Why.ENDED and row is not None and row["st"] in (READY, RUN, WAIT):
        return NotTaken(Why.NOT_DUE, None, row)  # it waits for an event only
    return reason

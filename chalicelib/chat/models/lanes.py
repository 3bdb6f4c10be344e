"""Lanes: one for each direction of a conversation, held by who hands over what waits there."""

from __future__ import annotations

from typing import Any

from chalicelib.chat.models.messages import entry_key
from chalicelib.chat.models.timers import DUE
from chalicelib.core import ids
from chalicelib.durable import due, leases
from chalicelib.durable.leases import Lease, NotTaken, Why
from chalicelib.storage.expressions import Change, Compare, Condition, Missing, Row, eq
from chalicelib.storage.table import ConditionFailed, Key
from chalicelib.storage.tables import CHAT

LOOK_BACK_MS = 120_000  # clocks differ by less, and no call takes longer from minting an id to storing it
_TOGETHER_MS = 600_000  # messages that die within this time died of one thing
_PAGE = 50


def lane_key(home: str, bot_id: str, conversation_id: str, lane: str) -> Key:
    """Say where a lane lies."""
    return Key(f"{home}#L#{bot_id}#{conversation_id}", lane)


def lane_message(pk: str, sk: str) -> dict[str, Any]:
    """Make the message that brings a lane back, out of its key."""
    bot_id, _, conversation_id = pk.partition("#L#")[2].partition("#")
    return {"b": bot_id, "c": conversation_id, "l": sk}


def take(key: Key, now_ms: int, lease_ms: int) -> Lease | NotTaken:
    """Take a lane, made by its first taker."""
    return leases.take(CHAT, key, now_ms, lease_ms, creates=True)


def ring(key: Key, entry_id: str, refused: NotTaken, now_ms: int) -> bool:
    """Tell the holder of a lane, or whoever takes it when its pause is over, of an entry; False when it is free.

    Whoever rang may forget its message: a lane that rests stands in the due index, and one that is held is put there
    for the end of its lease. Its holder's own message may be gone by then with a copy of it that rang.
    """
    is_old = now_ms - ids.minted_at(entry_id) > LOOK_BACK_MS // 2
    is_new = entry_id not in (refused.row or {}).get("calls", ())
    append = {"calls": [entry_id]} if is_old and is_new else {}
    put: dict[str, Any] = {}
    is_busy: Condition = Compare("due", ">", now_ms)
    if refused.why is Why.HELD:
        put = due.at(DUE, key, refused.again_ms or now_ms, now_ms).attributes
        is_busy = Compare("until", ">=", now_ms)
    try:
        CHAT.update(key, Change(put=put, append=append, add={"rings": 1}), is_busy)
    except ConditionFailed:
        return False
    return True


def waiting(
    home: str, bot_id: str, conversation_id: str, lane: str, row: Row, now_ms: int, called: str = ""
) -> tuple[list[Row], bool]:
    """Read what waits in a lane, in order of creation: since the last one handed over, and what was called.

    `called` is the entry whose message led here. What is scheduled for later is left out. Answers too whether that is
    all there is.
    """
    pk = entry_key(home, bot_id, conversation_id, "").pk
    low = ids.uuid_floor(ids.minted_at(row.get("cur", "")) - LOOK_BACK_MS)
    is_waiting = eq("p", lane) & leases.has_come(now_ms)
    found: dict[str, Row] = {}
    after: Key | None = None
    while True:
        page = CHAT.query(pk, between=(low, "~"), after=after, condition=is_waiting, limit=_PAGE)
        found |= {one["sk"]: one for one in page.rows}
        after = page.after
        if after is None or len(found) >= _PAGE:
            break
    calls = [Key(pk, one) for one in {*row.get("calls", ()), called} if one and one not in found]
    there = CHAT.get_many(calls, consistent=True) if calls else {}
    found |= {one["sk"]: one for one in there.values() if one.get("p") == lane}
    return [found[one] for one in sorted(found) if found[one].get("due", 0) <= now_ms], after is None


def progress(lease: Lease, cursor: str) -> dict[str, Any]:
    """Say what a release writes of how far the lane came."""
    old = lease.row.get("cur", "")
    return {"cur": max(old, cursor)} if cursor else {}


def release(lease: Lease, cursor: str) -> bool:
    """Let go of a lane that has nothing waiting; False when somebody rang since it was last looked into."""
    put = {"until": leases.FREE, "n": 0, **progress(lease, cursor)}
    change = Change(put=put, remove=("calls", "dead", "deadAt", *due.ATTRIBUTES))
    rings = lease.row.get("rings")
    quiet = Missing("rings") if rings is None else eq("rings", rings)
    try:
        CHAT.update(lease.key, change, leases.fenced(lease) & quiet)
    except ConditionFailed as failed:
        return failed.row is None or failed.row.get("fence") != lease.fence
    return True


def look_again(lease: Lease, now_ms: int, lease_ms: int) -> Lease:
    """Hold a lane longer and read who rang. Raises LeaseLost."""
    return leases.extend(CHAT, lease, now_ms, lease_ms)


def pause(lease: Lease, cursor: str, tries: int, until_ms: int, now_ms: int, called: str = "") -> due.Timer:
    """Let a lane rest until a time; order is kept, and what was called stays called. Raises LeaseLost."""
    timer = due.at(DUE, lease.key, until_ms, now_ms)
    put = {"until": leases.FREE, "n": tries, **progress(lease, cursor), **timer.attributes}
    append = {"calls": [called]} if called and called not in lease.row.get("calls", ()) else {}
    change = Change(put=put, append=append)
    leases.write(CHAT, lease, change, leases.fenced(lease), lambda row: row.get("due") == until_ms)
    return timer


def stumble(key: Key, now_ms: int) -> Row:
    """Note that a lane's message was given up, and answer the lane; it has no `dead` where another one just did so."""
    change = Change(put={"deadAt": now_ms}, add={"dead": 1})
    try:
        return CHAT.update(key, change, Missing("deadAt") | Compare("deadAt", "<", now_ms - _TOGETHER_MS))
    except ConditionFailed:
        return {}


def entry_of(home: str, bot_id: str, conversation_id: str, entry_id: str) -> Row | None:
    """Read one entry of a conversation, or None."""
    return CHAT.get(entry_key(home, bot_id, conversation_id, entry_id))

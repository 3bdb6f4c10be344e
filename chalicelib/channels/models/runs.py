"""Events and the notifications that come of them; where each lies, and the messages made from their keys."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import orjson

from chalicelib.storage.expressions import ABSENT, PRESENT, Change, Condition, Row, eq, lt
from chalicelib.storage.table import ConditionFailed, Key
from chalicelib.storage.tables import CHANNELS

DAY_MS = 86_400_000
KEEP_DAYS = 30
KEEP_S = KEEP_DAYS * 86_400
AFTER_S = 2 * 86_400  # what waits is kept this long after its time
DUE = "notification"
MAX_DIGEST_BYTES = 300_000  # of the 400,000 that a row can have
REMEMBERED_MS, MOST_REMEMBERED = 900_000, 100  # for how long a window knows who collected, and how many at most


def event_key(workspace_id: str, transaction_id: str) -> Key:
    """Say where an event lies."""
    return Key(f"{workspace_id}#TX#{transaction_id}", "E")


def run_key(workspace_id: str, transaction_id: str, subscriber_id: str) -> Key:
    """Say where a notification lies: one for each subscriber of an event."""
    return Key(f"{workspace_id}#TX#{transaction_id}", f"N#{subscriber_id}")


def parts_of(key: Key) -> tuple[str, str, str]:
    """Read workspace, transaction and subscriber out of a notification's key."""
    workspace_id, _, rest = key.pk.partition("#TX#")
    return workspace_id, rest, key.sk.removeprefix("N#")


def run_message(pk: str, sk: str) -> dict[str, Any]:
    """Make the message that moves a notification on, out of its key."""
    workspace_id, transaction_id, subscriber_id = parts_of(Key(pk, sk))
    return {"w": workspace_id, "tx": transaction_id, "s": subscriber_id}


def put_event(row: Row, now_s: int) -> bool:
    """Store an event; False when its transaction id was used before."""
    condition = ABSENT
    try:
        CHANNELS.put({**row, "exp": now_s + KEEP_S}, condition)
    except ConditionFailed:
        return False
    return True


def keep_event(run: Key, exp_s: int) -> None:
    """Keep the event of a notification for as long as that waits."""
    with suppress(ConditionFailed):
        CHANNELS.update(Key(run.pk, "E"), Change(put={"exp": exp_s}), PRESENT & lt("exp", exp_s))


def runs_of(workspace_id: str, transaction_id: str) -> list[Row]:
    """Read all notifications of an event."""
    return CHANNELS.query_all(f"{workspace_id}#TX#{transaction_id}", prefix="N#")


# --- the list of notifications, by day ----------------------------------------------------------------------------


def day_of(at_ms: int) -> str:
    """Name a day of UTC."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%d")


def days_back(now_ms: int, days: int = KEEP_DAYS) -> list[str]:
    """Name the last days, today first."""
    return [day_of(now_ms - number * DAY_MS) for number in range(days + 1)]


def activity_row(workspace_id: str, notification_id: str, at_ms: int, doc: dict[str, Any]) -> Row:
    """Build the row that lists a notification on its day."""
    key = Key(f"{workspace_id}#ACT#{day_of(at_ms)}", notification_id)
    return {**key._asdict(), "rev": 0, "doc": doc, "exp": at_ms // 1000 + KEEP_S}


def activity_of(workspace_id: str, day: str) -> list[Row]:
    """Read the notifications of a day, the newest first."""
    return CHANNELS.query_all(f"{workspace_id}#ACT#{day}", newest_first=True)


def get_activity(workspace_id: str, notification_id: str, at_ms: int) -> dict[str, Any] | None:
    """Read the entry of one notification, or None."""
    row = CHANNELS.get(Key(f"{workspace_id}#ACT#{day_of(at_ms)}", notification_id))
    return None if row is None else dict(row["doc"])


# --- digests --------------------------------------------------------------------------------------------------------


def window_key(workspace_id: str, name: str) -> Key:
    """Say where it stands which notification collects the events of a digest."""
    return Key(f"{workspace_id}#DIG#{name}", "D")


def get_window(key: Key) -> Row:
    """Read which notification collects: its transaction id in `m`, with those before it in `was`. Empty without one."""
    return CHANNELS.get(key) or {}


def collectors_of(window: Row) -> list[str]:
    """Name the notifications that collected of late, the present one first."""
    return [str(window["m"]), *(one for one, _ in reversed(window.get("was", ())))] if window else []


def claim_window(key: Key, mine: str, window: Row, now_ms: int, exp_s: int) -> bool:
    """Make a notification the one that collects, unless another was faster; one conditional write.

    `window` is the row as it was read. Who collected before stays known for a while (`was`): an event that was added
    there by a worker who fell must be found there by the next.
    """
    condition = eq("m", window["m"]) if window else ABSENT
    was = [one for one in window.get("was", ()) if one[1] > now_ms - REMEMBERED_MS][-MOST_REMEMBERED:]
    before = {"was": [*was, [window["m"], now_ms]]} if window else {}
    try:
        CHANNELS.put({**key._asdict(), "rev": 0, "m": mine, "exp": exp_s, **before}, condition)
    except ConditionFailed as failed:
        return failed.row is not None and failed.row.get("m") == mine
    return True


def collect(master: Key, transaction_id: str, at_ms: int, most: int) -> bool:
    """Add an event to the digest that a notification collects; False when that one is closed or full."""
    entry = [transaction_id, at_ms]
    change = Change(put={f"dg.{entry_name(transaction_id)}": entry}, add={"dgn": 1, "dgs": entry_bytes(entry)})
    try:
        CHANNELS.update(master, change, is_collecting(most))
    except ConditionFailed:
        return False
    return True


def is_collecting(most: int) -> Condition:
    """The notification collects and is not full: neither of events nor of what its row can hold."""
    return eq("dgo", 1) & lt("dgn", most) & lt("dgs", MAX_DIGEST_BYTES)


def holds(row: Row, transaction_id: str) -> bool:
    """The digest of a notification, open or closed, has this event."""
    return entry_name(transaction_id) in row.get("dg", {})


def entry_bytes(entry: list[Any]) -> int:
    """Say, not too low, what an entry takes in the row."""
    return len(str(entry[0]).encode()) + 60


def drop(master: Key, transaction_id: str) -> bool:
    """Take an event out of an open digest; False when it is closed."""
    try:
        CHANNELS.update(master, Change(remove=(f"dg.{entry_name(transaction_id)}",)), eq("dgo", 1))
    except ConditionFailed:
        return False
    return True


def entry_name(transaction_id: str) -> str:
    """Spell a transaction id as the name of an attribute."""
    import hashlib

    return "t" + hashlib.sha256(transaction_id.encode()).hexdigest()[:24]


# --- jobs -----------------------------------------------------------------------------------------------------------


def job_name(position: int) -> str:
    """Name the attribute that holds the job of a step."""
    return f"j{position}"


def job_text(job: dict[str, Any]) -> str:
    """Render a job as it is stored."""
    return orjson.dumps(job).decode()


def job_of(row: Row, position: int) -> dict[str, Any] | None:
    """Read the job of a step, or None before its time."""
    text = row.get(job_name(position))
    return None if text is None else dict(orjson.loads(text))

"""What holds of every row and queue once all is done, whichever surface it belongs to."""

from __future__ import annotations

import time

from tests.chaos.store import Message, Row, Store, part

FREE = -1
SLACK_MS = 60_000
TIMERS = frozenset({"subscriptions_poll"})  # each brings its next


def of_all(store: Store, now_ms: int | None = None) -> list[str]:
    """Give every violation as a sentence."""
    now = time.time_ns() // 1_000_000 if now_ms is None else now_ms
    found = []
    for table in ("work", "delivery", "journeys", "chat", "channels"):
        if table not in store.tables():
            continue
        for row in store.rows(table):
            found += [f"{table} {row['pk']} {row['sk']}: {text}" for text in faults_of(row, now)]
    found += [f"a message lies in {one.queue}: {one.body}" for one in under_way(store, now)]
    return found + [f"dead letter: {one.body}" for one in store.messages("dead_letters")]


def given_up(store: Store) -> list[str]:
    """Say which messages a queue gave up, although nothing is lost by it: what they were about is tried again or ends.

    Without kills there is no reason for any; a message that was in flight whenever a process fell may be one.
    """
    rows = [row for row in store.rows("work") if "#DEAD" in row["pk"] and "message" in row["doc"]]
    return [f"a queue gave up {row['doc']['message']}" for row in rows]


def faults_of(row: Row, now_ms: int) -> list[str]:
    """Say what is wrong with one row that nobody should be working on."""
    found = []
    until = row.get("until", FREE)
    if isinstance(until, int) and until > now_ms + SLACK_MS * 10:
        found.append(f"held for another {(until - now_ms) / 1000:.0f} s")
    if row.get("st") == "RUN" and isinstance(until, int) and until < now_ms - SLACK_MS:
        found.append("taken by somebody who is gone, and nobody came")
    if ("dueB" in row) != ("dueK" in row):
        found.append("stands half in the due index")
    if "dueB" in row and isinstance(row.get("due"), int) and row["due"] < now_ms - SLACK_MS:
        found.append(f"was due {(now_ms - row['due']) / 1000:.0f} s ago")
    if "#X#" in row["pk"] and part(row["pk"], 1) == "X" and sorted(map(int, row["memo"])) != _expected(row):
        found.append(f"its journal has gaps: {sorted(map(int, row['memo']))} of {row['seq']}")
    return found


def under_way(store: Store, now_ms: int) -> list[Message]:
    """List messages that are due and that nobody has taken; those of later are timers, those held are hidden."""
    queues = [queue for queue in store.queues() if queue not in TIMERS | {"dead_letters"}]
    return [one for queue in queues for one in store.messages(queue) if one.visible_at <= now_ms]


def messages_under_way(store: Store) -> int:
    """Count them."""
    return len(under_way(store, time.time_ns() // 1_000_000))


def _expected(row: Row) -> list[int]:
    """Say which transitions the row itself must hold: all, or those since the last page was filled."""
    held = sorted(map(int, row["memo"]))
    first = held[0] if held and row.get("pages") else 0
    return list(range(first, row["seq"]))

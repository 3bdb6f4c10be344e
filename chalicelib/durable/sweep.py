"""The sweep over the due index (rule 4.6): each minute it brings what is due in the next minutes, and what was missed.

An entry stands until its item moves, which may be long after it was sent. So the sweep keeps three places in time:

    low ........ late ........ now ........ ahead
        settled       brought       brought early

Entries below `ahead` were sent once with a delay (those marked as sent directly were not); entries below `late` that
still stood two minutes after their time were sent once more; minutes below `low` are older than 15 minutes and were
found empty, or are listed in `left`, whose entries are sent again every twelve minutes until they are gone. Work per
tick is bounded and progress is kept, so that a week of missed ticks is caught up over several, newest dues first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from chalicelib.adapters.queue import Letter
from chalicelib.core.errors import Unavailable
from chalicelib.durable import due, leases
from chalicelib.durable.due import MINUTE_MS, SHARDS, Entry
from chalicelib.durable.leases import LeaseLost, NotTaken
from chalicelib.storage.expressions import Change
from chalicelib.storage.table import Key, Page, TableLike

AHEAD_MS = 14 * MINUTE_MS  # a minute less than what is sent directly, for clocks and the index to differ
PATIENCE_MS = 2 * MINUTE_MS
SETTLED_MS = 15 * MINUTE_MS
AGAIN_MS = 12 * MINUTE_MS  # twice the time a message is hidden while it is worked on
LEASE_MS = 70_000
FIRST_LOOK_BACK_MS = 60 * MINUTE_MS
_LEFT_MAX = 200
_PAGE = 200
_SAVE_QUERIES, _SAVE_LETTERS = 250, 2_000


class IndexedTable(TableLike, Protocol):
    """A table with the due index."""

    def query(
        self, pk: str, *, between: tuple[str, str] | None = None, limit: int | None = None, index: str = ""
    ) -> Page: ...


class Spot(NamedTuple):
    """How far a walk came: everything before this minute, shard and sort key."""

    minute: int
    shard: int = 0
    after: str = ""


@dataclass
class Places:
    """What the sweep remembers between ticks; `left` lists [minute, shard, when to send again, after]."""

    ahead: Spot
    late: Spot
    low: int
    left: list[list[Any]]

    @classmethod
    def of(cls, row: dict[str, Any], now_ms: int) -> Places:
        """Read them from the sweep item; a first sweep looks back an hour."""
        if "low" not in row:
            start = (now_ms - FIRST_LOOK_BACK_MS) // MINUTE_MS
            return cls(Spot(start), Spot(start), start, [])
        return cls(Spot(*row["ahead"]), Spot(*row["late"]), row["low"], [list(item) for item in row["left"]])

    def attributes(self) -> dict[str, Any]:
        """Render them for the sweep item."""
        return {"ahead": list(self.ahead), "late": list(self.late), "low": self.low, "left": self.left}


@dataclass(frozen=True)
class Tick:
    """What one tick did: letters sent, whether it came through to the present, buckets with entries nobody moves."""

    sent: int
    is_done: bool
    left: int


def sweep_key(kind: str) -> Key:
    """Say where the sweep's own item lies; `-` is the deployment's own workspace."""
    return Key(f"-#SWEEP#{kind}", "SWEEP")


def sweep(
    table: IndexedTable,
    kind: str,
    send: Callable[[Sequence[Letter]], None],
    message_of: Callable[[str, str], dict[str, Any]],
    now_ms: int,
    *,
    queries: int = 1_000,
    letters: int = 5_000,
) -> Tick | None:
    """Run one tick: send a message for every entry whose time it is. None when another tick is at it.

    `message_of(pk, sk)` makes the message's body. `queries` and `letters` bound the work; what is left over is next
    tick's. Raises LeaseLost when it took so long that another tick took over, Unavailable from table or queue; both
    lose no entry, and repeat some.
    """
    lease = leases.take(table, sweep_key(kind), now_ms, LEASE_MS, creates=True)
    if isinstance(lease, NotTaken):
        return None
    run = _Run(table, kind, send, message_of, now_ms, lease, Places.of(lease.row, now_ms), queries, letters)
    try:
        run.bring_ahead()
        run.bring_late()
        run.settle()
        run.bring_left()
    except Unavailable:
        run.give_up()
        raise
    run.save(leases.FREE)
    return Tick(run.sent, run.queries > 0 and run.letters > 0, len(run.places.left))


@dataclass
class _Run:
    table: IndexedTable
    kind: str
    send: Callable[[Sequence[Letter]], None]
    message_of: Callable[[str, str], dict[str, Any]]
    now_ms: int
    lease: leases.Lease
    places: Places
    queries: int
    letters: int
    sent: int = 0
    unsaved_queries: int = 0
    unsaved_letters: int = 0

    def bring_ahead(self) -> None:
        """Send what comes due within the next minutes, hidden until then. Far behind, it leaves the past to `late`."""
        self.places.ahead = max(self.places.ahead, Spot(self._minute(-PATIENCE_MS)))
        for spot, entries in self._pages(self.places.ahead, self._minute(AHEAD_MS)):
            self._bring([one for one in entries if not one.is_direct])
            self.places.ahead = spot
            self._save_some()

    def bring_late(self) -> None:
        """Send what still stands two minutes after its time."""
        for spot, entries in self._pages(self.places.late, self._minute(-PATIENCE_MS)):
            self._bring(entries)
            self.places.late = spot
            self._save_some()

    def settle(self) -> None:
        """Let `low` pass minutes older than the index can lag; what stands there yet is listed."""
        end = min(self.places.late.minute, self._minute(-SETTLED_MS))
        while self.places.low < end and len(self.places.left) + SHARDS <= _LEFT_MAX and self.queries >= SHARDS:
            minute = self.places.low
            pages = [self._query(Spot(minute, shard), limit=1) for shard in range(SHARDS)]
            again_ms = self.now_ms + AGAIN_MS
            self.places.left += [
                [minute, shard, again_ms, ""] for shard, page in enumerate(pages) if page.rows or page.after
            ]
            self.places.low += 1
            self._save_some()

    def bring_left(self) -> None:
        """Send what is listed and its time to be sent again has come; forget what is gone."""
        for item in list(self.places.left):
            minute, shard, again_ms, after = item
            if again_ms > self.now_ms:
                continue
            is_empty = not after
            for spot, entries in self._pages(Spot(minute, shard, after), minute, shard):
                self._bring(entries)
                is_empty = is_empty and not entries
                item[3] = spot.after
                if not spot.after:
                    item[2] = self.now_ms + AGAIN_MS
            if is_empty and item[2] > self.now_ms:
                self.places.left.remove(item)
            self._save_some()

    def save(self, until_ms: int) -> None:
        """Write down how far the sweep came. Raises LeaseLost."""
        change = Change(put=self.places.attributes() | {"until": until_ms})
        leases.write(self.table, self.lease, change, leases.fenced(self.lease), lambda _: False)
        self.unsaved_queries = self.unsaved_letters = 0

    def give_up(self) -> None:
        """Keep how far the sweep came before table or queue failed, and let the next tick go on from there."""
        with suppress(LeaseLost, Unavailable):
            self.save(leases.FREE)

    def _save_some(self) -> None:
        if self.unsaved_queries >= _SAVE_QUERIES or self.unsaved_letters >= _SAVE_LETTERS:
            self.save(self.now_ms + LEASE_MS)

    def _pages(self, spot: Spot, end: int, only_shard: int | None = None) -> Iterator[tuple[Spot, list[Entry]]]:
        """Walk minutes below `end` (or one shard of one minute): each page with the spot that follows it."""
        while (spot.minute < end or only_shard == spot.shard) and self.queries > 0 and self.letters > 0:
            page = self._query(spot, _PAGE)
            if page.rows and page.after is not None:
                spot = spot._replace(after=page.rows[-1]["dueK"])
            elif spot.shard + 1 < SHARDS:
                spot = Spot(spot.minute, spot.shard + 1)
            else:
                spot = Spot(spot.minute + 1)
            yield spot, [due.entry(row) for row in page.rows]

    def _query(self, spot: Spot, limit: int) -> Page:
        self.queries -= 1
        self.unsaved_queries += 1
        between = (spot.after + " ", ":") if spot.after else None  # ':' sorts after every digit
        return self.table.query(
            due.bucket(self.kind, spot.minute, spot.shard), between=between, limit=limit, index="due"
        )

    def _bring(self, entries: list[Entry]) -> None:
        if not entries:
            return
        self.send([Letter(self.message_of(*one.key), _delay_s(one, self.now_ms)) for one in entries])
        self.sent += len(entries)
        self.letters -= len(entries)
        self.unsaved_letters += len(entries)

    def _minute(self, from_now_ms: int) -> int:
        return (self.now_ms + from_now_ms) // MINUTE_MS


def _delay_s(entry: Entry, now_ms: int) -> int:
    return max(0, -(-(entry.due_ms - now_ms) // 1000))

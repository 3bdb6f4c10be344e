"""Sums of what executions used, written by the process that ended them: durable, each execution counted once.

Every process adds to rows of its own, `W#USE#<day>` / `<automation>#<process>`, so that an update in its batch's wake
sums a whole batch and nobody contends for it. An end carries its *mark* `<process>.<number>` in the row of the
execution, written by the very update that ends it. A process's row says which of its numbers it holds: those up to
`top`, but for `gaps`. What fell with a process is found when its message comes again (every execution that ends has
one standing behind it), and added to the row of the fallen one under `late_<execution>`; should that process live on
after all, its next update sees the name and leaves that execution out.
"""

from __future__ import annotations

import os
import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

from chalicelib.adapters import logs
from chalicelib.automations import models
from chalicelib.core import clock, ids
from chalicelib.core.cache import Cached
from chalicelib.durable.steps import ENDED
from chalicelib.storage.expressions import Change, Condition, Missing, Row, eq
from chalicelib.storage.table import ConditionFailed, Key
from chalicelib.storage.tables import WORK

MARK = "ub"
CHUNK = 25  # executions an update, each of which costs a name in its condition
_KEPT_S = 400 * models.DAY_S
_KNOWN = 2_000
_seen: Cached[Row] = Cached(10, size=500)  # what is in a row stays true, so an old one may say yes


class Place(NamedTuple):
    """What is summed together."""

    workspace_id: str
    day: str
    automation_id: str


@dataclass
class _Sums:
    """What this process knows of one of its rows: numbers given out, ends not written yet, the row's last state."""

    under_way: set[int] = field(default_factory=set)
    ends: dict[int, tuple[str, Counter[str]]] = field(default_factory=dict)
    turn: int = 0
    top: int = 0


class Book:
    """One process's part of the sums."""

    def __init__(self) -> None:
        self.process, self._pid = ids.new_worker_id()[:12], os.getpid()
        self._lock, self._writing = threading.Lock(), threading.Lock()
        self._places: dict[Place, _Sums] = {}
        self._number = 0
        self._flushed_ms = 0

    def mark(self, place: Place) -> str:
        """Give a number to an execution that is about to end; put it into the row under MARK."""
        with self._lock:
            self._number += 1
            self._places.setdefault(place, _Sums()).under_way.add(self._number)
            return f"{self.process}.{self._number}"

    def forget(self, place: Place, mark: str) -> None:
        """Take a number back: the end was another's."""
        with self._lock:
            self._places[place].under_way.discard(_number(mark))

    def note(self, place: Place, mark: str, execution: str, amounts: Counter[str]) -> None:
        """Count an execution that has ended; written with the next `flush`."""
        with self._lock:
            sums = self._places.setdefault(place, _Sums())
            sums.under_way.discard(_number(mark))
            sums.ends[_number(mark)] = (name_of(execution), amounts)

    def flush(self, not_within_ms: int = 0) -> None:
        """Write what was counted, also what other threads did. Raises Unavailable: then it is still to be written.

        `not_within_ms`: leave it to a later call when the last one was so recent.
        """
        if not_within_ms and clock.now_ms() - self._flushed_ms < not_within_ms:
            return
        with self._writing:
            self._flushed_ms = clock.now_ms()
            with self._lock:
                places = [place for place, sums in self._places.items() if sums.ends]
            for place in places:
                while self._write(place):
                    continue
            self._prune()

    def is_settled(self, place: Place, process: str, number: int) -> bool:
        """Say whether an end of this very process needs nobody else to count it."""
        if process != self.process:
            return False
        with self._lock:
            return number not in self._places.get(place, _Sums()).under_way

    def _write(self, place: Place) -> bool:
        """Make one update; True when there is more to write."""
        with self._lock:
            sums = self._places[place]
            taken = dict(list(sums.ends.items())[:CHUNK])
            top = max(sums.top, *taken)
            waiting = sums.under_way | (sums.ends.keys() - taken.keys())
        gaps, turn = sorted(number for number in waiting if number < top), sums.turn + 1
        total: Counter[str] = Counter()
        for _, amounts in taken.values():
            total.update(amounts)
        condition: Condition = Missing("turn") if sums.turn == 0 else eq("turn", sums.turn)
        for name, _ in taken.values():
            condition = condition & Missing(name)
        put = {"turn": turn, "top": top, "gaps": gaps, "exp": clock.now_s() + _KEPT_S}
        try:
            WORK.update(row_key(place, self.process), Change(put=put, add=_added(total)), condition)
        except ConditionFailed as refusal:
            return self._corrected(sums, refusal.row or {})
        with self._lock:
            sums.turn, sums.top = turn, top
            for number in taken:
                sums.ends.pop(number, None)
            return bool(sums.ends)

    def _corrected(self, sums: _Sums, row: Row) -> bool:
        """Leave out what the row holds: by an update whose answer was lost (rule R3), or because others counted it."""
        with self._lock:
            sums.turn, sums.top = int(row.get("turn", 0)), max(sums.top, int(row.get("top", 0)))
            sums.ends = {number: end for number, end in sums.ends.items() if not _holds(row, end[0], number)}
            return bool(sums.ends)

    def _prune(self) -> None:
        with self._lock:
            idle = [place for place, sums in self._places.items() if not sums.ends and not sums.under_way]
            for place in idle[: max(0, len(self._places) - _KNOWN)]:
                del self._places[place]  # the row itself says where it stands


_book: Book | None = None
_guard = threading.Lock()


def book() -> Book:
    """Give this process's book; a fork begins one of its own."""
    global _book
    if _book is None or _book._pid != os.getpid():
        with _guard:
            if _book is None or _book._pid != os.getpid():
                _book = Book()
    return _book


def recover(workspace_id: str, row: Row, amounts: Counter[str]) -> None:
    """Count an execution that has ended, unless that was done: its message came again, so a process may have fallen.

    Raises Unavailable.
    """
    process, _, number = str(row.get(MARK) or "").partition(".")
    if not process or row["st"] not in ENDED:
        return
    place, name = place_of(workspace_id, row), name_of(row["sk"])
    if book().is_settled(place, process, int(number)):
        return
    key = row_key(place, process)
    found = _seen.get(key, lambda: WORK.get(key)) or {}
    if not _holds(found, name, int(number)):
        found = WORK.get(key) or {}
    while not _holds(found, name, int(number)):
        stands = eq("turn", found["turn"]) if "turn" in found else Missing("turn")
        change = Change(put={name: 1, "exp": clock.now_s() + _KEPT_S}, add=_added(amounts))
        try:
            WORK.update(key, change, stands & Missing(name))
        except ConditionFailed as refusal:
            found = refusal.row or {}
            continue
        logs.log("usage.recovered", workspace=workspace_id, executionId=row["sk"])
        return


def place_of(workspace_id: str, row: Row) -> Place:
    """Say where an execution that has ended is summed: under the day of its end."""
    return Place(workspace_id, clock.iso_seconds(int(row["fin"]))[:10], row["doc"]["a"])


def row_key(place: Place, process: str) -> Key:
    """Say where a process's part of a day's sums lies."""
    return Key(models.usage_partition(place.workspace_id, place.day), f"{place.automation_id}#{process}")


def name_of(execution: str) -> str:
    """Name an execution within the sums of its automation."""
    return f"late_{execution.rpartition('.')[2]}"


def _holds(row: Row, name: str, number: int) -> bool:
    return name in row or (number <= int(row.get("top", 0)) and number not in row.get("gaps", ()))


def _number(mark: str) -> int:
    return int(mark.rpartition(".")[2])


def _added(amounts: Counter[str]) -> dict[str, int]:
    return {name: amount for name, amount in amounts.items() if amount}

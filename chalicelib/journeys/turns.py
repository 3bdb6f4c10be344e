"""One token in this worker's hands: walked on in memory until something must be done, waited for, or written."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from chalicelib.durable import due, leases
from chalicelib.durable.due import Timer
from chalicelib.journeys import ending
from chalicelib.journeys.commits import Move
from chalicelib.journeys.models import counters, tokens
from chalicelib.journeys.models.automations import Automation
from chalicelib.journeys.models.nodes import Node
from chalicelib.journeys.rules import walking
from chalicelib.journeys.rules.graph import TYPES, Graph
from chalicelib.journeys.rules.tokens import Reason, Status
from chalicelib.storage.expressions import Row
from chalicelib.storage.table import Key

_OF_A_VISIT = ("due", "dueB", "dueK", "wt", "aw", "m", "n")
_WITH_OUTCOMES = frozenset({"CHECK", "SPLIT"})
Json = dict[str, Any]


@dataclass
class Turn:
    """A token, its automation and graph, and everything walked since it was last written.

    `row` is how it stands in the table, `view` how it will stand; `deltas` count the way between. `holds` says that
    its lease is ours.
    """

    row: Row
    head: Automation
    node: Node
    graph: Graph
    holds: bool = False
    view: Row = field(default_factory=dict)
    deltas: counters.Deltas = field(default_factory=Counter)
    _marked: tuple[Row, counters.Deltas] | None = None

    def __post_init__(self) -> None:
        self.view = dict(self.row)

    @property
    def token(self) -> str:
        """The token's uuid."""
        return tokens.parts_of(self.row["pk"])[2]

    @property
    def step(self) -> Json:
        """The step it has walked to."""
        return self.graph.by_uuid[self.view["s"]]

    @property
    def parameters(self) -> Json:
        """The parameters of that step, large texts left out."""
        return self.step.get("parameters") or {}

    @property
    def has_moved(self) -> bool:
        """Whether there is anything to write."""
        return bool(self.deltas)

    def next(self, now_ms: int) -> walking.Next:
        """Say what comes next where it has walked to."""
        key = tokens.identity_of(self.row).key
        return walking.next_of(self.graph, self.view, key, self.head.timezone, now_ms)

    def count(self, name: str, amount: int = 1) -> None:
        """Count something at the step it has walked to."""
        self.deltas[self.head.id, self.view["s"], name] += amount

    def leave(self, way: walking.Leave, now_ms: int) -> None:
        """Walk on to the next step."""
        self.count("passed")
        step = self.graph.step(self.view["s"])
        if step is not None:  # else the graph changed while it was on the way to this one
            self.view["from"] = [step["uuid"], way.outcome]
            if TYPES[step["operation"]] in _WITH_OUTCOMES:
                self.count(f"outcome{way.outcome}")
        if (event := (self.view.get("m") or {}).get("event")) is not None:
            self.view["doc"] = {**self.view["doc"], "matched": event}
        for name in _OF_A_VISIT:
            self.view.pop(name, None)
        self.view |= {"s": way.to, "v": self.view["v"] + 1, "se": way.ended_ms, "ne": now_ms}
        self.count("entered")

    def mark(self) -> None:
        """Remember this place: an effect was done here, and a removal that comes before the next step ends it here."""
        self._marked = dict(self.view), Counter(self.deltas)

    def removed_meanwhile(self, row: Row, now_ms: int) -> Move:
        """Give the move that ends it where its last effect was done, else where it stood: somebody asked for its end.

        `row` is the token as it stands now, with the reason in `rm`.
        """
        self.row = row
        self.view, self.deltas = self._marked if self._marked is not None else (dict(row), Counter())
        return self.ends(Reason(row["rm"]), now_ms)

    # --- moves ------------------------------------------------------------------------------------------------

    def waits(self, wait: walking.Wait, now_ms: int) -> tuple[Move, Timer]:
        """Give the move into a wait."""
        timer = self._timer(wait.due_ms, now_ms)
        more: Json = {"wt": self.view["v"]} | ({"aw": wait.awaits} if wait.awaits else {})
        return self.move(Status.WAITING, timer.attributes | more), timer

    def retries(self, at_ms: int, now_ms: int, *, counts: bool) -> tuple[Move, Timer]:
        """Give the move into another attempt later; one that was only put off does not count as an attempt."""
        timer = self._timer(at_ms, now_ms)
        more = {"n": int(self.view.get("n", 0)) + 1} if counts else {}
        return self.move(Status.RETRYING, timer.attributes | more), timer

    def ready(self, *, until_ms: int | None = None) -> Move:
        """Give the move that stores how far it has walked; with `until_ms` it stays in this worker's hands."""
        if until_ms is None:
            return self.move(Status.READY, {})
        return self.move(Status.PROCESSING, {"until": until_ms})

    def stays(self) -> Move:
        """Give the move that stores how far it has walked, and, on a check whose time has come, when that was."""
        has_come = self.view.get("wt") == self.view["v"] and "due" in self.view
        return self.move(Status.READY, {"due": self.view["due"]} if has_come else {})

    def ends(self, reason: Reason, now_ms: int, error: str = "") -> Move:
        """Give the move that ends it where it has walked to."""
        made = ending.last_move(self.row, reason, now_ms, holds=self.holds, error=error, step=self.view["s"])
        made.put |= self._changed()
        made.deltas.update(self.deltas)
        return made

    def move(self, status: Status, put: Json) -> Move:
        """Give a move into a state that is not the last."""
        whole = self._changed() | {"until": leases.FREE} | put | {"st": status.value}
        remove = tuple(name for name in _OF_A_VISIT if name in self.row and name not in self.view and name not in put)
        timed = ("due", "dueB", "dueK")
        stale = tuple(name for name in timed if name in self.row and name not in whole and name not in remove)
        return Move(self.row, whole, remove + stale, Counter(self.deltas), self.holds)

    def stored(self, row: Row) -> None:
        """Go on from a row that was just written."""
        self.row, self.view, self.deltas, self._marked = row, dict(row), Counter(), None

    def _changed(self) -> Json:
        timed = ("due", "dueB", "dueK")
        return {
            name: value
            for name, value in self.view.items()
            if name not in timed and (name not in self.row or self.row[name] != value)
        }

    def _timer(self, due_ms: int, now_ms: int) -> Timer:
        return due.at(tokens.DUE, Key(self.row["pk"], self.row["sk"]), due_ms, now_ms)

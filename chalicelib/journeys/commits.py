"""Writing what became of tokens: several of them and the counters they change, in one transaction.

One transaction of ten tokens and the few counter rows they share costs little more than ten writes would, and counters
can neither miss a token nor count it twice. A token that somebody else has moved is left out, and the rest tried again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from chalicelib.core import figures, ids
from chalicelib.core.errors import Unavailable
from chalicelib.durable import leases
from chalicelib.journeys import parts
from chalicelib.journeys.models import counters, tokens
from chalicelib.journeys.models.counters import Deltas
from chalicelib.journeys.rules import tokens as rules
from chalicelib.storage import table
from chalicelib.storage.expressions import ABSENT, Change, Condition, Missing, Row, eq, lt
from chalicelib.storage.table import Key, TransactionFailed, Write
from chalicelib.storage.tables import JOURNEYS

MOST = 32  # moves in one transaction: with guards and counters at most 100 items
_ATTEMPTS = 6
_DUE = ("due", "dueB", "dueK")
_ENDS = {
    rules.Status.COMPLETED.value: "JourneyTokensCompleted",
    rules.Status.ERROR.value: "JourneyTokensFailed",
    rules.Status.REMOVED.value: "JourneyTokensRemoved",
    rules.Status.EXPIRED.value: "JourneyTokensRemoved",
}


@dataclass
class Move:
    """What is to become of one token: `row` is how it was read, `put` and `remove` what changes.

    `holds` says that its lease is ours; `deltas` what it counts; `heeds_removal` that a removal asked for meanwhile
    must be seen (the move is then refused with `rm` in the row). `guard` is freed with it.
    """

    row: Row
    put: dict[str, Any]
    remove: tuple[str, ...] = ()
    deltas: Deltas = field(default_factory=Counter)
    holds: bool = False
    heeds_removal: bool = True
    guard: Key | None = None

    @property
    def key(self) -> Key:
        """Where the token lies."""
        return Key(self.row["pk"], self.row["sk"])

    def condition(self, now_ms: int) -> Condition:
        """Nobody has moved the token since it was read, and nobody else is at it."""
        same = eq("fence", self.row["fence"]) & eq("seq", self.row["seq"])
        if self.heeds_removal:
            same = same & (Missing("rm") if "rm" not in self.row else eq("rm", self.row["rm"]))
        return same if self.holds else same & (Missing("until") | lt("until", now_ms))

    def after(self) -> Row:
        """Give the token as this move leaves it."""
        kept = {name: value for name, value in self.row.items() if name not in self.remove}
        return kept | self.put | {"seq": self.row["seq"] + 1}


@dataclass(frozen=True)
class Refusal:
    """A move that did not happen, and the token as it stands (None: it is gone)."""

    move: Move
    row: Row | None


def take(row: Row, now_ms: int, lease_ms: int) -> Row | None:
    """Claim a token before an effect; None when somebody else has it or moved it. One write."""
    rules.check(row["st"], rules.Status.PROCESSING)
    owner = ids.new_worker_id()
    put = {"st": rules.Status.PROCESSING.value}
    condition = Move(row, {}).condition(now_ms)
    change = leases.taking(owner, now_ms, lease_ms, put)
    taken = leases.attempt(JOURNEYS, Key(row["pk"], row["sk"]), change, condition, owner, now_ms)
    return taken.row if isinstance(taken, leases.Lease) else None


def commit(moves: Sequence[Move], now_ms: int) -> list[Refusal]:
    """Make moves, all that can be made; answers those that cannot. Raises Unavailable: then none, or all, were made."""
    refused: list[Refusal] = []
    for part in parts.cut(moves, MOST, lambda move: move.put.get("doc") or move.row["doc"]):
        refused += _together(part, now_ms)
    return refused


def _together(moves: list[Move], now_ms: int) -> list[Refusal]:
    owner, refused = ids.new_worker_id(), []
    without_guard: set[Key] = set()
    for attempt in range(1, _ATTEMPTS + 1):
        if not moves:
            break
        writes, index = _writes(moves, now_ms, owner, without_guard)
        try:
            table.transact(writes, ids.secret_text(24))
            _count(moves)
            break
        except TransactionFailed as failure:
            if any(_is_ours(row, owner) for row in failure.failed.values()):
                _count(moves)
                break  # rule R3: the first answer was lost, and one has happened only if all have
            gone = [(index[at], row) for at, row in failure.failed.items() if at in index]
            without_guard |= {writes[at].key for at in failure.failed if at not in index}  # type: ignore[misc]
            refused += [Refusal(move, row) for move, row in gone]
            moves = [move for move in moves if all(move is not one for one, _ in gone)]
        except Unavailable:
            if attempt == _ATTEMPTS:
                raise
    else:
        raise Unavailable("tokens changed too often while they were written")
    return refused


def _writes(moves: list[Move], now_ms: int, owner: str, without_guard: set[Key]) -> tuple[list[Write], dict[int, Move]]:
    writes: list[Write] = []
    index: dict[int, Move] = {}
    deltas: Deltas = Counter()
    for move in moves:
        rules.check(move.row["st"], str(move.put.get("st", move.row["st"])))
        index[len(writes)] = move
        change = Change(put={"own": owner, **move.put, "seq": move.row["seq"] + 1}, remove=move.remove)
        writes.append(Write(JOURNEYS, move.condition(now_ms), key=move.key, change=change))
        if move.guard is not None and move.guard not in without_guard:
            _, _, token = tokens.parts_of(move.row["pk"])
            writes.append(Write(JOURNEYS, ABSENT | eq("t", token), key=move.guard))
        deltas.update(move.deltas)
    workspace_id, node, _ = tokens.parts_of(moves[0].row["pk"])
    return [*writes, *counters.writes(workspace_id, node, deltas, counters.any_shard())], index


def _count(moves: list[Move]) -> None:
    workspace_id = tokens.parts_of(moves[0].row["pk"])[0]
    passed = sum(amount for move in moves for (_, _, name), amount in move.deltas.items() if name == "passed")
    if passed:
        figures.add("JourneySteps", passed, workspace_id=workspace_id)
    for move in moves:
        if name := _ENDS.get(str(move.put.get("st"))):
            figures.add(name, workspace_id=workspace_id)


def _is_ours(row: Row | None, owner: str) -> bool:
    return row is not None and row.get("own") == owner

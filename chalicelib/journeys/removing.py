"""Taking tokens out: those nobody is at end now, those in a worker's hands right after the step under way."""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.core import clock
from chalicelib.core.errors import Unavailable
from chalicelib.journeys import admitting, commits, ending
from chalicelib.journeys.models import tokens
from chalicelib.journeys.rules.tokens import Reason, is_over
from chalicelib.storage.expressions import Change, Row, eq
from chalicelib.storage.table import ConditionFailed, Key
from chalicelib.storage.tables import JOURNEYS

_ATTEMPTS = 8


def remove(rows: Sequence[Row], reason: Reason) -> int:
    """End tokens of one node, or ask for their end; gives how many had not ended before. Raises Unavailable."""
    open_ = [row for row in rows if not is_over(row["st"])]
    count = len(open_)
    for _ in range(_ATTEMPTS):
        if not open_:
            return count
        now_ms = clock.now_ms()
        free = [row for row in open_ if row.get("until", -1) < now_ms]
        lost = [row for row in open_ if row.get("until", -1) >= now_ms and not _ask(row, reason)]
        moves = [ending.last_move(row, reason, now_ms) for row in free]
        ending.list_before(moves)
        refused = {id(one.move) for one in commits.commit(moves, now_ms)}
        done = [move.after() for move in moves if id(move) not in refused]
        ending.unlist_after(done)
        _drained(done)
        lost += [move.row for move in moves if id(move) in refused]
        open_ = _read_again(lost)
    raise Unavailable("tokens moved too fast to be taken out; try again")


def _ask(row: Row, reason: Reason) -> bool:
    """Tell the worker who has a token that it is to end; False when it has it no longer."""
    same = eq("fence", row["fence"]) & eq("seq", row["seq"]) & eq("until", row["until"])
    try:
        JOURNEYS.update(Key(row["pk"], row["sk"]), Change(put={"rm": reason.value}), same)
    except ConditionFailed:
        return False
    return True


def _read_again(rows: Sequence[Row]) -> list[Row]:
    found = JOURNEYS.get_many((Key(row["pk"], row["sk"]) for row in rows), consistent=True)
    return [row for row in found.values() if not is_over(row["st"])]


def _drained(rows: Sequence[Row]) -> None:
    for workspace_id, node, automation in {(*tokens.parts_of(row["pk"])[:2], row["a"]) for row in rows}:
        admitting.drained(workspace_id, node, [automation])

"""The right to be forgotten: a person's tokens end, and nothing says any more whose they were."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from chalicelib.adapters import queue
from chalicelib.journeys import queues, removing
from chalicelib.journeys.models import profiles as stored
from chalicelib.journeys.models import tokens, waits
from chalicelib.journeys.rules.entry import Identity
from chalicelib.journeys.rules.tokens import Reason, is_over
from chalicelib.storage.expressions import Change, Row, eq
from chalicelib.storage.table import ConditionFailed, Key
from chalicelib.storage.tables import JOURNEYS

Json = dict[str, Any]
AGAIN_S = 10.0
_ATTEMPTS = 5


def forget(workspace_id: str, node: str, who: Identity) -> None:
    """Erase what is known of a person; tokens in a worker's hands are blanked by a job, once they have ended."""
    removing.remove(_tokens(workspace_id, node, who), Reason.REMOVED_BY_API)
    rows = _tokens(workspace_id, node, who)
    if late := _blank_all(rows):
        queue.send(queues.JOB, {"w": workspace_id, "n": node, "job": "forget", "tokens": late}, AGAIN_S)
    waits.forget(workspace_id, node, who.names())
    stored.remove(workspace_id, node, who.names())


def forget_tokens(body: Json) -> float | None:
    """Blank the tokens of a person that were in workers' hands; gives after how long to look again, or None."""
    found = tokens.get_many(body["w"], body["n"], body["tokens"], consistent=True)
    return AGAIN_S if _blank_all(found.values()) else None


def _blank_all(rows: Iterable[Row]) -> list[str]:
    """Blank tokens that have ended; names the others, whose worker would write back who they were about."""
    late = []
    for row in rows:
        if is_over(row["st"]):
            _blank(row)
        else:
            late.append(tokens.parts_of(row["pk"])[2])
    return late


def _tokens(workspace_id: str, node: str, who: Identity) -> list[Row]:
    places: dict[str, None] = {}
    for name in who.names():
        for row in JOURNEYS.query_all(tokens.name_partition(workspace_id, node, name)):
            places[tokens.token_of(row["sk"])[1]] = None
    found = tokens.get_many(workspace_id, node, places, consistent=True)
    return [row for row in found.values() if not who.is_other_than(tokens.identity_of(row))]


def _blank(row: Row) -> None:
    """Take out of a token who it was about, and the rows by which it could be found from their names."""
    names = [Key(one["pk"], one["sk"]) for one in tokens.name_rows(row)]
    kept = {name: value for name, value in row["doc"].items() if name == "source"}
    if sent := row["doc"].get("sent"):
        kept["sent"] = {step: {name: told[name] for name in ("at", "v")} for step, told in sent.items()}
    for _ in range(_ATTEMPTS):
        try:
            JOURNEYS.update(
                Key(row["pk"], row["sk"]), Change(put={"who": {"pk": "-"}, "doc": kept}), eq("seq", row["seq"])
            )
            break
        except ConditionFailed as failed:
            if failed.row is None:
                break
            row = failed.row
    JOURNEYS.write_many(deletes=names)

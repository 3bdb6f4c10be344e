"""One person: the profile that a node without a store of its own keeps, and the right to be forgotten."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson

from chalicelib.adapters import queue
from chalicelib.core.call import Call
from chalicelib.core.errors import InvalidInput
from chalicelib.journeys import profiles, queues, removing, wire
from chalicelib.journeys.models import profiles as stored
from chalicelib.journeys.models import tokens, waits
from chalicelib.journeys.rules import entry
from chalicelib.journeys.rules.entry import Identity
from chalicelib.journeys.rules.tokens import Reason, is_over
from chalicelib.storage.expressions import Change, Row, eq
from chalicelib.storage.table import ConditionFailed, Key
from chalicelib.storage.tables import JOURNEYS

Json = dict[str, Any]
MAX_BYTES = 200_000
AGAIN_S = 10.0
_ATTEMPTS = 5


def put_profile(call: Call) -> Json:
    """Keep a customer's profile, in place of an earlier one."""
    node, body = wire.node_of(call), call.body
    who = _named(body.customer.clab_uuid, body.customer.user_pk, body.customer.email, "body.customer")
    if len(orjson.dumps(body.profile)) > MAX_BYTES:
        raise InvalidInput.at("body.profile", f"must have at most {MAX_BYTES} bytes", "too_long")
    stored.change(call.workspace_id, node.id, who.names(), lambda _before: body.profile)
    return {"profile": body.profile}


def read_profile(call: Call) -> Json:
    """Read a customer's profile as steps see it; empty when there is none."""
    return {"profile": profiles.read(wire.node_of(call), _asked(call))}


def erase(call: Call) -> None:
    """Forget a person: tokens are taken out, then whose they were is blanked; counters stay as they are."""
    forget(call.workspace_id, wire.node_of(call).id, _asked(call))


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


def _asked(call: Call) -> Identity:
    clab, email = wire.uuid(call, "clabUuid"), wire.text(call, "email", 320)
    return _named(clab, wire.text(call, "userPk"), email, "query")


def _named(clab: str | None, user_pk: str | None, email: str | None, where: str) -> Identity:
    who = entry.identity_of(clab, user_pk, {}, email)
    if who is None:
        raise InvalidInput.at(where, "must name a customer by clabUuid, userPk or email", "missing")
    return who


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
    kept = {name: value for name, value in row["doc"].items() if name in ("sent", "source")}
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

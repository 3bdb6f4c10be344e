"""One person: the profile that a node without a store of its own keeps, and the right to be forgotten."""

from __future__ import annotations

from typing import Any

import orjson

from chalicelib.core.call import Call
from chalicelib.core.errors import InvalidInput
from chalicelib.journeys import profiles, removing, wire
from chalicelib.journeys.models import profiles as stored
from chalicelib.journeys.models import tokens, waits
from chalicelib.journeys.rules import entry
from chalicelib.journeys.rules.entry import Identity
from chalicelib.journeys.rules.tokens import Reason
from chalicelib.storage.expressions import Change, Row, eq
from chalicelib.storage.table import ConditionFailed, Key
from chalicelib.storage.tables import JOURNEYS

Json = dict[str, Any]
MAX_BYTES = 200_000
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
    node, who = wire.node_of(call), _asked(call)
    rows = _tokens(call.workspace_id, node.id, who)
    removing.remove(rows, Reason.REMOVED_BY_API)
    for row in _tokens(call.workspace_id, node.id, who):
        _blank(row)
    waits.forget(call.workspace_id, node.id, who.names())
    stored.remove(call.workspace_id, node.id, who.names())


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

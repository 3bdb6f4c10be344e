"""One person: the profile that a node without a store of its own keeps, and the right to be forgotten."""

from __future__ import annotations

from typing import Any

import orjson

from chalicelib.core.call import Call
from chalicelib.core.errors import InvalidInput
from chalicelib.journeys import forgetting, profiles, wire
from chalicelib.journeys.models import profiles as stored
from chalicelib.journeys.rules import entry
from chalicelib.journeys.rules.entry import Identity

Json = dict[str, Any]
MAX_BYTES = 200_000


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
    forgetting.forget(call.workspace_id, wire.node_of(call).id, _asked(call))


def _asked(call: Call) -> Identity:
    clab, email = wire.uuid(call, "clabUuid"), wire.text(call, "email", 320)
    return _named(clab, wire.text(call, "userPk"), email, "query")


def _named(clab: str | None, user_pk: str | None, email: str | None, where: str) -> Identity:
    who = entry.identity_of(clab, user_pk, {}, email)
    if who is None:
        raise InvalidInput.at(where, "must name a customer by clabUuid, userPk or email", "missing")
    return who

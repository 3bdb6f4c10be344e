"""What customers did, taken in once."""

from __future__ import annotations

import hashlib
from typing import Any

import orjson

from chalicelib.adapters import queue
from chalicelib.core import clock
from chalicelib.core.call import Call
from chalicelib.core.errors import Conflict, InvalidInput
from chalicelib.durable import ingest
from chalicelib.durable.ingest import Outcome
from chalicelib.edge.route import Answer
from chalicelib.journeys import queues, wire
from chalicelib.journeys.models import waits
from chalicelib.journeys.rules import entry
from chalicelib.journeys.schemas import when_ms
from chalicelib.storage.tables import JOURNEYS

Json = dict[str, Any]
MAX_PROPERTIES_BYTES = 65_536


def take_in(call: Call) -> Answer:
    """Take an event in: 202 once it is stored; the same id again is the same event for seven days."""
    node, body = wire.node_of(call), call.body
    who = entry.identity_of(body.customer.clab_uuid, body.customer.user_pk, {}, body.customer.email)
    if who is None:
        raise InvalidInput.at("body.customer", "must name a customer by clabUuid, userPk or email", "missing")
    text = orjson.dumps(body.properties or {})
    if len(text) > MAX_PROPERTIES_BYTES:
        raise InvalidInput.at("body.properties", f"must have at most {MAX_PROPERTIES_BYTES} bytes", "too_long")
    now_ms = clock.now_ms()
    at_ms = min(now_ms, when_ms(body.occurred_at)) if body.occurred_at else now_ms
    event = {
        "id": body.id,
        "eventType": body.event_type,
        "context": body.context,
        "properties": body.properties or {},
        "occurredAt": clock.iso_ms(at_ms),
        "at": at_ms,
    }
    names = {"clab": who.clab_uuid, "pk": who.user_pk, "mail": who.email}
    sent = {name: value for name, value in event.items() if body.occurred_at or name not in ("at", "occurredAt")}
    row = {
        **waits.event_key(call.workspace_id, node.id, body.id)._asdict(),
        "h": hashlib.sha256(orjson.dumps([sent, names])).hexdigest(),
        "doc": {"event": event, "who": {kind: name for kind, name in names.items() if name}, "taken": now_ms},
        "exp": now_ms // 1000 + waits.REPEATS_S,
    }
    message = {"w": call.workspace_id, "n": node.id, "e": body.id}
    taken = ingest.accept(JOURNEYS, row, now_ms // 1000, lambda _row: queue.send(queues.EVENT, message))
    if taken.outcome is Outcome.DIFFERENT:
        raise Conflict("another event was sent under this id")
    return Answer({"id": body.id}, 202)

"""Events from outside: for one execution, or for every one of a workspace that waits for them."""

from __future__ import annotations

from typing import Any

import orjson

from chalicelib.adapters import queue
from chalicelib.automations import bells, lanes, models, queues
from chalicelib.automations.executions import find_own
from chalicelib.core import clock, ids
from chalicelib.core.call import Call
from chalicelib.core.errors import Conflict, TooLarge
from chalicelib.durable.steps import ENDED
from chalicelib.edge.route import Answer
from chalicelib.storage.tables import WORK

MAX_PAYLOAD_BYTES = 100_000


def send_to_one(call: Call) -> dict[str, Any]:
    """Give an execution an event; one that comes before its wait is kept. Raises Conflict when it has ended."""
    row = find_own(call)
    _check(call.body.payload)
    event_id = _id(call)
    if row["st"] in ENDED:
        raise Conflict("this execution has ended")
    WORK.put(models.event_row(call.workspace_id, row["sk"], event_id, call.body.name, call.body.payload))
    if bells.ring(call.workspace_id, row["sk"], event_id) is None:
        raise Conflict("this execution has ended")
    return {"eventId": event_id}


def send_to_all(call: Call) -> Answer:
    """Give an event to every execution of the workspace that waits for it now; 202."""
    lanes.check_rate(call.workspace_id)
    _check(call.body.payload)
    event_id = _id(call)
    doc = {"name": call.body.name, "payload": call.body.payload}
    key = models.broadcast_key(call.workspace_id, event_id)
    WORK.put({**key._asdict(), "doc": doc, "exp": clock.now_s() + models.DAY_S})
    queue.send(queues.EVENT, {"w": call.workspace_id, "e": event_id})
    return Answer({"eventId": event_id}, 202)


def _id(call: Call) -> str:
    if call.idempotency_key is None:
        return ids.new_uuid()
    return ids.derived_id(call.workspace_id, "event", call.operation, call.idempotency_key)


def _check(payload: Any) -> None:
    if len(orjson.dumps(payload)) > MAX_PAYLOAD_BYTES:
        raise TooLarge(f"a payload may have at most {MAX_PAYLOAD_BYTES} bytes")

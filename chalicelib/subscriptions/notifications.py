"""What third parties say: taken in at an address, stored, sent on to be spread. One write, one send, no read."""

from __future__ import annotations

from typing import Any

from chalicelib.adapters import logs, queue
from chalicelib.connectors import public as connectors
from chalicelib.connectors.public import HookRun, HookTarget
from chalicelib.core import clock, ids
from chalicelib.core.call import Call
from chalicelib.core.errors import Conflict, NotFound, PlatformError, TooLarge, UpstreamFailed
from chalicelib.durable import ingest
from chalicelib.edge import limits
from chalicelib.edge.route import Answer, raw_answer
from chalicelib.storage.tables import WORK
from chalicelib.subscriptions import events, queues
from chalicelib.subscriptions.rules import routing
from chalicelib.subscriptions.rules.routing import Reply

MAX_BYTES = 1_048_576
_IDEMPOTENCY_KEY = "idempotency-key"


def receive_post(call: Call) -> Answer:
    """Take in a notification.

    Raises NotFound for an unknown address, RateLimited, Conflict for a delivery id used before.
    """
    return _receive(call, "POST")


def receive_get(call: Call) -> Answer:
    """Take in a notification that comes as a GET; handshakes often do."""
    return _receive(call, "GET")


def _receive(call: Call, method: str) -> Answer:
    target = connectors.find_hook(call.path["hook_key"])
    if target is None or not target.service.enabled:
        raise NotFound("there is nothing at this path")
    if len(call.raw_body) > MAX_BYTES:
        raise TooLarge(f"a notification may have at most {MAX_BYTES} bytes")
    logs.bind(workspace=target.workspace_id, event=target.event.id)
    limits.spend_at_address(target.workspace_id, call.path["hook_key"])
    heard = events.parts_of(method, routing.heard_headers(call.headers), dict(call.query), call.raw_body)
    if not events.is_runnable(heard):
        raise TooLarge("this notification is larger than the service's logic can be given")
    reply = _reply(target, heard)
    if reply.status < 400:
        _accept(target, {**heard, "headers": routing.kept_headers(heard["headers"])})
    return raw_answer(reply.body, reply.status, reply.headers)


def _reply(target: HookTarget, heard: dict[str, Any]) -> Reply:
    """Ask the event's `response` hook, where it has one. What goes wrong there is not told to strangers."""
    if not connectors.has_hook(target.event, "response"):
        return routing.NO_REPLY
    bindings = {"notification": events.notification_of(heard)}
    try:
        run = HookRun(target.workspace_id, target.service, target.event, "response", bindings)
        return routing.reply_of(connectors.run_hook(run).value)
    except PlatformError as error:
        if error.retryable and not isinstance(error, UpstreamFailed):
            raise
        logs.log("notification.unanswered", level="ERROR", kind=type(error).__name__, reason=error.message)
        raise UpstreamFailed("the service's logic could not answer this notification") from error


def _accept(target: HookTarget, parts: dict[str, Any]) -> None:
    event_id = _event_id(target, parts["headers"])
    row = events.new_row(target.workspace_id, event_id, target.service.id, target.event.id, parts)
    taken = ingest.store(WORK, row, clock.now_s())
    if taken.outcome is ingest.Outcome.DIFFERENT:
        raise Conflict("another notification came under this delivery id")
    message: dict[str, Any] = {"w": target.workspace_id, "ev": event_id}
    if taken.outcome is ingest.Outcome.SAME:
        message["r"] = 1  # deliveries look whether they were made before
    queue.send(queues.FAN_OUT, message)


def _event_id(target: HookTarget, headers: dict[str, str]) -> str:
    """Derive the id from the provider's own, where the event says which header holds it, or from an Idempotency-Key;
    else mint one."""
    header = target.event.setting.get("deliveryIdHeader")
    given = headers.get(header.lower()) if isinstance(header, str) else None
    if given:
        return ids.derived_id(target.workspace_id, "event", target.event.id, given)
    if headers.get(_IDEMPOTENCY_KEY):
        return ids.derived_id(target.workspace_id, "request", target.event.id, headers[_IDEMPOTENCY_KEY])
    return ids.new_uuid()

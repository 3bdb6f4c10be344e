"""An occurrence of a trigger starts its automation: the message that brought it is its safety, its id is derived."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from chalicelib.adapters import logs
from chalicelib.automations import bells, engine, loading, models, starts, transitions, usage
from chalicelib.automations.effects import HOP_HEADER
from chalicelib.automations.meter import Meter
from chalicelib.automations.models import Automation
from chalicelib.automations.rules import retries
from chalicelib.automations.rules.journal import Json
from chalicelib.core import clock
from chalicelib.core.errors import PlatformError, Unavailable
from chalicelib.durable import steps
from chalicelib.durable.leases import NotTaken, Why
from chalicelib.edge.worker import Message
from chalicelib.storage.tables import WORK
from chalicelib.subscriptions import public as subscriptions
from chalicelib.subscriptions.public import Occurrence

BURY_MS = 30_000


def start(message: Message, deadline_ms: int) -> float | None:
    """Start an execution and run it as far as it goes; answers when the message is to come again, None: never.

    Raises what may pass. What the trigger's logic refuses for good becomes an execution that failed.
    """
    workspace_id, automation_id = message.body["w"], message.body["a"]
    item = loading.automation(workspace_id, automation_id)
    if item is None or not item.is_enabled or item.live_version is None:
        logs.log("occurrence.dropped", workspace=workspace_id, automationId=automation_id)
        return None
    try:
        found = subscriptions.occurrence(message)
    except PlatformError as error:
        if error.retryable:
            raise
        _record_failure(item, message.body, error)
        return None
    if found is None or found.output is None:
        return None
    return _run(_start_of(item, message.body, found), message, deadline_ms)


def _start_of(item: Automation, body: dict[str, Any], found: Occurrence) -> starts.Start:
    execution = _id_of(item, body, found.at_ms)
    hop = found.headers.get(HOP_HEADER.lower(), "0")
    trigger = {"eventId": found.event_id, "occurredAt": clock.iso_ms(found.at_ms)}
    return starts.of_version(
        item,
        loading.live_version(item),
        execution,
        "trigger",
        found.output,
        hop=int(hop) if hop.isdecimal() and len(hop) < 4 else 0,
        more={"trigger": trigger},
    )


def _run(start_: starts.Start, message: Message, deadline_ms: int) -> float | None:
    try:
        lease = starts.create_taken(start_, deadline_ms - clock.now_ms() + transitions.SLACK_MS)
    except PlatformError as error:
        if error.retryable:
            raise
        starts.create_failed(_without_hop(start_), retries.error_of(error))
        return None
    if isinstance(lease, NotTaken):
        return engine.advance(start_.workspace_id, start_.execution, deadline_ms)
    engine.run(lease, deadline_ms, Meter())
    return None


def _without_hop(start_: starts.Start) -> starts.Start:
    return replace(start_, hop=0, input=None)


def _record_failure(item: Automation, body: dict[str, Any], error: PlatformError) -> None:
    more = {"trigger": {"eventId": body["ev"]}}
    execution = _id_of(item, body, subscriptions.occurred_at(body["w"], body["ev"]))
    failed = starts.of_version(item, loading.live_version(item), execution, "trigger", None, more=more)
    starts.create_failed(failed, {**retries.error_of(error), "step": "trigger"})


def _id_of(item: Automation, body: dict[str, Any], at_ms: int | None) -> str:
    """Derive the execution's id from the occurrence alone, so that a repeat meets the same row (rule R4)."""
    at_ms = int(body["i"]) if at_ms is None else at_ms
    return starts.derived(item.workspace_id, item.id, at_ms, f"{body['ev']}|{body['s']}")


def bury(body: dict[str, Any], reason: str) -> None:
    """End as failed what a queue gave up, so that its owner sees it. Raises Unavailable while somebody works on it."""
    error, workspace_id = retries.failure("Poison", reason), body["w"]
    if "ev" in body:
        _bury_start(body, error)
    elif "x" in body and not ("c" in body and bells.ring(workspace_id, body["x"], body["c"])):
        _end(workspace_id, body["x"], error)  # else it waits, was told of its child's end now, and goes on
    usage.flush()


def _bury_start(body: dict[str, Any], error: Json) -> None:
    item = loading.automation(body["w"], body["a"])
    if item is None:
        return
    execution = _id_of(item, body, subscriptions.occurred_at(body["w"], body["ev"]))
    if _end(body["w"], execution, error) is Why.ABSENT and item.live_version is not None:
        starts.create_failed(starts.of_version(item, loading.live_version(item), execution, "trigger", None), error)


def _end(workspace_id: str, execution: str, error: Json) -> Why | None:
    """End what can be moved on but did not; what waits for its time, or has ended, is left alone."""
    lease = steps.take(WORK, models.execution_key(workspace_id, execution), clock.now_ms(), BURY_MS)
    if not isinstance(lease, NotTaken):
        engine.give_up(lease, error)
        return None
    if lease.why is Why.HELD:
        raise Unavailable("a worker holds it, or fell with it a moment ago")
    return lease.why

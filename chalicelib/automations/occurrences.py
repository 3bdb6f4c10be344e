"""An occurrence of a trigger starts its automation: the message that brought it is its safety, its id is derived."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from chalicelib.adapters import logs
from chalicelib.automations import engine, loading, models, starts
from chalicelib.automations.effects import HOP_HEADER
from chalicelib.automations.meter import Meter
from chalicelib.automations.models import Automation, Version
from chalicelib.automations.rules import retries
from chalicelib.core import clock
from chalicelib.core.cache import Cached
from chalicelib.core.errors import PlatformError
from chalicelib.durable import steps
from chalicelib.durable.leases import NotTaken
from chalicelib.edge.worker import Message
from chalicelib.storage.tables import WORK
from chalicelib.subscriptions import public as subscriptions
from chalicelib.subscriptions.public import Occurrence

_live: Cached[Version] = Cached(300, size=300)


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
    execution = starts.derived(item.workspace_id, item.id, found.at_ms, f"{found.event_id}|{body['s']}")
    hop = found.headers.get(HOP_HEADER.lower(), "0")
    trigger = {"eventId": found.event_id, "occurredAt": clock.iso_ms(found.at_ms)}
    return starts.of_version(
        item,
        _version(item),
        execution,
        "trigger",
        found.output,
        hop=int(hop) if hop.isdecimal() and len(hop) < 4 else 0,
        more={"trigger": trigger},
    )


def _version(item: Automation) -> Version:
    version = _live.get((item.workspace_id, item.id, item.live_version), lambda: starts.live_version(item))
    if version is None:
        return starts.live_version(item)
    return version


def _run(start_: starts.Start, message: Message, deadline_ms: int) -> float | None:
    try:
        lease = starts.create_taken(start_, deadline_ms - clock.now_ms() + engine.SLACK_MS)
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
    execution = starts.derived(item.workspace_id, item.id, clock.now_ms(), f"{body['ev']}|{body['s']}")
    more = {"trigger": {"eventId": body["ev"]}}
    failed = starts.of_version(item, _version(item), execution, "trigger", None, more=more)
    starts.create_failed(failed, {**retries.error_of(error), "step": "trigger"})


def bury(body: dict[str, Any], reason: str) -> None:
    """End as failed what a queue gave up, so that its owner sees it."""
    error = retries.failure("Poison", reason)
    if "x" in body and "ev" not in body:
        now_ms = clock.now_ms()
        lease = steps.take(WORK, models.execution_key(body["w"], body["x"]), now_ms, 30_000)
        if not isinstance(lease, NotTaken):
            engine.give_up(lease, error)
        return
    item = loading.automation(body["w"], body["a"])
    if item is not None and "ev" in body and item.live_version is not None:
        execution = starts.derived(item.workspace_id, item.id, clock.now_ms(), f"{body['ev']}|{body['s']}")
        starts.create_failed(starts.of_version(item, _version(item), execution, "trigger", None), error)

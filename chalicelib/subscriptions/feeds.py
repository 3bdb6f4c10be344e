"""Subscriptions that feed an automation: their occurrences start executions instead of POSTs.

The rows are those of any subscription, so hooks, polls, versions and cascades are the same. Fan-out and polls send
their messages to the queue the row names; whoever consumes it asks here what the occurrence is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chalicelib.connectors import public as connectors
from chalicelib.core.errors import Forbidden, NotFound
from chalicelib.credentials import public as credentials
from chalicelib.edge.worker import Message
from chalicelib.identity import public as identity
from chalicelib.subscriptions import attempts, endings, events, subscriptions
from chalicelib.subscriptions.fan_out import SKEW_MS
from chalicelib.subscriptions.models import Subscription
from chalicelib.subscriptions.subscriptions import Wish
from chalicelib.subscriptions.tasks import Task


@dataclass(frozen=True)
class Feed:
    """What an automation wants to be started by. Names or ids."""

    automation_id: str
    queue: str
    user_id: str
    service: str
    trigger: str
    service_version: str | None
    credential_id: str | None
    variables: dict[str, Any]


@dataclass(frozen=True)
class Occurrence:
    """One event as its trigger's logic shows it; `output` None: not for this one."""

    event_id: str
    at_ms: int
    output: Any
    headers: dict[str, str]


def make(workspace_id: str, feed: Feed) -> str:
    """Run the trigger's `create` hook and store the subscription, unless both are done already; give its id.

    Raises NotFound, Forbidden for a service that is switched off, InvalidInput naming a variable that is wrong.
    """
    user = identity.find_user(workspace_id, feed.user_id)
    service = connectors.find_service(workspace_id, feed.service)
    if not service.enabled:
        raise Forbidden("this service is switched off")
    version = connectors.find_version(service, feed.service_version)
    trigger = connectors.find_component(service, "trigger", feed.trigger, within=version)
    connectors.validate_variables(trigger, feed.variables, "trigger.variables")
    credential = credentials.credential_for(
        workspace_id, service, version, user.id, feed.credential_id, required=feed.credential_id is not None
    )
    wish = Wish(
        user,
        service,
        version,
        feed.service_version is not None,
        trigger,
        None,
        feed.variables,
        credential,
        automation_id=feed.automation_id,
        feeds=feed.queue,
    )
    return subscriptions.ensure(workspace_id, wish, feed.user_id).id


def end(workspace_id: str, subscription_id: str) -> None:
    """End a feed; its `delete` hook runs later. One that is gone already is no error."""
    item = Subscription.get(workspace_id, id=subscription_id)
    if item is None:
        return
    try:
        endings.end(item)
    except NotFound:
        return


def occurrence(message: Message) -> Occurrence | None:
    """Read the occurrence a message is about, through the trigger's logic; None when event or feed are gone.

    Raises what the logic raises, and Unavailable.
    """
    body = message.body
    place = (body["w"], body["ev"])
    event = events.load([place]).get(place)
    item = Subscription.get(body["w"], id=body["s"])
    if event is None or item is None or item.inserted_at != body["i"] or item.inserted_at > event.at_ms + SKEW_MS:
        return None
    task = Task(message, item, event.id, event.at_ms, event, body.get("x"))
    return Occurrence(event.id, event.at_ms, attempts.output_of(task), dict(event.notification["headers"]))


def occurred_at(workspace_id: str, event_id: str) -> int | None:
    """Say when an event came, in milliseconds; None when it is no longer kept."""
    event = events.load([(workspace_id, event_id)]).get((workspace_id, event_id))
    return None if event is None else event.at_ms

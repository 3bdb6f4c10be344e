"""What other contexts may ask of subscriptions.

Cascades end a page of subscriptions a call, and say True when none is left; a repeat goes on where the last stopped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from chalicelib.subscriptions import endings, feeds, models, signatures
from chalicelib.subscriptions.feeds import Feed, Occurrence
from chalicelib.subscriptions.rules import routing
from chalicelib.subscriptions.rules.routing import Target

if TYPE_CHECKING:
    from chalicelib.edge.worker import Message

__all__ = [
    "Feed",
    "Occurrence",
    "default_targets",
    "end_feed",
    "end_subscriptions_of_service",
    "end_subscriptions_of_token",
    "end_subscriptions_of_trigger",
    "end_subscriptions_of_user",
    "feed_automation",
    "is_version_in_use",
    "occurred_at",
    "occurrence",
    "signed_headers",
    "targets_of",
]


def feed_automation(workspace_id: str, feed: Feed) -> str:
    """Start an automation by every occurrence of a trigger from now on: runs the `create` hook; gives the feed's id."""
    return feeds.make(workspace_id, feed)


def end_feed(workspace_id: str, feed_id: str) -> None:
    """Start it no more: the `delete` hook runs later, tried until it ran or is refused."""
    feeds.end(workspace_id, feed_id)


def occurrence(message: Message) -> Occurrence | None:
    """Read the occurrence that a message to a feed's queue is about; None when event or feed are gone."""
    return feeds.occurrence(message)


def occurred_at(workspace_id: str, event_id: str) -> int | None:
    """Say when an event came, in milliseconds; None when it is no longer kept."""
    return feeds.occurred_at(workspace_id, event_id)


def end_subscriptions_of_user(workspace_id: str, user_id: str) -> bool:
    """End a page of the subscriptions of a user (by minted id)."""
    return endings.of_user(workspace_id, user_id)


def end_subscriptions_of_token(workspace_id: str, user_id: str, token_id: str) -> bool:
    """End all subscriptions that use a user's token."""
    return endings.of_token(workspace_id, user_id, token_id)


def end_subscriptions_of_trigger(workspace_id: str, trigger_id: str, service_id: str) -> bool:
    """End a page of the subscriptions to a trigger."""
    return endings.of_trigger(workspace_id, trigger_id, service_id)


def end_subscriptions_of_service(workspace_id: str, service_id: str) -> bool:
    """End a page of the subscriptions to a service. Their `delete` hooks need the service and its triggers."""
    return endings.of_service(workspace_id, service_id)


def is_version_in_use(workspace_id: str, service_id: str, version_id: str) -> bool:
    """Say whether a subscription names this version of a service."""
    return models.is_version_in_use(workspace_id, service_id, version_id)


def targets_of(value: Any) -> list[Target]:
    """Read what a `route` hook answered: the triggers it names. Raises InvalidInput."""
    return routing.targets_of(value)


def default_targets(event_name: str, setting: Mapping[str, Any]) -> list[Target]:
    """Name the triggers of an event that has no `route` hook."""
    return routing.default_targets(event_name, setting)


def signed_headers(keys: Sequence[bytes], message_id: str, timestamp_s: int, body: bytes) -> dict[str, str]:
    """Give the three headers of Standard Webhooks that sign a body, as deliveries carry them."""
    return signatures.headers(keys, message_id, timestamp_s, body)

"""From an event to its notifications: one message for each recipient, topics and broadcasts page by page."""

from __future__ import annotations

from typing import Any

from chalicelib.adapters import queue
from chalicelib.adapters.queue import Letter
from chalicelib.channels import queues, stored_events, subscribers
from chalicelib.channels.models.people import page_of_members, page_of_subscribers

PAGE = 100


def spread(body: dict[str, Any]) -> dict[str, Any] | None:
    """Send what follows from an event. Answers the message of a single recipient, which may be handled at once."""
    event = stored_events.load(body["w"], body["tx"])
    if event is None:
        return None
    if "page" in body:
        _spread_page(body, event)
        return None
    if event.get("actor"):
        subscribers.take_in(body["w"], event["actor"])
    named = [_message(body, name) for name in event["to"]]
    if len(named) == 1 and not event["topics"] and not event["all"]:
        return named[0]
    pages = [{**body, "page": {"topic": key}} for key in event["topics"]]
    pages += [{**body, "page": {"all": True}}] if event["all"] else []
    queue.send_many(queues.NOTIFY, [Letter(one) for one in [*named, *pages]])
    return None


def _spread_page(body: dict[str, Any], event: dict[str, Any]) -> None:
    """Send a page of recipients. A repeat meets the notifications that are there; so does a second topic.

    Who set an event off does not hear of it through a topic, but through a broadcast like everybody.
    """
    place = body["page"]
    if "topic" in place:
        names, after = page_of_members(body["w"], place["topic"], place.get("after"), PAGE)
    else:
        names, after = page_of_subscribers(body["w"], place.get("after"), PAGE)
    actor = (event.get("actor") or {}).get("subscriberId") if "topic" in place else None
    letters = [Letter(_message(body, name)) for name in names if name != actor and name not in event["to"]]
    if after is not None:
        letters.append(Letter({**body, "page": {**place, "after": after}}))
    if letters:
        queue.send_many(queues.NOTIFY, letters)


def _message(body: dict[str, Any], name: str) -> dict[str, Any]:
    return {"w": body["w"], "tx": body["tx"], "s": name, "new": 1}

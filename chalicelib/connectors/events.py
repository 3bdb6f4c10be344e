"""Events: receivers of notifications, each with an address of its own."""

from __future__ import annotations

from typing import Any

from chalicelib.connectors import components, notifications
from chalicelib.connectors.models import Event
from chalicelib.connectors.services import services
from chalicelib.core.call import Call
from chalicelib.edge.resource import Resource


def check(call: Call, event: Any) -> None:
    """Check the event and give it its address."""
    components.check(call, event)
    event.type = event.type or "standard"
    event.hook_key = notifications.hook_key_of(event.workspace_id, event.service_id, event.id)


events = Resource(
    item=Event,
    variable="event_id",
    parent=services,
    parent_field="service_id",
    before_write=check,
    after_write=components.written,
)


def delete(call: Call) -> None:
    """Delete an event; its address is unknown from then on."""
    components.delete(events, call)
    notifications.forget()

"""Triggers: what can be subscribed to."""

from __future__ import annotations

from chalicelib.connectors import components
from chalicelib.connectors.models import Trigger
from chalicelib.connectors.services import services
from chalicelib.core.call import Call
from chalicelib.edge.resource import Resource

triggers = Resource(
    item=Trigger,
    variable="trigger_id",
    parent=services,
    parent_field="service_id",
    before_write=components.check,
    after_write=components.written,
)


def delete(call: Call) -> None:
    """Delete a trigger; its subscriptions end."""
    components.delete(triggers, call)

"""Actions: operations of a service, with versions."""

from __future__ import annotations

from chalicelib.connectors import components
from chalicelib.connectors.models import Action, Component
from chalicelib.connectors.services import services
from chalicelib.core.call import Call
from chalicelib.edge.resource import Resource

actions = Resource(
    item=Action,
    variable="action_id",
    parent=services,
    parent_field="service_id",
    before_write=components.check,
    after_write=components.written,
)


def update(call: Call) -> Component:
    """Change the version `?version=` names, or fork the latest into it."""
    return components.update_version(actions, call)


def delete(call: Call) -> None:
    """Delete an action and its versions."""
    components.delete(actions, call)

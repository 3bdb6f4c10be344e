"""Variables: declarations of the values a platform must supply; the values themselves belong to credentials."""

from __future__ import annotations

from typing import Any

from chalicelib.connectors import components
from chalicelib.connectors.models import Component, Variable
from chalicelib.connectors.services import services
from chalicelib.core.call import Call
from chalicelib.credentials import public as credentials
from chalicelib.edge.resource import Resource


def written(call: Call, item: Any) -> None:
    """Let this process see its own write at once, among the values too."""
    components.written(call, item)
    credentials.forget_values()


variables = Resource(
    item=Variable,
    variable="variable_id",
    parent=services,
    parent_field="service_id",
    before_write=components.check,
    after_write=written,
)


def update(call: Call) -> Component:
    """Change the version `?version=` names, or fork the latest into it."""
    return components.update_version(variables, call)


def delete(call: Call) -> None:
    """Delete a variable and its value."""
    item = components.delete(variables, call)
    written(call, item)

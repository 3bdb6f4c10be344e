"""Securities: ways to sign in to a service. They have no name, and the caller may choose the id in the path."""

from __future__ import annotations

from typing import Any

from chalicelib.connectors import components, sharing
from chalicelib.connectors.models import Component, Security
from chalicelib.connectors.schemas import SecurityIn
from chalicelib.connectors.services import services
from chalicelib.core.call import Call
from chalicelib.core.errors import InvalidInput
from chalicelib.edge.resource import Resource


def check(call: Call, security: Any) -> None:
    """Check the security; that of a public service is found by its id from everywhere."""
    components.check(call, security)
    sharing.check_security(security)


securities = Resource(
    item=Security,
    variable="security_id",
    parent=services,
    parent_field="service_id",
    name_field=None,
    before_write=check,
    after_write=components.written,
)


def create(call: Call) -> Component:
    """Create a security, under the id in the path if there is one."""
    chosen = call.path.get("security_id")
    if chosen is not None:
        if call.body.id not in (None, chosen):
            raise InvalidInput.at("body.id", "differs from the id in the path", "mismatch")
        sent = call.body.model_dump(by_alias=True, exclude_unset=True)
        try:
            call.body = SecurityIn.read({**sent, "id": chosen})
        except InvalidInput as error:  # the rest was read before
            raise InvalidInput.at("path.securityId", error.faults[0].message, error.faults[0].kind) from None
    found: Component = securities.create(call)
    return found


def update(call: Call) -> Component:
    """Change the version `?version=` names, or fork the latest into it."""
    return components.update_version(securities, call)


def delete(call: Call) -> None:
    """Delete a security and the tokens that users hold for it."""
    components.delete(securities, call)

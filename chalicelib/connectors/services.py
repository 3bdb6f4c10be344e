"""Services: their unique names, their default version, and a deletion that takes everything along."""

from __future__ import annotations

import copy
from typing import Any

from chalicelib.adapters import queue
from chalicelib.connectors import components, definitions, notifications, rules, sharing
from chalicelib.connectors.models import Event, Service, ServiceVersion
from chalicelib.core import clock
from chalicelib.core.call import Call
from chalicelib.core.errors import InvalidInput, NotFound
from chalicelib.edge.resource import Resource, as_seen, page_of


def check(call: Call, service: Service) -> None:
    """Fill in what was left out and refuse what cannot be. Raises InvalidInput."""
    components.fill_in(service)
    service.name = service.name or rules.spare_name("service", service.id)
    rules.check_name(service.name)
    if service.default_version_id is not None and "default_version_id" in call.body.fields():
        _check_default(service)
    components.check_size(service)
    sharing.check_service(service)


services = Resource(item=Service, variable="service_id", before_write=check, after_write=components.written)


def list_services(call: Call) -> list[Any]:
    """List the workspace's services by displayOrder, then name; with `shared=true` the public ones of others too.

    Own services come first, whatever the others call theirs or how they order them.
    """
    found = Service.list_all(call.workspace_id)
    shared = call.query.get("shared", "false")
    if shared not in ("true", "false"):
        raise InvalidInput.at("query.shared", "must be true or false", "choice")
    if shared == "true":
        found += Service.list_public(call.workspace_id)
    return page_of(call, [as_seen(call, one) for one in sorted(found, key=_place)], _place)


def delete(call: Call) -> None:
    """Delete a service at once; what it has follows from the queue. Raises NotFound."""
    service = services.find(call, to_change=True)
    before = copy.deepcopy(service)
    message = {"w": service.workspace_id, "kind": "service", "id": service.id, "at": clock.now_ms()}
    queue.send(components.CLEANUP_QUEUE, message, components.CLEANUP_DELAY_S)  # first: see components.delete
    service.deleted_at = clock.now_ms()
    service.save(by=call.user_id, before=before)
    definitions.forget()


def webhook_setting(call: Call) -> dict[str, Any]:
    """Show the address to register with the third party; all of them when there are several events."""
    service = services.find(call)
    events = [
        {"id": event.id, "name": event.name, "url": notifications.url_of(service, event)}
        for event in Event.list_all(service.workspace_id, service_id=service.id)
    ]
    if not events:
        raise NotFound("this service has no event that could be notified")
    return {"url": events[0]["url"], **({"events": events} if len(events) > 1 else {})}


def _place(service: Service) -> tuple[Any, ...]:
    return (service.is_shared, service.display_order, service.name, service.id)


def _check_default(service: Service) -> None:
    try:
        version = ServiceVersion.find_either(
            service.workspace_id, str(service.default_version_id), service_id=service.id
        )
    except NotFound:
        raise InvalidInput.at("body.defaultVersionId", "is not a version of this service", "reference") from None
    service.default_version_id = version.id

"""What being public asks of a service: ids and names that are nobody else's in public, and names that stay."""

from __future__ import annotations

from chalicelib.connectors.models import Component, Security, Service, ServiceVersion, claim_security
from chalicelib.core.errors import AlreadyExists, InUse


def check_service(service: Service) -> None:
    """Check a service before it is written. Raises InUse for a frozen name, AlreadyExists for one taken in public."""
    if service.names_before is not None and service.names_before != (service.name, service.platform_id):
        raise InUse("a service that is or was public keeps its name and platform")
    if service.is_public:
        check_free(service)
        claim_securities(service)


def check_free(service: Service) -> None:
    """Refuse a name that another workspace's public service has. Raises AlreadyExists."""
    if Service.get_public(service.workspace_id, service.name, service.platform_id) is not None:
        raise AlreadyExists("another workspace has a public service with this name", details={"field": "name"})


def claim_securities(service: Service) -> None:
    """Let the ids of its securities lead to a public service. Raises AlreadyExists."""
    for security in Security.list_all(service.workspace_id, service_id=service.id):
        claim_security(service.place, security.id)


def check_security(security: Security) -> None:
    """Let the id of a public service's security lead to the service. Raises AlreadyExists."""
    service = Service.get(security.workspace_id, id=security.service_id)
    if service is not None and service.is_public:
        claim_security(service.place, security.id)


def check_name(item: Component | ServiceVersion) -> None:
    """Refuse a new name for a part of a service that is or was public. Raises InUse."""
    if item.name_before in (None, item.name):
        return
    service = Service.get(item.workspace_id, id=item.service_id)
    if service is not None and service.is_frozen:
        raise InUse(f"the service is or was public, so its {item.NOUN} {item.name_before} keeps its name")

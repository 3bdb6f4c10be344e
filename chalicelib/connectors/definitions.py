"""Finding services, versions and components: freshly for requests, from a short-lived cache for workers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chalicelib.connectors import rules
from chalicelib.connectors.models import (
    KINDS,
    Component,
    Security,
    Service,
    ServiceVersion,
    Trigger,
    public_place_of_security,
)
from chalicelib.core.cache import Cached
from chalicelib.core.errors import NotFound

AGE_S = 5


@dataclass(frozen=True)
class Definition:
    """What a worker needs to run a component's hooks."""

    service: Service
    version: ServiceVersion | None
    component: Component


_definitions: Cached[Definition] = Cached(AGE_S, size=500)
_versions: Cached[ServiceVersion] = Cached(AGE_S, size=500)


def forget() -> None:
    """Drop what is cached: something was written in this process."""
    _definitions.forget()
    _versions.forget()


def find_service(workspace_id: str, id_or_name: str, platform_id: str | None = None) -> Service:
    """Find a service by id or name; a platform narrows the name. Raises NotFound."""
    if platform_id is None:
        return Service.find_either(workspace_id, id_or_name)
    service = Service.get_named(workspace_id, "name", name=id_or_name, platform_id=platform_id)
    service = service or Service.get(workspace_id, id=id_or_name) or _public(workspace_id, id_or_name, platform_id)
    if service is None or service.platform_id != platform_id:
        raise NotFound(f"no such service of {platform_id}: {id_or_name}")
    return service


def _public(workspace_id: str, id_or_name: str, platform_id: str) -> Service | None:
    return Service.get_public(workspace_id, id_or_name, platform_id) or Service.get_public(workspace_id, id_or_name)


def find_version(service: Service, name_or_id: str | None) -> ServiceVersion | None:
    """Find the version that runs; see connectors.public.

    Raises NotFound for one that is named and absent, and for others' services of which no version is published.
    """
    if name_or_id:
        named = ServiceVersion.find_either(service.workspace_id, name_or_id, service_id=service.id)
        if service.is_shared and not named.published:
            raise NotFound(f"no such version: {name_or_id}")
        return named
    if service.default_version_id:
        found = ServiceVersion.get(service.workspace_id, id=service.default_version_id, service_id=service.id)
        if found is not None and (found.published or not service.is_shared):
            return found
    versions = ServiceVersion.list_all(service.workspace_id, service_id=service.id)
    offered = [one for one in versions if one.published or not service.is_shared]
    if versions and not offered:
        raise NotFound("no version of this service is published")
    return rules.running_version(offered)


def cached_version(service: Service) -> ServiceVersion | None:
    """Find the version that runs when none is named, up to 5 s old."""
    return _versions.get((service.used_in, service.workspace_id, service.id), lambda: find_version(service, None))


def components(service: Service, kind: str) -> list[Component]:
    """List the components of a kind in order of insertion."""
    return list(KINDS[kind].list_all(service.workspace_id, service_id=service.id))


def find_component(
    service: Service,
    kind: str,
    id_or_name: str,
    *,
    within: ServiceVersion | None = None,
    version: str | None = None,
) -> Component:
    """Find a component; see connectors.public. Raises NotFound."""
    place: dict[str, Any] = {"service_id": service.id}
    if kind == Security.KIND:
        found: Component = Security.find(service.workspace_id, id=id_or_name, **place)
    else:
        found = KINDS[kind].find_either(service.workspace_id, id_or_name, **place)
    if version is not None:
        return KINDS[kind].find(service.workspace_id, id=found.id, **place).archived(version)
    is_named_itself = id_or_name in (found.id, found.name)
    pinned = within.pins.get(kind, {}).get(found.id) if within is not None and is_named_itself else None
    return found if pinned is None else found.archived(pinned)


def find_security_by_id(workspace_id: str, security_id: str) -> tuple[Service, Component]:
    """Find a security and its service by the security's id alone. Raises NotFound."""
    try:
        service = Service.find(workspace_id, id=Security.service_of(workspace_id, security_id))
    except NotFound:
        place = public_place_of_security(security_id)
        public = None if place is None else Service.get_public(workspace_id, place.service_id)
        if place is None or public is None or public.place != place:
            raise
        service = public
    return service, Security.find(service.workspace_id, id=security_id, service_id=service.id)


def definition(
    workspace_id: str, service: str, kind: str, id_or_name: str, version: str | None = None, *, even_deleted: bool
) -> Definition:
    """Find service, version and component at once, up to 5 s old. Raises NotFound."""

    def load() -> Definition:
        found = Service.get_even_deleted(workspace_id, service) if even_deleted else None
        found = found or find_service(workspace_id, service)
        within = find_version(found, version)
        try:
            component = find_component(found, kind, id_or_name, within=within)
        except NotFound:
            if not even_deleted or kind != Trigger.KIND:
                raise
            component = Trigger.find_deleted(found.workspace_id, found.id, id_or_name)
        return Definition(found, within, component)

    made = _definitions.get((workspace_id, service, kind, id_or_name, version, even_deleted), load)
    if made is None:
        raise NotFound(f"no such {kind}: {id_or_name}")
    return made

"""Publishing: the latest version is marked and pinned, the service becomes public, its names stay as they are."""

from __future__ import annotations

import copy

from chalicelib.connectors import components, definitions, rules, sharing, versions
from chalicelib.connectors.models import Service, ServiceVersion
from chalicelib.connectors.services import services
from chalicelib.core import clock
from chalicelib.core.call import Call
from chalicelib.core.errors import Conflict, VersionConflict
from chalicelib.identity import public as identity

_ATTEMPTS = 3


def publish(call: Call) -> None:
    """Make a service available to every workspace. Doing it again changes nothing.

    Raises InvalidInput without contributor_id, NotFound for an unknown one, Conflict when there is no version yet,
    AlreadyExists when another workspace's public service has the name.
    """
    contributor = identity.find_user(call.workspace_id, call.required_query("contributor_id"))
    for attempt in range(1, _ATTEMPTS + 1):
        service = services.find(call, to_change=True)
        try:
            _publish(service, contributor.user_id)
        except VersionConflict:
            if attempt == _ATTEMPTS:
                raise
            continue
        break
    definitions.forget()


def _publish(service: Service, by: str) -> None:
    version = rules.latest_version(ServiceVersion.list_all(service.workspace_id, service_id=service.id))
    if version is None:
        raise Conflict("this service has no version that could be published")
    if not (version.published and version.pins):
        version.published, version.pins = True, versions.pins_of(version)
        components.check_size(version)
        version.save(by=by)
    if service.is_public and service.published_at:
        return
    before = copy.deepcopy(service)
    service.sharing, service.published_at = rules.PUBLIC, service.published_at or clock.now_ms()
    sharing.check_service(service)
    service.save(by=by, before=before)

"""Versions of a service: the first becomes the default, publishing pins the components, a default cannot be deleted."""

from __future__ import annotations

import copy
from typing import Any

from chalicelib.connectors import components, definitions, logic, rules, sharing
from chalicelib.connectors.models import KINDS, Security, Service, ServiceVersion, every_use
from chalicelib.connectors.services import services
from chalicelib.core.call import Call
from chalicelib.core.errors import InUse, InvalidInput, VersionConflict
from chalicelib.edge.resource import Resource

PINNED_KINDS = ("action", "datatype")  # whose logic may change from version to version
_ATTEMPTS = 5


def check(call: Call, version: ServiceVersion) -> None:
    """Fill in what was left out, refuse what cannot work, and pin components when it is being published."""
    components.fill_in(version)
    if not version.name:
        siblings = ServiceVersion.list_all(version.workspace_id, service_id=version.service_id)
        highest = rules.running_version(siblings)
        version.name = rules.FIRST_VERSION if highest is None else rules.version_wanted("minor", highest.name)
    rules.check_name(version.name)
    sharing.check_name(version)
    version.logic = logic.normalised("version", version.logic)
    if version.default_service_security_id is not None:
        _check_security(version)
    if call.body.fields().get("published") and not (version.was_published and version.pins):
        version.pins = pins_of(version)
    components.check_size(version)


def adopt(call: Call, version: ServiceVersion) -> None:
    """Make the first version the service's default."""
    definitions.forget()
    for attempt in range(1, _ATTEMPTS + 1):
        service = Service.find(version.workspace_id, id=version.service_id)
        if service.default_version_id is not None:
            return
        service.default_version_id = version.id
        if _saved(service, call, is_last=attempt == _ATTEMPTS):
            return


versions = Resource(
    item=ServiceVersion,
    variable="version_id",
    parent=services,
    parent_field="service_id",
    before_write=check,
    after_write=adopt,
)


def delete(call: Call) -> None:
    """Delete a version. Raises InUse for the default one while there are others, and while subscriptions name it."""
    from chalicelib.subscriptions import public as subscriptions  # subscriptions lean on connectors

    version: ServiceVersion = versions.find(call, to_change=True)
    service = Service.find(version.workspace_id, id=version.service_id)
    users = (version.workspace_id, *every_use(service.place))
    if any(subscriptions.is_version_in_use(user, service.id, version.id) for user in users):
        raise InUse("subscriptions use this version")
    if service.default_version_id == version.id:
        if len(ServiceVersion.list_all(version.workspace_id, service_id=service.id)) > 1:
            raise InUse("this is the default version of its service")
        service.default_version_id = None
        _saved(service, call, is_last=True)
    version.remove()
    definitions.forget()


def pins_of(version: ServiceVersion) -> dict[str, dict[str, str]]:
    """Give the versions that its components have now, by kind and component."""
    return {kind: _latest_versions(version, kind) for kind in PINNED_KINDS}


def _saved(service: Service, call: Call, *, is_last: bool) -> bool:
    try:
        service.save(by=call.user_id, before=copy.deepcopy(service))
    except VersionConflict:
        if is_last:
            raise
        return False
    definitions.forget()
    return True


def _latest_versions(version: ServiceVersion, kind: str) -> dict[str, str]:
    found: list[Any] = KINDS[kind].list_all(version.workspace_id, service_id=version.service_id)
    return {component.id: component.version for component in found}


def _check_security(version: ServiceVersion) -> None:
    security_id = str(version.default_service_security_id)
    if Security.get(version.workspace_id, id=security_id, service_id=version.service_id) is None:
        where = "body.defaultServiceSecurityId"
        raise InvalidInput.at(where, "is not a security of this service", "reference")

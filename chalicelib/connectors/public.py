"""What other contexts may ask of connectors.

CRUD and requests read through to the tables. Workers ask `definition`, `find_hook` and `run_hook`, which keep what
they read for up to 5 s, because a delivery may not cost a read of the service each time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalicelib.connectors import cleanup, definitions, logic, notifications, running, schema_check
from chalicelib.connectors.definitions import Definition
from chalicelib.connectors.models import Component, Service, ServiceVersion
from chalicelib.connectors.notifications import HookTarget
from chalicelib.connectors.running import HookRun

if TYPE_CHECKING:
    from chalicelib.adapters.javascript import Outcome

__all__ = [
    "Component",
    "Definition",
    "HookRun",
    "HookTarget",
    "Service",
    "ServiceVersion",
    "check_value",
    "clean_up_component",
    "clean_up_service",
    "components",
    "definition",
    "find_component",
    "find_hook",
    "find_security_by_id",
    "find_service",
    "find_version",
    "has_hook",
    "is_component_gone",
    "is_service_gone",
    "notification_url",
    "run_hook",
    "securities",
    "validate_variables",
]


def find_service(workspace_id: str, id_or_name: str, platform_id: str | None = None) -> Service:
    """Find a service by id or name; a platform narrows the name. Raises NotFound."""
    return definitions.find_service(workspace_id, id_or_name, platform_id)


def find_version(service: Service, name_or_id: str | None = None) -> ServiceVersion | None:
    """Find the version that runs: the one named, else the default, else the highest published, else the highest.

    None when the service has no version at all. Raises NotFound for one that is named and absent.
    """
    return definitions.find_version(service, name_or_id)


def find_component(
    service: Service,
    kind: str,
    id_or_name: str,
    *,
    within: ServiceVersion | None = None,
    version: str | None = None,
) -> Component:
    """Find a component (kind: action, event, trigger, security, variable) by id, version id or name.

    Its content is that of the version named, else of the one pinned by `within`, else the latest. Raises NotFound.
    """
    return definitions.find_component(service, kind, id_or_name, within=within, version=version)


def components(service: Service, kind: str) -> list[Component]:
    """List the components of a kind in order of insertion, with the content of their latest version."""
    return definitions.components(service, kind)


def securities(service: Service) -> list[Component]:
    """List the ways users can sign in to a service."""
    return definitions.components(service, "security")


def find_security_by_id(workspace_id: str, security_id: str) -> tuple[Service, Component]:
    """Find a security, and its service, by the security's id alone. Raises NotFound."""
    return definitions.find_security_by_id(workspace_id, security_id)


def definition(
    workspace_id: str,
    service: str,
    kind: str,
    id_or_name: str,
    version: str | None = None,
    *,
    even_deleted: bool = False,
) -> Definition:
    """Find service, service version and component at once, up to 5 s old (for workers). Raises NotFound.

    `service` and `id_or_name` are ids or names; `version` names a service version. `even_deleted` also finds what a
    deleted service had, and a deleted trigger by its id, for a minute: for the delete hooks of their subscriptions.
    """
    return definitions.definition(workspace_id, service, kind, id_or_name, version, even_deleted=even_deleted)


def find_hook(hook_key: str) -> HookTarget | None:
    """Tell which service and event a notification address means, up to 5 s old; None for an unknown address."""
    return notifications.find_hook(hook_key)


def notification_url(service: Service, event: Component) -> str:
    """Give the public address that third parties notify: stable, and unguessable."""
    return notifications.url_of(service, event)


def has_hook(component: Component, hook: str) -> bool:
    """Say whether a component has code for a hook."""
    return logic.code_of(component, hook) is not None


def run_hook(run: HookRun) -> Outcome:
    """Run one hook of a component and give its value and console lines, secrets redacted.

    Raises NotFound when there is no such hook, Conflict when a required variable has no value, LogicFailed when the
    script threw or ran out of time or memory, TooLarge when its input is.
    """
    return running.run_hook(run)


def validate_variables(component: Component, values: Any, where: str = "body") -> None:
    """Check values against the component's schema.variables. Raises InvalidInput naming every field that is wrong."""
    schema_check.validate_variables(component, values, where)


def check_value(schema: Any, value: Any, where: str) -> None:
    """Check one value against a JSON Schema. Raises InvalidInput naming the place."""
    schema_check.check_value(schema, value, where)


def is_service_gone(workspace_id: str, service_id: str) -> bool:
    """Say whether a service was deleted."""
    return cleanup.is_service_gone(workspace_id, service_id)


def clean_up_service(workspace_id: str, service_id: str) -> bool:
    """Clean up a page of what a deleted service had; True when nothing is left but its tombstone."""
    return cleanup.of_service(workspace_id, service_id)


def is_component_gone(workspace_id: str, service_id: str, kind: str, component_id: str) -> bool:
    """Say whether a component was deleted."""
    return cleanup.is_component_gone(workspace_id, service_id, kind, component_id)


def clean_up_component(workspace_id: str, service_id: str, kind: str, component_id: str) -> bool:
    """Clean up a page of what leant on a deleted component; True when nothing is left."""
    return cleanup.of_component(workspace_id, service_id, kind, component_id)

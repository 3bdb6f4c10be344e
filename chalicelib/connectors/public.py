"""What other contexts may ask of connectors.

CRUD and requests read through to the tables. Workers ask `definition`, `find_hook` and `run_hook`, which keep what
they read for up to 5 s, because a delivery may not cost a read of the service each time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from chalicelib.connectors import (
    cleanup,
    definitions,
    inputs,
    logic,
    models,
    notifications,
    references,
    running,
    schema_check,
)
from chalicelib.connectors.definitions import Definition
from chalicelib.connectors.failures import TokenRejected
from chalicelib.connectors.models import Component, Service, ServiceVersion
from chalicelib.connectors.notifications import HookTarget
from chalicelib.connectors.outside import Outside
from chalicelib.connectors.running import HookRun

if TYPE_CHECKING:
    from chalicelib.adapters.javascript import Outcome

__all__ = [
    "Component",
    "Definition",
    "HookRun",
    "HookTarget",
    "Outside",
    "Service",
    "ServiceVersion",
    "TokenRejected",
    "check_condition",
    "check_schema",
    "check_value",
    "clean_up_component",
    "clean_up_service",
    "completed",
    "components",
    "definition",
    "find_component",
    "find_hook",
    "find_security_by_id",
    "find_service",
    "find_version",
    "has_hook",
    "input_fields",
    "is_component_gone",
    "is_service_gone",
    "needs_token",
    "note_use",
    "notification_url",
    "resolve_references",
    "run_action",
    "run_hook",
    "securities",
    "users_of_service",
    "validate_variables",
]


def find_service(workspace_id: str, id_or_name: str, platform_id: str | None = None) -> Service:
    """Find a service by id or name; a platform narrows the name. Raises NotFound."""
    return definitions.find_service(workspace_id, id_or_name, platform_id)


def find_version(service: Service, name_or_id: str | None = None) -> ServiceVersion | None:
    """Find the version that runs: the one named, else the default, else the highest published, else the highest.

    None when the service has no version at all. Raises NotFound for one that is named and absent, and where it is
    another workspace's service of which no version is published.
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
    """Find a component by id, version id or name. kind: a key of models.KINDS.

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


def note_use(service: Service) -> None:
    """Remember that a workspace holds something for another one's service, so that the service's end reaches it."""
    if service.is_shared:
        models.note_use(service.place, service.used_in)


def users_of_service(workspace_id: str, service_id: str, after: str | None) -> tuple[list[str], str | None]:
    """List a page of the other workspaces that use a service; and where to go on, or None at the end."""
    return cleanup.uses_page(workspace_id, service_id, after)


def has_hook(component: Component | ServiceVersion, hook: str) -> bool:
    """Say whether a component, or a version of a service, has code for a hook."""
    return logic.code_of(component, hook) is not None


def input_fields(component: Component) -> list[schema_check.Field]:
    """List a component's inputs: name, whether required, JSON Schema."""
    return schema_check.fields_of(component)


def needs_token(component: Component, data: Any) -> bool:
    """Say whether a component's logic needs a user's token for this input, where its service has a security."""
    return inputs.needs_token(component, data)


def run_hook(run: HookRun) -> Outcome:
    """Run one hook of a component and give its value and console lines, secrets redacted.

    A token that the third party rejects before anything was changed is renewed, and the hook run once more.
    Raises NotFound when there is no such hook, Conflict when a required variable has no value, LogicFailed when the
    script threw or ran out of time or memory, TooLarge when its input is. With a credential also TokenRejected,
    UpstreamTimeout and UpstreamFailed, where the third party is the cause; not so with an `outside` of the caller's.
    """
    return running.run_hook(run)


def run_action(
    workspace_id: str,
    service: Service,
    version: ServiceVersion | None,
    action: Component,
    data: dict[str, Any],
    *,
    user_id: str,
    user_credential_id: str | None = None,
    deadline_ms: int = 0,
) -> Any:
    """Run an action on behalf of a user and give its output.

    user_id is a user's minted id or the caller's own; deadline_ms 0 means none. Raises InvalidInput naming the input
    that is wrong (`body.input.<name>`) or that a token is missing, NotFound for a token that is not the user's,
    Forbidden for a service that is switched off, and what run_hook raises.
    """
    from chalicelib.connectors import executions  # it leans on credentials, which lean on this

    execution = executions.Execution(
        workspace_id=workspace_id,
        service=service,
        version=version,
        component=action,
        user_id=user_id,
        user_credential_id=user_credential_id,
        data=data,
        deadline_ms=deadline_ms,
        where="body.input",
    )
    return executions.perform(execution)[1]


def check_condition(
    workspace_id: str,
    service: str,
    condition: str,
    data: dict[str, Any],
    *,
    user_id: str,
    user_credential_id: str | None = None,
    version: str | None = None,
    deadline_ms: int = 0,
) -> bool:
    """Run a condition on behalf of a user and say whether what it returned is true, as JavaScript has it.

    service, condition and version are names or ids; deadline_ms 0 means none. Raises NotFound, InvalidInput naming
    the input that is wrong (`input.<name>`), Forbidden for a service that is switched off, and what run_hook raises.
    """
    from chalicelib.connectors import conditions  # it leans on credentials, which lean on this

    return conditions.holds(
        workspace_id,
        service,
        condition,
        data,
        user_id=user_id,
        user_credential_id=user_credential_id,
        version_name=version,
        deadline_ms=deadline_ms,
    )


def resolve_references(
    value: Any, scope: Mapping[str, Any], *, source: Any = None, variables: Mapping[str, Any] | None = None
) -> Any:
    """Put in what `${root.path}` and objects tagged `@type: reference` point at.

    `scope` maps roots to their data, `source` is what `operation: source` reads by `path`, `variables` are the values
    that `operation: platformServiceVariable` reads. Raises InvalidInput, TooLarge.
    """
    return references.resolve(value, scope, source=source, variables=variables)


def completed(component: Component, data: Any) -> Any:
    """Put in the defaults of inputs that were not given; they may read the others."""
    return inputs.completed(component, data)


def validate_variables(component: Component, values: Any, where: str = "body") -> None:
    """Check values against the component's schema.variables. Raises InvalidInput naming every field that is wrong."""
    schema_check.validate_variables(component, values, where)


def check_schema(schema: Any, where: str) -> None:
    """Check that this is a JSON Schema which needs nothing from elsewhere. Raises InvalidInput naming the place."""
    schema_check.check_schema(schema, where)


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

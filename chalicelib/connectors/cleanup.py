"""What follows the deletion of a service or a component, page by page, after its subscriptions have ended.

Each function does one page of work and answers whether it was the last; doing it again does no harm.
"""

from __future__ import annotations

from chalicelib.connectors import components, models, notifications
from chalicelib.connectors.models import (
    KINDS,
    Component,
    Event,
    Place,
    Security,
    Service,
    Variable,
    forget_uses,
    partition_page,
)
from chalicelib.credentials import public as credentials
from chalicelib.storage.table import Key
from chalicelib.storage.tables import CATALOGUE


def is_service_gone(workspace_id: str, service_id: str) -> bool:
    """Say whether the service was deleted."""
    return Service.get(workspace_id, id=service_id) is None


def of_service(workspace_id: str, service_id: str) -> bool:
    """Clean up a page of what a deleted service had."""
    if not credentials.end_tokens_of_service(workspace_id, service_id):
        return False
    if not credentials.remove_values(workspace_id, service_id):
        return False
    page = partition_page(workspace_id, service_id)
    own = [Key(row["pk"], row["sk"]) for row in page.rows]
    for key in own:
        kind, _, item_id = key.sk.partition("#")
        if kind in (Event.KIND, "hook"):
            notifications.withdraw(workspace_id, service_id, item_id)
        elif kind == Security.KIND:
            directory = Security.new(workspace_id, id=item_id, service_id=service_id).name_keys()
            CATALOGUE.write_many(deletes=directory.values())
    CATALOGUE.write_many(deletes=own)
    return page.after is None and forget_uses(Place(workspace_id, service_id))


def uses_page(workspace_id: str, service_id: str, after: str | None) -> tuple[list[str], str | None]:
    """List a page of the other workspaces that use a service; and where to go on, or None at the end."""
    return models.uses_page(Place(workspace_id, service_id), after)


def is_component_gone(workspace_id: str, service_id: str, kind: str, component_id: str) -> bool:
    """Say whether the component was deleted."""
    return KINDS[kind].get(workspace_id, id=component_id, service_id=service_id) is None


def of_component(workspace_id: str, service_id: str, kind: str, component_id: str) -> bool:
    """Clean up a page of what leant on a deleted component."""
    if kind == Security.KIND and not credentials.end_tokens_of_security(workspace_id, service_id, component_id):
        return False
    if kind == Variable.KIND:
        credentials.remove_value(workspace_id, service_id, component_id)
    gone: Component = KINDS[kind].new(workspace_id, id=component_id, service_id=service_id)
    keys, is_last = components.archive_deletes(gone)
    CATALOGUE.write_many(deletes=keys)
    return is_last

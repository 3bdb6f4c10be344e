"""The environment of a workspace: made on its first use, with an in-app integration, a group and a layout."""

from __future__ import annotations

from typing import Any

from chalicelib.channels import names
from chalicelib.channels.models.settings import (
    Environment,
    Group,
    Integration,
    Layout,
    directory_write,
    insert_writes,
)
from chalicelib.core.cache import Cached
from chalicelib.core.call import Call
from chalicelib.core.errors import AlreadyExists

DEFAULT_LAYOUT = "<html><body>{{{body}}}</body></html>"
_known: Cached[bool] = Cached(age_s=600)


def ensure(workspace_id: str) -> None:
    """Make the environment of a workspace unless it is there; costs nothing once this process knows it."""
    _known.get(workspace_id, lambda: _make(workspace_id))


def forget() -> None:
    """Drop what this process knows (tests)."""
    _known.forget()


def find(workspace_id: str) -> Environment:
    """Find the environment."""
    return Environment.find(workspace_id)


def list_all(call: Call) -> list[dict[str, Any]]:
    """List the environments: there is one."""
    return [read(call)]


def read(call: Call) -> dict[str, Any]:
    """Show the environment of the key. Keys themselves are never shown again."""
    item = find(call.workspace_id)
    return {
        "_id": item.id,
        "name": item.name,
        "_organizationId": names.organization_id(call.workspace_id),
        "identifier": names.short(item.id),
        "apiKeys": [],
        "_parentId": None,
    }


def list_organizations(call: Call) -> list[dict[str, Any]]:
    """List the organizations: there is one."""
    return [read_organization(call)]


def read_organization(call: Call) -> dict[str, Any]:
    """Show the organization of the key."""
    item = find(call.workspace_id)
    shown: dict[str, Any] = {"_id": names.organization_id(call.workspace_id), "name": item.organization}
    if item.branding:
        shown["branding"] = item.branding
    return shown


def rename_organization(call: Call) -> dict[str, Any]:
    """Rename the organization."""
    item = find(call.workspace_id)
    item.organization = call.body.name
    item.save()
    return {"name": item.organization}


def update_branding(call: Call) -> dict[str, Any]:
    """Replace the looks of the organization."""
    item = find(call.workspace_id)
    item.branding = call.body.sent()
    item.save()
    return item.branding


def _make(workspace_id: str) -> bool:
    if Environment.get(workspace_id) is None:
        identifier = names.environment_id(workspace_id)
        made = Environment.new(workspace_id, id=identifier)
        inbox = Integration.new(
            workspace_id,
            id=names.new_id(),
            name="Novu In-App",
            identifier=f"novu-in-app-{names.short(identifier)}",
            provider_id="novu",
            channel="in_app",
            active=True,
        )
        group = Group.new(workspace_id, id=names.new_id(), name="General")
        layout = Layout.new(
            workspace_id,
            id=names.new_id(),
            name="Default Layout",
            identifier="novu-default-layout",
            content=DEFAULT_LAYOUT,
            is_default=True,
        )
        also = [write for item in (inbox, group, layout) for write in insert_writes(item)]
        try:
            made.insert([*also, directory_write(identifier, workspace_id)])
        except AlreadyExists:  # another request was faster
            return True
    return True

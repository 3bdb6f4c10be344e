"""Layouts: what stands around the body of e-mails."""

from __future__ import annotations

from typing import Any

from chalicelib.channels import names, sizes
from chalicelib.channels.models.settings import Layout, insert_writes
from chalicelib.channels.models.workflows import Workflow
from chalicelib.channels.repeats import made_before
from chalicelib.channels.wire import filled, iso, number, page_of
from chalicelib.channels.workflow_steps import templates_of
from chalicelib.core import clock, ids
from chalicelib.core.call import Call
from chalicelib.core.errors import AlreadyExists, Conflict, InUse, InvalidInput, NotFound, VersionConflict
from chalicelib.storage.expressions import PRESENT, eq
from chalicelib.storage.table import TransactionFailed, Write, transact

BODY = "{{{body}}}"


def list_page(call: Call) -> dict[str, Any]:
    """List layouts, the newest first unless asked otherwise."""
    page, size = number(call, "page", 0), number(call, "pageSize", 10, 0, 1_000)
    items = Layout.list_all(call.workspace_id)
    if wanted := call.query.get("layoutId"):
        items = [item for item in items if item.id == wanted]
    by = {"name": "name", "identifier": "identifier", "updatedAt": "updated_at"}.get(call.query.get("sortBy", ""))
    is_down = call.query.get("orderBy", "DESC").upper() in ("DESC", "-1")
    items = sorted(items, key=lambda item: (getattr(item, by) if by else item.inserted_at, item.id), reverse=is_down)
    return page_of([view(item) for item in items[page * size : page * size + size]], page, size, len(items))


def create(call: Call) -> dict[str, Any]:
    """Make a layout. Raises AlreadyExists for a taken identifier."""
    body = call.body
    _check(body.content)
    layout_id = names.new_id(call, "layout")
    if made := made_before(call, Layout, layout_id):
        return view(made)
    item = Layout.new(
        call.workspace_id,
        id=layout_id,
        by=call.caller.key_id,
        name=body.name,
        identifier=body.identifier or names.slug(body.name),
        description=body.description,
        content=body.content,
        variables=body.sent().get("variables", []),
        is_default=body.is_default,
    )
    sizes.check(item)
    try:
        _write(insert_writes(item), call.workspace_id, item)
    except AlreadyExists:
        if body.identifier:
            raise
        item.identifier = f"{item.identifier}-{names.short(item.id)}"  # nobody asked for the one that is taken
        _write(insert_writes(item), call.workspace_id, item)
    return view(item)


def read(call: Call) -> dict[str, Any]:
    """Show a layout."""
    return view(_find(call))


def update(call: Call) -> dict[str, Any]:
    """Change a layout. Raises Conflict when that would leave none as the default."""
    if not call.body.sent():
        raise InvalidInput.at("body", "nothing to update was sent", "missing")
    item, body = _find(call), call.body
    before = Layout(**vars(item))
    for field in ("name", "identifier", "description", "content"):
        if getattr(body, field) is not None:
            setattr(item, field, getattr(body, field))
    item.variables = body.sent().get("variables", item.variables)
    _check(item.content)
    if body.is_default is False and item.is_default:
        raise Conflict("One default layout is required")
    item.is_default = item.is_default or bool(body.is_default)
    sizes.check(item)
    _write(_replacing(item, before), call.workspace_id, item)
    return view(item)


def delete(call: Call) -> None:
    """Delete a layout. Raises InUse for the default and for one that a workflow uses."""
    item = _find(call)
    if item.is_default:
        raise InUse(f"Layout with id {item.id} is being used as your default layout, so it can not be deleted")
    for workflow in Workflow.list_all(call.workspace_id):
        if any(template.get("layoutId") == item.id for template in templates_of(workflow.steps)):
            raise InUse(f"Layout with id {item.id} is being used so it can not be deleted")
    item.remove()


def set_default(call: Call) -> None:
    """Make a layout the default."""
    item = _find(call)
    if not item.is_default:
        before = Layout(**vars(item))
        item.is_default = True
        _write(_replacing(item, before), call.workspace_id, item)


def choose(workspace_id: str, layout_id: str | None, identifier: str) -> Layout | None:
    """Find the layout for a mail: the one named by identifier, else the step's own, else the default."""
    items = Layout.list_all(workspace_id)
    named = next((item for item in items if identifier and item.identifier == identifier), None)
    own = next((item for item in items if item.id == layout_id), None)
    return named or own or next((item for item in items if item.is_default), None)


def view(item: Layout) -> dict[str, Any]:
    """Render a layout."""
    return filled(
        {
            "_id": item.id,
            "_organizationId": names.organization_id(item.workspace_id),
            "_environmentId": names.environment_id(item.workspace_id),
            "_creatorId": item.created_by or "",
            "name": item.name,
            "identifier": item.identifier,
            "description": item.description or "",
            "channel": "email",
            "content": item.content,
            "contentType": "customHtml",
            "variables": item.variables,
            "isDefault": item.is_default,
            "isDeleted": False,
            "createdAt": iso(item.inserted_at),
            "updatedAt": iso(item.updated_at),
        }
    )


def _find(call: Call) -> Layout:
    item = Layout.get(call.workspace_id, id=call.path["layout_id"])
    if item is None:
        raise NotFound(f"Layout not found for id {call.path['layout_id']}")
    return item


def _check(content: str) -> None:
    if BODY not in content.replace(" ", ""):
        raise InvalidInput.at("content", f"Layout content must contain {BODY}", "body")


def _replacing(item: Layout, before: Layout) -> list[Write]:
    item.revision, item.updated_at = item.revision + 1, clock.now_ms()
    writes = [item.change_if(PRESENT & eq("rev", before.revision))]
    if item.identifier != before.identifier:
        writes += [*insert_writes(item)[1:], *(Write(item.TABLE, key=key) for key in before.name_keys().values())]
    return writes


def _write(writes: list[Write], workspace_id: str, item: Layout) -> None:
    """Write a layout; a new default takes the flag from the old one in the same transaction."""
    own = len(writes)
    if item.is_default:
        for other in Layout.list_all(workspace_id):
            if other.is_default and other.id != item.id:
                seen, other.revision, other.is_default = other.revision, other.revision + 1, False
                writes.append(other.change_if(PRESENT & eq("rev", seen)))
    try:
        transact(writes, ids.secret_text(24))
    except TransactionFailed as failed:
        first = min(failed.failed)
        if first < own and writes[first].row is not None and "@" in str((writes[first].row or {}).get("sk")):
            raise AlreadyExists(f"Layout with identifier {item.identifier} already exists") from None
        raise VersionConflict("the layouts changed meanwhile; try again") from None

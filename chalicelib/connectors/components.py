"""What all kinds of components share: checks before a write, versions on update, and deletion."""

from __future__ import annotations

import copy
from dataclasses import MISSING, fields
from typing import Any

import orjson

from chalicelib.adapters import queue
from chalicelib.connectors import definitions, inputs, logic, rules, schema_check, sharing
from chalicelib.connectors.models import Component
from chalicelib.core import clock, ids
from chalicelib.core.call import Call
from chalicelib.core.errors import AlreadyExists, InvalidInput, NotFound, TooLarge, VersionConflict
from chalicelib.edge.resource import Resource
from chalicelib.storage.item import Item
from chalicelib.storage.table import Key

CLEANUP_QUEUE = "platform_cleanup"
CLEANUP_DELAY_S = 2
_ATTEMPTS = 3


def check(call: Call, item: Component) -> None:
    """Fill in what was left out and refuse what cannot work. Raises InvalidInput, TooLarge."""
    fill_in(item)
    if item.KIND != "security":
        item.name = item.name or rules.spare_name(item.KIND, item.id)
        rules.check_name(item.name)
        sharing.check_name(item)
    item.logic = logic.normalised(item.KIND, item.logic)
    if item.KIND == "variable":
        schema_check.check_schema(item.json_schema, "body.schema")
    else:
        schema_check.check_holder(item.json_schema)
        inputs.check_extensions(item.json_schema)
    check_size(item)


def fill_in(item: Item) -> None:
    """Put the default where null was sent for a field that is never null."""
    for field in fields(item):
        if getattr(item, field.name) is None:
            if field.default_factory is not MISSING:
                setattr(item, field.name, field.default_factory())
            elif field.default is not MISSING:
                setattr(item, field.name, field.default)


def check_size(item: Item) -> None:
    """Refuse an item that one row cannot hold. Raises TooLarge; InvalidInput for numbers nothing can keep."""
    try:
        size_bytes = len(orjson.dumps(item.to_row()["doc"]))
    except TypeError as error:
        raise InvalidInput.at("body", "holds a number beyond 64 bits", "range") from error
    if size_bytes > rules.MAX_ITEM_BYTES:
        raise TooLarge(f"this {item.NOUN} is larger than {rules.MAX_ITEM_BYTES // 1024} KB")


def written(_call: Call, _item: Any) -> None:
    """Let this process see its own write at once."""
    definitions.forget()


def update_version(resource: Resource, call: Call) -> Component:
    """Change one version of a component, as `?version=` says: an existing one in place, or a new one from the latest.

    Raises InvalidInput when `version` is missing or malformed, VersionConflict when others keep changing it.
    """
    for attempt in range(1, _ATTEMPTS + 1):
        latest = _latest(resource, call)
        wanted = rules.version_wanted(call.query.get("version"), latest.version)
        try:
            shown = _write_version(resource, call, latest, wanted)
        except VersionConflict:
            if attempt == _ATTEMPTS:
                raise
            continue
        resource.after_write(call, shown)
        return shown
    raise AssertionError("unreachable")


def delete(resource: Resource, call: Call) -> Component:
    """Delete a component at once; what leans on it follows from the queue. Raises NotFound."""
    item = _latest(resource, call)
    resource.before_delete(call, item)
    # Sent first: a message whose component is still there does nothing, a deletion without its message leaves debris.
    message = {"w": item.workspace_id, "kind": item.KIND, "service": item.service_id, "id": item.id}
    queue.send(CLEANUP_QUEUE, {**message, "at": clock.now_ms()}, CLEANUP_DELAY_S)
    item.remove()
    definitions.forget()
    return item


def _latest(resource: Resource, call: Call) -> Component:
    """Find what the path names with the content of its latest version, whatever version's id was given."""
    found: Component = resource.find(call, to_change=True)
    if call.path[resource.variable] in (found.id, found.name):
        return found
    return type(found).find(found.workspace_id, id=found.id, service_id=found.service_id)


def _write_version(resource: Resource, call: Call, latest: Component, wanted: str) -> Component:
    before = copy.deepcopy(latest)
    is_new, also = False, []
    try:
        target = latest.archived(wanted)
    except NotFound:
        is_new, target = True, copy.deepcopy(latest)
        target.version, target.version_id = wanted, ids.new_uuid()
    for name, value in call.body.fields().items():
        setattr(target, name, value)
    resource.before_write(call, target)
    if is_new:
        also.append(target.claiming_version())
    is_older = wanted != latest.version and not (is_new and rules.is_newer(wanted, latest.version))
    if is_older:
        latest.name, target.updated_at, target.updated_by = target.name, clock.now_ms(), call.user_id
        also.append(target.archiving())
        latest.save(before=before, also=also)
        return target
    if is_new:
        also.append(before.archiving())
    try:
        return target.save(by=call.user_id, before=before, also=also)
    except AlreadyExists as taken:
        raise taken if taken.details.get("field") == "name" else VersionConflict("it changed meanwhile") from taken


def archive_deletes(component: Component) -> tuple[list[Key], bool]:
    """List the rows of a page of older versions; and say whether it was the last page."""
    page = component.version_page()
    keys: list[Key] = []
    for row in page.rows:
        keys += [component.archive_key(row["doc"]["version"]), component.with_content(row).version_alias()]
    return keys, page.after is None

"""Versions: drafts are edited, published ones stay as they are for the executions that run on them."""

from __future__ import annotations

import copy
from itertools import islice
from typing import Any

import orjson

from chalicelib.automations import activation, automations, loading, models, readable
from chalicelib.automations.lookups import MAX_FAULTS, Names
from chalicelib.automations.models import Automation, Version
from chalicelib.automations.rules import checking
from chalicelib.automations.rules.language import MAX_BYTES
from chalicelib.core import clock
from chalicelib.core.call import Call
from chalicelib.core.errors import AlreadyExists, Conflict, InUse, InvalidInput, TooLarge
from chalicelib.edge.resource import page_of

LIVE = "live"


def check(definition: dict[str, Any], names: Names, where: str = "body.definition") -> None:
    """Refuse a definition that cannot run. Raises InvalidInput with every fault's path, TooLarge."""
    if len(orjson.dumps(definition)) > MAX_BYTES:
        raise TooLarge(f"{where}: may have at most {MAX_BYTES} bytes")
    faults = [*checking.faults_of(definition, where), *names.faults_of(definition, where)][:MAX_FAULTS]
    faults += islice(readable.faults_of(names.workspace_id, definition, where), MAX_FAULTS - len(faults))
    if faults:
        raise InvalidInput(f"{faults[0].location}: {faults[0].message}", faults)


def names_of(item: Automation) -> Names:
    """Say in whose name a version of this automation is looked at."""
    return Names(item.workspace_id, item.user_id, frozenset((item.id, item.name)))


def find(call: Call, item: Automation) -> Version:
    """Find the version the path names: an id, a name, or `live`. Raises NotFound."""
    name = call.path["automation_version_id"]
    if name == LIVE and item.live_version is not None:
        name = item.live_version
    return loading.version_named(call.workspace_id, item.id, name)


def list_all(call: Call) -> list[Version]:
    """List an automation's versions in order of insertion."""
    item = automations.find_own(call)
    return page_of(call, Version.list_all(call.workspace_id, automation_id=item.id))


def read(call: Call) -> Version:
    """Show a version."""
    return find(call, automations.find_own(call))


def create(call: Call) -> Version:
    """Make a draft; without a name it is numbered."""
    item = automations.find_own(call)
    check(call.body.definition, names_of(item))
    return insert(call, item, call.body.name, call.body.definition)


def check_name(name: str | None, where: str = "body.name") -> None:
    """Refuse the name that leads to whichever version is live. Raises InvalidInput."""
    if name == LIVE:
        raise InvalidInput.at(where, "means the live version", "name")


def insert(call: Call, item: Automation, name: str | None, definition: dict[str, Any]) -> Version:
    """Store a new draft."""
    check_name(name)
    if name is None:
        known = {version.name for version in Version.list_all(item.workspace_id, automation_id=item.id)}
        name = str(next(number for number in range(len(known) + 1, 2 * len(known) + 3) if str(number) not in known))
    version = Version.new(
        item.workspace_id,
        by=call.user_id,
        id=call.new_id("automation version"),
        automation_id=item.id,
        name=name,
        definition=definition,
        hash=loading.hash_of(definition),
    )
    try:
        return version.insert()
    except AlreadyExists:
        present = Version.get(item.workspace_id, automation_id=item.id, id=version.id)
        if call.idempotency_key is None or present is None:
            raise AlreadyExists("a version with this name exists", details={"field": "name"}) from None
        return present


def update(call: Call) -> Version:
    """Change a draft. Raises Conflict for a published version."""
    item = automations.find_own(call)
    version = find(call, item)
    if version.is_published:
        raise Conflict("a published version does not change; make a new one")
    before, sent = copy.deepcopy(version), call.body.fields()
    check_name(sent.get("name"))
    if "definition" in sent:
        check(sent["definition"], names_of(item))
        version.definition, version.hash = sent["definition"], loading.hash_of(sent["definition"])
    version.name = sent.get("name") or version.name
    return version.save(by=call.user_id, before=before)


def delete(call: Call) -> None:
    """Delete a version; executions on it keep a copy. Raises InUse for the live one."""
    item = automations.find_own(call)
    version = find(call, item)
    if item.live_version == version.id:
        raise InUse("this is the live version")
    models.freeze(version)
    version.remove()


def publish(call: Call) -> Version:
    """Make a version immutable and live. Of an enabled automation the trigger moves over; a repeat does nothing."""
    item = automations.find_own(call)
    version = find(call, item)
    if not version.is_published:
        check(version.definition, names_of(item), "definition")
        version.is_published, version.published_at = True, clock.now_ms()
        version.save(by=call.user_id)
    activation.go_live(item, version, call.user_id)
    return version

"""Automations: made, shown, changed and deleted by the user they belong to. Another user's are absent."""

from __future__ import annotations

import copy
from typing import Any

from chalicelib.automations import activation, loading, versions
from chalicelib.automations.lookups import Names
from chalicelib.automations.models import Automation, Version
from chalicelib.automations.rules import language
from chalicelib.core.call import Call
from chalicelib.core.errors import AlreadyExists, InvalidInput, NotFound
from chalicelib.edge.resource import page_of
from chalicelib.identity import public as identity
from chalicelib.identity.public import User
from chalicelib.storage.table import Key
from chalicelib.storage.tables import CATALOGUE


def user_of(call: Call) -> User:
    """Find the user the query names. Raises NotFound."""
    return identity.find_user(call.workspace_id, call.required_query("userId"))


def find_own(call: Call) -> Automation:
    """Find the automation the path names, by id or name, of the user the query names. Raises NotFound."""
    user = user_of(call)
    return Automation.find_either(call.workspace_id, call.path["automation_id"], user_id=user.id)


def list_of_user(call: Call) -> list[Automation]:
    """List a user's automations in order of insertion."""
    return page_of(call, Automation.list_all(call.workspace_id, user_id=user_of(call).id))


def create(call: Call) -> Automation:
    """Make an automation, with its first version if a definition is given."""
    body, user = call.body, user_of(call)
    if body.definition is not None:
        versions.check(body.definition, Names(call.workspace_id, user.id, frozenset((body.name,))))
    item = _insert(call, user, body.name, body.description)
    if body.definition is not None and not Version.list_all(call.workspace_id, automation_id=item.id):
        versions.insert(call, item, None, body.definition)
    return item


def _insert(call: Call, user: User, name: str, description: str | None) -> Automation:
    item = Automation.new(
        call.workspace_id,
        by=call.user_id,
        id=call.new_id("automation"),
        user_id=user.id,
        user_key=user.user_id,
        name=name,
        description=description,
    )
    try:
        return item.insert()
    except AlreadyExists:
        present = Automation.get(call.workspace_id, user_id=user.id, id=item.id)
        if call.idempotency_key is None or present is None:
            raise AlreadyExists("an automation with this name exists", details={"field": "name"}) from None
        return present


def update(call: Call) -> Automation:
    """Change name and description."""
    item = find_own(call)
    before = copy.deepcopy(item)
    for name, value in call.body.fields().items():
        if value is None and name == "name":
            raise InvalidInput.at("body.name", "must not be null", "type")
        setattr(item, name, value)
    item.save(by=call.user_id, before=before)
    loading.forget()
    return item


def delete(call: Call) -> None:
    """Delete an automation: nothing starts it any more, executions under way end as cancelled, `delete` hooks run."""
    remove(find_own(call))


def remove(item: Automation) -> None:
    """Delete an automation and its versions."""
    activation.withdraw(item)
    item.remove()
    pk = f"{item.workspace_id}#AUT#{item.id}"
    CATALOGUE.write_many(deletes=[Key(row["pk"], row["sk"]) for row in CATALOGUE.query_all(pk)])
    loading.forget()


def remove_page_of_user(workspace_id: str, user_id: str) -> bool:
    """Delete a page of a deleted user's automations; True when none is left."""
    found = Automation.list_all(workspace_id, user_id=user_id)
    for item in found[:25]:
        try:
            remove(item)
        except NotFound:
            continue
    return len(found) <= 25


def export(call: Call) -> dict[str, Any]:
    """Give an automation and one version of it (query `version`, else the live one, else the newest) as one text."""
    item = find_own(call)
    name = call.query.get("version") or item.live_version
    if name is not None:
        version = loading.version_named(call.workspace_id, item.id, name)
    else:
        found = Version.list_all(call.workspace_id, automation_id=item.id)
        if not found:
            raise NotFound("this automation has no version")
        version = found[-1]
    return {
        "name": item.name,
        "description": item.description,
        "version": version.name,
        "definition": version.definition,
    }


def import_one(call: Call) -> dict[str, Any]:
    """Make an automation of what `export` gave."""
    body, user = call.body, user_of(call)
    versions.check_name(body.version, "body.version")
    versions.check(body.definition, Names(call.workspace_id, user.id, frozenset((body.name,))))
    item = _insert(call, user, body.name, body.description)
    known = Version.list_all(call.workspace_id, automation_id=item.id)
    version = known[0] if known else versions.insert(call, item, body.version, body.definition)
    return {"id": item.id, "versionId": version.id}


def schema(_call: Call) -> dict[str, Any]:
    """Give the JSON Schema of a version's definition."""
    return language.json_schema()

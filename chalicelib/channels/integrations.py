"""Integrations: making, changing, ordering and ending them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chalicelib.channels import catalogue, names, probes, sizes
from chalicelib.channels.models.settings import Integration, get_order, insert_writes, order_write
from chalicelib.channels.repeats import made_before
from chalicelib.channels.rules import conditions, priorities
from chalicelib.channels.rules.priorities import RANKED, Place
from chalicelib.channels.wire import filled, iso
from chalicelib.core import clock, ids
from chalicelib.core.call import Call
from chalicelib.core.errors import AlreadyExists, InvalidInput, NotFound, VersionConflict
from chalicelib.edge import auth
from chalicelib.storage.expressions import PRESENT, eq
from chalicelib.storage.table import TransactionFailed, Write, transact

_ATTEMPTS = 5
SIGNING_KEY = "_signedWith"  # among sealed credentials, never shown


def list_all(call: Call) -> list[dict[str, Any]]:
    """List all integrations, the oldest first."""
    return [view(item) for item in Integration.list_all(call.workspace_id)]


def list_active(call: Call) -> list[dict[str, Any]]:
    """List the active integrations."""
    return [view(item) for item in Integration.list_all(call.workspace_id) if item.active]


def create(call: Call) -> dict[str, Any]:
    """Make an integration. Raises AlreadyExists for a taken identifier, InvalidInput when its check fails."""
    body, workspace_id = call.body, call.workspace_id
    name = body.name or catalogue.name_of(body.provider_id, body.channel)
    identifier = names.new_id(call, "integration")
    if made := made_before(call, Integration, identifier):
        return view(made)
    _check_environment(call)
    _check_provider(workspace_id, body.provider_id, body.channel)
    item = Integration.new(
        workspace_id,
        id=identifier,
        by=call.caller.key_id,
        name=name,
        identifier=body.identifier or f"{names.slug(name)}-{names.short(identifier)}",
        provider_id=body.provider_id,
        channel=body.channel,
        active=body.active,
        conditions=conditions.complete([group.sent() for group in body.conditions or ()]),
    )
    credentials = body.credentials.sent() if body.credentials else {}
    if body.check:
        probes.check(item, credentials)
    item.sealed = seal(item, _with_key(call, credentials))
    _store(item, None)
    return view(item)


def update(call: Call) -> dict[str, Any]:
    """Change what was sent. Raises NotFound, AlreadyExists, InvalidInput when nothing is to be changed."""
    body = call.body
    if not body.model_fields_set - {"check"}:
        raise InvalidInput.at("body", "nothing to update was sent", "missing")
    _check_environment(call)
    for attempt in range(1, _ATTEMPTS + 1):
        item = _find(call)
        before = Integration(**vars(item))
        _take_over(call, item, body)
        if body.check and attempt == 1 and not (body.active is False and body.credentials is None):
            probes.check(item, open_credentials(item))  # what is only switched off may be broken
        try:
            _store(item, before)
            return view(item)
        except VersionConflict:
            if attempt == _ATTEMPTS:
                raise
    raise AssertionError("unreachable")


def delete(call: Call) -> list[dict[str, Any]]:
    """End an integration; nobody is promoted in its place. Answers what remains."""
    for attempt in range(1, _ATTEMPTS + 1):
        item = _find(call)
        own = [Write(item.TABLE, PRESENT & eq("rev", item.revision), key=item.own_key())]
        own += [Write(item.TABLE, key=key) for key in item.name_keys().values()]
        siblings = _siblings(item)
        row = priorities.without([_place(one) for one in siblings], item.id)
        try:
            _commit(item, own, [one for one in siblings if one.id != item.id], row)
            return list_all(call)
        except VersionConflict:
            if attempt == _ATTEMPTS:
                raise
    raise AssertionError("unreachable")


def set_primary(call: Call) -> dict[str, Any]:
    """Make an integration the primary of its channel. Raises InvalidInput for channels that have none."""
    if not names.is_id(call.path["integration_id"]):
        raise InvalidInput.at("integrationId", "the id is malformed", "format")
    for attempt in range(1, _ATTEMPTS + 1):
        item = _find(call)
        if item.channel not in RANKED:
            raise InvalidInput.at("integrationId", f"channel {item.channel} does not support primary", "channel")
        if item.primary and item.active:
            return view(item)
        siblings = _siblings(item)
        chosen = next(one for one in siblings if one.id == item.id)
        chosen.conditions, chosen.updated_at = [], clock.now_ms()
        row = priorities.with_primary([_place(one) for one in siblings], item.id)
        try:
            _commit(item, [], siblings, row, always={item.id})
            return view(chosen)
        except VersionConflict:
            if attempt == _ATTEMPTS:
                raise
    raise AssertionError("unreachable")


def view(item: Integration) -> dict[str, Any]:
    """Render an integration, its credentials readable."""
    return filled(
        {
            "_id": item.id,
            "_environmentId": names.environment_id(item.workspace_id),
            "_organizationId": names.organization_id(item.workspace_id),
            "name": item.name,
            "identifier": item.identifier,
            "providerId": item.provider_id,
            "channel": item.channel,
            "credentials": _shown(open_credentials(item)),
            "active": item.active,
            "deleted": False,
            "primary": item.primary,
            "priority": item.priority,
            "conditions": item.conditions,
            "createdAt": iso(item.inserted_at),
            "updatedAt": iso(item.updated_at),
        }
    )


def seal(item: Integration, credentials: dict[str, Any]) -> str:
    """Encrypt credentials for this integration."""
    from chalicelib.credentials.public import vault  # heavy

    return vault().seal(item.workspace_id, f"integration|{item.id}", credentials) if credentials else ""


def open_credentials(item: Integration) -> dict[str, Any]:
    """Decrypt the credentials of an integration."""
    from chalicelib.credentials.public import vault  # heavy

    if not item.sealed:
        return {}
    return dict(vault().open_json(item.workspace_id, f"integration|{item.id}", item.sealed))


def _with_key(call: Call, credentials: dict[str, Any]) -> dict[str, Any]:
    """Keep the caller's API key where links are to be signed with it: keys themselves are stored hashed only."""
    return {**credentials, SIGNING_KEY: auth.shown(call.headers)} if credentials.get("hmac") else credentials


def _shown(credentials: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in credentials.items() if name != SIGNING_KEY}


# --- writing --------------------------------------------------------------------------------------------------------


def _find(call: Call) -> Integration:
    item = Integration.get(call.workspace_id, id=call.path["integration_id"])
    if item is None:
        raise NotFound(f"Integration with id {call.path['integration_id']} not found")
    return item


def _check_environment(call: Call) -> None:
    wanted = call.body.environment_id
    if wanted and wanted != names.environment_id(call.workspace_id):
        raise InvalidInput.at("_environmentId", "is not an environment of this key", "unknown")


def _check_provider(workspace_id: str, provider_id: str, channel: str) -> None:
    if provider_id in catalogue.DEMO:
        raise InvalidInput.at("providerId", f"Creating an integration for {provider_id} is not supported", "demo")
    home = next((own for own, listed in catalogue.BY_CHANNEL.items() if provider_id in listed), channel)
    if home != channel:
        raise InvalidInput.at("channel", f"{provider_id} is a provider of the channel {home}", "channel")
    if channel == "in_app" and any(one.channel == "in_app" for one in Integration.list_all(workspace_id)):
        raise InvalidInput.at("channel", "One environment can only have one In app provider", "single")


def _take_over(call: Call, item: Integration, body: Any) -> None:
    item.name = body.name or item.name
    item.identifier = body.identifier or item.identifier
    if body.active is not None:
        item.active = body.active
    if body.conditions is not None:
        item.conditions = conditions.complete([group.sent() for group in body.conditions])
    if body.credentials is not None:
        item.sealed = seal(item, _with_key(call, body.credentials.sent()))


def _store(item: Integration, before: Integration | None) -> None:
    """Insert or replace an integration together with the order of its channel. Raises TooLarge."""
    sizes.check(item)
    siblings = [one for one in _siblings(item) if one.id != item.id]
    places = [_place(one) for one in siblings]
    own = _place(before or item)
    if item.channel not in RANKED:
        row: list[Place] = []
    elif not item.active:
        item.primary, item.priority = False, 0
        row = priorities.without(places, item.id)
    elif before is None or not before.active:
        row = priorities.with_active(places, _place(item), may_lead=before is None)
    elif item.conditions:
        row = priorities.demoted([*places, own], item.id)
    else:
        row = priorities.ordered([*places, own])
    _apply(item, row)
    if before is None:
        writes = insert_writes(item)
    else:
        item.revision, item.updated_at = before.revision + 1, clock.now_ms()
        writes = [item.change_if(PRESENT & eq("rev", before.revision)), *_renamed(item, before)]
    _commit(item, writes, siblings, row)


def _renamed(item: Integration, before: Integration) -> list[Write]:
    if item.identifier == before.identifier:
        return []
    claims = insert_writes(item)[1:]
    return [*claims, *(Write(item.TABLE, key=key) for key in before.name_keys().values())]


def _siblings(item: Integration) -> list[Integration]:
    return [one for one in Integration.list_all(item.workspace_id) if one.channel == item.channel]


def _place(item: Integration) -> Place:
    return Place(item.id, item.active, item.primary, item.priority, item.inserted_at, bool(item.conditions))


def _apply(item: Integration, row: Sequence[Place]) -> bool:
    place = next((one for one in row if one.id == item.id), None)
    if place is None:
        return False
    old = item.active, item.primary, item.priority
    item.active, item.primary, item.priority = place.active, place.primary, place.priority
    return old != (item.active, item.primary, item.priority)


def _commit(
    item: Integration,
    own: list[Write],
    others: list[Integration],
    row: Sequence[Place],
    always: frozenset[str] | set[str] = frozenset(),
) -> None:
    """Write an integration and every neighbour whose place changed, or nothing. Raises VersionConflict."""
    seen = get_order(item.workspace_id, item.channel)
    writes = list(own)
    for other in others:
        if _apply(other, row) or other.id in always:
            seen_revision, other.revision = other.revision, other.revision + 1
            writes.append(other.change_if(PRESENT & eq("rev", seen_revision)))
    if item.channel in RANKED:
        writes.append(order_write(item.workspace_id, item.channel, seen))
    try:
        transact(writes, ids.secret_text(24))
    except TransactionFailed as failed:
        first = min(failed.failed)
        if first < len(own) and "identifier@" in str((own[first].row or {}).get("sk")):
            raise AlreadyExists("Integration with identifier already exists", details={"field": "identifier"}) from None
        raise VersionConflict("the integrations changed meanwhile; try again") from None

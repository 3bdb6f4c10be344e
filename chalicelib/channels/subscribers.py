"""Subscribers: making, changing, deleting them, their credentials and whether they are there."""

from __future__ import annotations

from typing import Any

from chalicelib.channels import names, sizes
from chalicelib.channels.models.people import Subscriber, list_subscribers, member_keys, topics_of
from chalicelib.channels.models.settings import Integration
from chalicelib.channels.wire import filled, iso, number, page_of
from chalicelib.core import clock, ids, jsontext
from chalicelib.core.call import Call
from chalicelib.core.errors import (
    AlreadyExists,
    InvalidInput,
    NotFound,
    PlatformError,
    TooLarge,
    Unavailable,
    VersionConflict,
)
from chalicelib.storage.expressions import PRESENT, eq
from chalicelib.storage.table import TransactionFailed, transact
from chalicelib.storage.tables import CHANNELS

MAX_BULK = 500
_FIELDS = {
    "email": "email",
    "firstName": "first_name",
    "lastName": "last_name",
    "phone": "phone",
    "avatar": "avatar",
    "locale": "locale",
    "data": "data",
}  # as they are sent, and as they are stored
_ATTEMPTS = 6


def find(workspace_id: str, subscriber_id: str) -> Subscriber:
    """Find a subscriber by the caller's identifier. Raises NotFound."""
    item = get(workspace_id, subscriber_id)
    if item is None:
        raise NotFound(f"Subscriber {subscriber_id} not found")
    return item


def get(workspace_id: str, subscriber_id: str) -> Subscriber | None:
    """Read a subscriber, or None."""
    item = Subscriber.get(workspace_id, subscriber_id=subscriber_id)
    return None if item is None or item.deleted else item


def list_page(call: Call) -> dict[str, Any]:
    """List subscribers in order of creation."""
    page, size = number(call, "page", 0), number(call, "limit", 10, 1, 100)
    found = list_subscribers(call.workspace_id, page * size, size + 1)
    return page_of([view(item) for item in found[:size]], page, size, hasMore=len(found) > size)


def create(call: Call) -> dict[str, Any]:
    """Make a subscriber, or update the one with this identifier."""
    return view(upsert(call.workspace_id, call.body.sent())[0])


def create_bulk(call: Call) -> dict[str, Any]:
    """Make or update many subscribers, each for itself."""
    sent = call.body.subscribers
    if not 1 <= len(sent) <= MAX_BULK:
        raise InvalidInput.at("subscribers", f"must hold 1 to {MAX_BULK} subscribers", "range")
    from chalicelib.channels.schemas import SubscriberIn  # heavy

    made: dict[str, list[dict[str, Any]]] = {"created": [], "updated": [], "failed": []}
    for one in sent:
        try:
            body = SubscriberIn.read(one).sent()
            is_new = upsert(call.workspace_id, body)[1]
            made["created" if is_new else "updated"].append({"subscriberId": body["subscriberId"]})
        except PlatformError as error:
            name = one.get("subscriberId") if isinstance(one, dict) else None
            entry = {"subscriberId": name} if isinstance(name, str) else {}
            made["failed"].append({**entry, "message": error.message.removeprefix("body.")})
    return made


def read(call: Call) -> dict[str, Any]:
    """Show a subscriber."""
    return view(find(call.workspace_id, call.path["subscriber_id"]))


def update(call: Call) -> dict[str, Any]:
    """Change what was sent; an empty or null address clears it."""
    sent = jsontext.read(call.raw_body) if call.raw_body.strip() else {}
    clears_email = "email" in sent and sent["email"] in (None, "")

    def change(item: Subscriber) -> None:
        _take_over(item, call.body.sent())
        if clears_email:
            item.email = None

    return view(modify(call.workspace_id, call.path["subscriber_id"], change))


def delete(call: Call) -> dict[str, Any]:
    """Delete a subscriber, who also leaves every topic."""
    workspace_id, subscriber_id = call.workspace_id, call.path["subscriber_id"]

    def change(item: Subscriber) -> None:
        item.deleted, item.channels = True, []

    item = modify(workspace_id, subscriber_id, change)
    keys = [
        key
        for topic in topics_of(workspace_id, subscriber_id)
        for key in member_keys(workspace_id, topic, subscriber_id)
    ]
    CHANNELS.write_many(deletes=[item.listing(), *keys])
    return {"acknowledged": True, "status": "deleted"}


def set_online(call: Call) -> dict[str, Any]:
    """Note whether somebody is there; leaving stamps the time."""
    is_online = call.body.is_online if call.body.is_online is not None else call.body.online
    if is_online is None:
        raise InvalidInput.at("isOnline", "isOnline must be a boolean value", "missing")

    def change(item: Subscriber) -> None:
        item.is_online = is_online
        if not is_online:
            item.last_online_at = clock.now_ms()

    return view(modify(call.workspace_id, call.path["subscriber_id"], change))


# --- credentials ----------------------------------------------------------------------------------------------------


def set_credentials(call: Call) -> dict[str, Any]:
    """Set how a provider reaches a subscriber; device tokens are replaced."""
    return view(put_credentials(call.workspace_id, call.path["subscriber_id"], call.body.sent(), appends=False))


def append_credentials(call: Call) -> dict[str, Any]:
    """Set how a provider reaches a subscriber; device tokens are added."""
    return view(put_credentials(call.workspace_id, call.path["subscriber_id"], call.body.sent(), appends=True))


def delete_credentials(call: Call) -> None:
    """Remove every entry of a provider."""
    provider_id = call.path["provider_id"]

    def change(item: Subscriber) -> None:
        item.channels = [entry for entry in item.channels if entry["providerId"] != provider_id]

    modify(call.workspace_id, call.path["subscriber_id"], change)


def put_credentials(workspace_id: str, subscriber_id: str, sent: dict[str, Any], *, appends: bool) -> Subscriber:
    """Store credentials of a subscriber for one integration. Raises InvalidInput without an active integration."""
    integration = _integration(workspace_id, sent["providerId"], sent.get("integrationIdentifier"))
    new = sent["credentials"]

    def change(item: Subscriber) -> None:
        entry = next((one for one in item.channels if one["_integrationId"] == integration.id), None)
        if entry is None:
            entry = {"_integrationId": integration.id, "providerId": integration.provider_id, "credentials": {}}
            item.channels = [*item.channels, entry]
        stored = entry["credentials"]
        old = stored.get("deviceTokens", []) if appends else []
        stored.update({name: value for name, value in new.items() if name != "deviceTokens"})
        if "deviceTokens" in new:
            stored["deviceTokens"] = list(dict.fromkeys([*old, *new["deviceTokens"]]))
        entry["integrationIdentifier"] = integration.identifier

    return modify(workspace_id, subscriber_id, change)


def _integration(workspace_id: str, provider_id: str, identifier: str | None) -> Integration:
    found = [
        one
        for one in Integration.list_all(workspace_id)
        if one.active
        and one.channel in ("chat", "push")
        and one.provider_id == provider_id
        and identifier in (None, one.identifier)
    ]
    if not found:
        words = f"there is no active integration of {provider_id} for chat or push"
        raise InvalidInput.at("providerId", words, "integration")
    return found[-1]


# --- writing --------------------------------------------------------------------------------------------------------


def upsert(workspace_id: str, sent: dict[str, Any]) -> tuple[Subscriber, bool]:
    """Make a subscriber or update the one that stands; answers whether it is new. `sent` was checked by its shape."""
    for _ in range(_ATTEMPTS):
        item = Subscriber.get(workspace_id, subscriber_id=sent["subscriberId"])
        try:
            if item is None:
                item = Subscriber.new(workspace_id, id=names.new_id(), subscriber_id=sent["subscriberId"])
                _take_over(item, sent)
                sizes.check(item)
                item.insert([item.listed()])
                is_new = True
            else:
                is_new = False
                _update(item, sent)
        except (AlreadyExists, VersionConflict):
            continue
        for channel in sent.get("channels") or ():
            item = put_credentials(workspace_id, item.subscriber_id, channel, appends=False)
        return item, is_new
    raise VersionConflict("the subscriber keeps changing; try again")


def take_in(workspace_id: str, sent: dict[str, Any]) -> Subscriber | None:
    """Make or update the subscriber an event names; what cannot be stored of someone keeps nobody from hearing.

    Raises Unavailable while others keep changing that one.
    """
    try:
        return upsert(workspace_id, sent)[0]
    except VersionConflict as error:
        raise Unavailable("the subscriber keeps changing") from error
    except (InvalidInput, TooLarge):
        return get(workspace_id, sent["subscriberId"])


def modify(workspace_id: str, subscriber_id: str, change: Any) -> Subscriber:
    """Change a subscriber that is there. Raises NotFound, VersionConflict when others keep changing it."""
    for _ in range(_ATTEMPTS):
        item = find(workspace_id, subscriber_id)
        change(item)
        sizes.check(item)
        try:
            return item.save()
        except VersionConflict:
            continue
    raise VersionConflict("the subscriber keeps changing; try again")


def _update(item: Subscriber, sent: dict[str, Any]) -> None:
    before = {name: getattr(item, name) for name in _FIELDS.values()}
    _take_over(item, sent)
    sizes.check(item)
    if item.deleted:  # revived
        item.deleted = False
        read_revision, item.revision, item.updated_at = item.revision, item.revision + 1, clock.now_ms()
        try:
            transact([item.change_if(PRESENT & eq("rev", read_revision)), item.listed()], ids.secret_text(24))
        except TransactionFailed:
            raise VersionConflict("the subscriber changed meanwhile") from None
    elif before != {name: getattr(item, name) for name in _FIELDS.values()}:
        item.save()


def _take_over(item: Subscriber, sent: dict[str, Any]) -> None:
    for wire, name in _FIELDS.items():
        value = sent.get(wire)
        if value is not None:
            setattr(item, name, value if value != "" or name != "email" else None)


def view(item: Subscriber) -> dict[str, Any]:
    """Render a subscriber."""
    shown = filled(
        {
            "_id": item.id,
            "subscriberId": item.subscriber_id,
            "firstName": item.first_name,
            "lastName": item.last_name,
            "phone": item.phone,
            "avatar": item.avatar,
            "locale": item.locale,
            "channels": item.channels,
            "isOnline": item.is_online,
            "lastOnlineAt": iso(item.last_online_at),
            "_organizationId": names.organization_id(item.workspace_id),
            "_environmentId": names.environment_id(item.workspace_id),
            "deleted": item.deleted,
            "createdAt": iso(item.inserted_at),
            "updatedAt": iso(item.updated_at),
            "__v": 0,
        }
    )
    return {**shown, "email": item.email, "data": item.data}

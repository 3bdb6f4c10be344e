"""The forwarding URL of a workspace: where deliveries without a URL of their own go, and whole triggers.

A trigger that is listed has a subscription of nobody's (see Subscription.is_forwarding). It stays silent wherever a
user's subscription without a URL brings the same occurrence to the forwarding URL already.
"""

from __future__ import annotations

from typing import Any

from chalicelib.adapters import http_client
from chalicelib.connectors import public as connectors
from chalicelib.core import ids
from chalicelib.core.cache import Cached
from chalicelib.core.call import Call
from chalicelib.core.errors import AddressRefused, AlreadyExists, InvalidInput, NotFound, VersionConflict
from chalicelib.subscriptions import models, secrets, signatures
from chalicelib.subscriptions.models import Forwarding, Subscription
from chalicelib.subscriptions.rules.deliveries import SubscriptionState

ID = "forwarding"
MAX_TRIGGERS = 200
_ATTEMPTS = 5
_kept: Cached[Forwarding] = Cached(5)


def find(workspace_id: str) -> Forwarding:
    """Read the forwarding of a workspace; one that was never set has no URL."""
    return Forwarding.get(workspace_id) or Forwarding.new(workspace_id, id=ID)


def cached(workspace_id: str) -> Forwarding | None:
    """Read it, up to 5 s old."""
    return _kept.get(workspace_id, lambda: Forwarding.get(workspace_id))


def signing_key(target: Forwarding) -> bytes:
    """Give the key that signs for the forwarding URL."""
    return secrets.key_of(target.workspace_id, ID, target.secret)


def read(call: Call) -> dict[str, Any]:
    """Show the forwarding of the workspace, with the secret its deliveries are signed with."""
    return _shown(find(call.workspace_id))


def replace(call: Call) -> dict[str, Any]:
    """Set URL and triggers; what is not sent stays. Raises InvalidInput, NotFound for an unknown trigger.

    Listed triggers that their receiver had disabled are forwarded again.
    """
    sent = call.body.fields()
    if sent.get("url") is not None:
        check_url(sent["url"])
    listed = [_resolved(call.workspace_id, one) for one in sent.get("triggers") or []]
    for attempt in range(1, _ATTEMPTS + 1):
        stored = Forwarding.get(call.workspace_id)
        target = stored or Forwarding.new(call.workspace_id, id=ID)
        try:
            _replace(target, sent, listed, is_new=stored is None)
            break
        except (AlreadyExists, VersionConflict):  # somebody else set it meanwhile: the last one's wish stands
            if attempt == _ATTEMPTS:
                raise
    _kept.forget()
    for item in _items(target):
        if item.state is SubscriptionState.DISABLED:
            models.switch(item, SubscriptionState.ACTIVE, None)
    return _shown(target)


def _replace(target: Forwarding, sent: dict[str, Any], listed: list[dict[str, str]], *, is_new: bool) -> None:
    if not target.secret:
        target.secret = secrets.seal_secret(target.workspace_id, ID, signatures.new_secret())
    if "triggers" in sent:
        _adjust(target.workspace_id, target.triggers, listed)
        target.triggers = listed
    if "url" in sent:
        target.url = sent["url"]
    if is_new:
        target.insert()
    else:
        target.save()


def check_url(url: str) -> None:
    """Check an address to deliver to. Raises InvalidInput."""
    try:
        http_client.check_url(url)
    except AddressRefused as error:
        raise InvalidInput.at("body.url", error.message, "address") from error
    except InvalidInput as error:
        raise InvalidInput.at("body.url", error.faults[0].message if error.faults else error.message, "url") from error


def _resolved(workspace_id: str, one: Any) -> dict[str, str]:
    service = connectors.find_service(workspace_id, one.service)
    trigger = connectors.find_component(service, "trigger", one.trigger)
    return {
        "service": service.name,
        "trigger": trigger.name,
        "service_id": service.id,
        "trigger_id": trigger.id,
        "platform": service.platform_id,
    }


def _adjust(workspace_id: str, before: list[dict[str, str]], after: list[dict[str, str]]) -> None:
    """Give every listed trigger its subscription of nobody's, and end those of the others. A repeat is harmless."""
    if len(after) > MAX_TRIGGERS:
        raise InvalidInput.at("body.triggers", f"may list at most {MAX_TRIGGERS}", "too_many")
    wanted = {one["trigger_id"]: one for one in after}
    for one in wanted.values():
        _subscribe(workspace_id, one)
    for one in before:
        if one["trigger_id"] not in wanted:
            item = Subscription.get(workspace_id, id=_id_for(workspace_id, one["trigger_id"]))
            if item is not None:
                _end(item)


def _subscribe(workspace_id: str, one: dict[str, str]) -> None:
    subscription_id = _id_for(workspace_id, one["trigger_id"])
    if Subscription.get(workspace_id, id=subscription_id) is not None:
        return
    item = Subscription.new(
        workspace_id,
        id=subscription_id,
        user_id="",
        user_key="",
        secret=secrets.seal_secret(workspace_id, subscription_id, signatures.new_secret()),
        shard=models.choose_shard(workspace_id, one["trigger_id"], subscription_id, is_forwarded=True),
        **one,
    )
    models.insert_subscription(item, None)


def _end(item: Subscription) -> None:
    try:
        models.remove_subscription(item)
    except NotFound:
        return


def _items(target: Forwarding) -> list[Subscription]:
    names = [_id_for(target.workspace_id, one["trigger_id"]) for one in target.triggers]
    return models.subscriptions_of_ids(target.workspace_id, names)


def _id_for(workspace_id: str, trigger_id: str) -> str:
    return ids.derived_uuid(workspace_id, "forwarding", trigger_id, "")


def _shown(target: Forwarding) -> dict[str, Any]:
    secret = secrets.open_secret(target.workspace_id, ID, target.secret) if target.secret else None
    disabled = {
        item.trigger_id: {"state": item.state.value, "disabledReason": item.reason}
        for item in _items(target)
        if item.state is SubscriptionState.DISABLED
    }
    triggers = [
        {"service": one["service"], "trigger": one["trigger"], **disabled.get(one["trigger_id"], {})}
        for one in target.triggers
    ]
    return {"url": target.url, "triggers": triggers, "secret": secret}

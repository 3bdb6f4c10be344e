"""Subscriptions: made, shown, and kept by their owners. Another user's are absent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from chalicelib.adapters import logs, queue
from chalicelib.connectors import public as connectors
from chalicelib.connectors.public import Component, Service, ServiceVersion
from chalicelib.core import clock, ids
from chalicelib.core.call import Call, usable_text
from chalicelib.core.config import settings
from chalicelib.core.errors import Forbidden, InvalidInput, LimitReached, NotFound, TooLarge, Unavailable
from chalicelib.credentials import public as credentials
from chalicelib.credentials.public import Credential
from chalicelib.edge.resource import page_of
from chalicelib.identity import public as identity
from chalicelib.identity.public import User
from chalicelib.storage.expressions import Row
from chalicelib.storage.tables import WORK
from chalicelib.subscriptions import forwarding, hooks, models, queues, renewals, secrets, signatures
from chalicelib.subscriptions.hooks import Occasion
from chalicelib.subscriptions.models import Subscription
from chalicelib.subscriptions.rules import routing
from chalicelib.subscriptions.rules.deliveries import SubscriptionState
from chalicelib.subscriptions.rules.renewals import renewal_of

MAX_VARIABLES_BYTES = 100_000


@dataclass(frozen=True)
class Wish:
    """What a caller asks for, checked."""

    user: User
    service: Service
    version: ServiceVersion | None
    is_version_named: bool
    trigger: Component
    url: str | None
    variables: dict[str, Any]
    credential: Credential | None
    automation_id: str | None = None
    feeds: str | None = None

    @property
    def version_id(self) -> str | None:
        """The version asked for; without one, deliveries follow the service's default."""
        return self.version.id if self.version is not None and self.is_version_named else None


# --- made -----------------------------------------------------------------------------------------------------


def create_for_trigger(call: Call) -> dict[str, Any]:
    """Subscribe a user to the trigger in the path; without a URL deliveries go to the forwarding URL."""
    user = _user(call)
    service = connectors.find_service(call.workspace_id, call.path["service_id"])
    if call.body.url is None and forwarding.find(call.workspace_id).url is None:
        raise InvalidInput.at("body.url", "is required, because no forwarding URL is set", "missing")
    credential_id = call.query.get("userCredentialId")
    if credential_id is not None:
        usable_text(credential_id, "query.userCredentialId")
    return _create(call, _wish(call, user, service, call.path["trigger_id"], None, credential_id))


def create(call: Call) -> dict[str, Any]:
    """Subscribe a user to the trigger the body names."""
    user, body = _user(call), call.body
    service = connectors.find_service(call.workspace_id, body.service, body.platform)
    return _create(call, _wish(call, user, service, body.trigger, body.service_version, body.user_credential_id))


def _wish(
    call: Call, user: User, service: Service, trigger_name: str, version_name: str | None, credential_id: str | None
) -> Wish:
    if not service.enabled:
        raise Forbidden("this service is switched off")
    version = connectors.find_version(service, version_name)
    trigger = connectors.find_component(service, "trigger", trigger_name, within=version)
    if call.body.url is not None:
        forwarding.check_url(call.body.url)
    variables = call.body.variables or {}
    if len(orjson.dumps(variables)) > MAX_VARIABLES_BYTES:
        raise TooLarge(f"variables may have at most {MAX_VARIABLES_BYTES} bytes")
    connectors.validate_variables(trigger, variables, "body.variables")
    credential = credentials.credential_for(
        call.workspace_id, service, version, user.id, credential_id, required=credential_id is not None
    )
    is_named = version_name is not None
    return Wish(user, service, version, is_named, trigger, call.body.url, variables, credential)


def _create(call: Call, wish: Wish) -> dict[str, Any]:
    return _made(ensure(call.workspace_id, wish, call.user_id))


def ensure(workspace_id: str, wish: Wish, by: str | None) -> Subscription:
    """Run the `create` hook, then store; one that is there already is answered as it is.

    The id is derived from what is asked for. A crash between hook and rows is repaired by asking again: the hook
    sees the same id. Raises LimitReached when the trigger has as many as it may.
    """
    subscription_id = _id_of(workspace_id, wish)
    present = Subscription.get(workspace_id, id=subscription_id)
    if present is not None:
        return present
    _check_room(workspace_id, wish.trigger.id)
    connectors.note_use(wish.service)
    stored = _run_create_hook(workspace_id, subscription_id, wish)
    item = _new_item(workspace_id, by, subscription_id, wish, stored)
    timer = renewals.first(item)
    if not models.insert_subscription(item, _poll_row(item, wish.trigger), timer):
        return Subscription.find(workspace_id, id=subscription_id)
    if item.is_polled:
        _start_polling(item)
    renewals.bring(item, timer)
    return item


def _check_room(workspace_id: str, trigger_id: str) -> None:
    """See that a trigger may have one more, before its hook makes anything at a third party. Raises LimitReached.

    Those that are being made at this moment are not in the number: the limit may be passed by as many.
    """
    most = settings().subscriptions_per_trigger
    if most and models.number_of(workspace_id, trigger_id) >= most:
        reason = f"a trigger may have {most} subscriptions of a workspace; delete one first"
        raise LimitReached(reason, details={"limit": most, "triggerId": trigger_id})


def _new_item(workspace_id: str, by: str | None, subscription_id: str, wish: Wish, stored: Any) -> Subscription:
    is_forwarded = wish.url is None and wish.automation_id is None
    return Subscription.new(
        workspace_id,
        by=by,
        id=subscription_id,
        user_id=wish.user.id,
        user_key=wish.user.user_id,
        service_id=wish.service.id,
        service=wish.service.name,
        platform=wish.service.platform_id,
        trigger_id=wish.trigger.id,
        trigger=wish.trigger.name,
        version=wish.version_id,
        version_name=wish.version.name if wish.version is not None and wish.is_version_named else None,
        credential_id=None if wish.credential is None else wish.credential.id,
        url=wish.url,
        variables=wish.variables,
        secret=secrets.seal_secret(workspace_id, subscription_id, signatures.new_secret()),
        stored=secrets.seal_stored(workspace_id, subscription_id, stored),
        renewal=renewal_of(stored, clock.now_ms()),
        shard=models.choose_shard(workspace_id, wish.trigger.id, subscription_id, is_forwarded=is_forwarded),
        is_polled=connectors.has_hook(wish.trigger, "poll"),
        automation_id=wish.automation_id,
        feeds=wish.feeds,
    )


def _id_of(workspace_id: str, wish: Wish) -> str:
    token = None if wish.credential is None else wish.credential.id
    what = [token, wish.url, wish.version_id, wish.variables]
    what += [] if wish.automation_id is None else [wish.automation_id]
    same = orjson.dumps(what, option=orjson.OPT_SORT_KEYS).decode()
    return ids.derived_uuid(workspace_id, "subscription", f"{wish.user.id}|{wish.service.id}|{wish.trigger.id}", same)


def _run_create_hook(workspace_id: str, subscription_id: str, wish: Wish) -> Any:
    occasion = Occasion(
        workspace_id, subscription_id, wish.service, wish.version, wish.trigger, wish.variables, wish.credential
    )
    return hooks.create(occasion, seed=subscription_id)


def _poll_row(item: Subscription, trigger: Component) -> Row | None:
    if not item.is_polled:
        return None
    every_s = routing.poll_interval_s(trigger.config, trigger.setting, trigger.json_schema)
    return models.poll_row(item.workspace_id, item.id, clock.now_ms(), every_s)


def _start_polling(item: Subscription) -> None:
    try:
        queue.send(queues.POLL, {"w": item.workspace_id, "s": item.id})
    except Unavailable:
        logs.log("poll.late", level="WARNING", subscriptionId=item.id)  # the due index brings it


def _made(item: Subscription) -> dict[str, Any]:
    return {"id": item.id, "secret": secrets.open_secret(item.workspace_id, item.id, item.secret)}


# --- shown ----------------------------------------------------------------------------------------------------


def list_of_user(call: Call) -> list[Subscription]:
    """List a user's subscriptions in order of insertion."""
    user = _user(call)
    names = [row["sk"] for row in models.user_rows(call.workspace_id, user.id)]
    items = models.subscriptions_of_ids(call.workspace_id, names)
    items = [item for item in items if item.automation_id is None]
    return page_of(call, sorted(items, key=lambda item: (item.inserted_at, item.id)))


def find_own(call: Call) -> Subscription:
    """Find the subscription the path names, of the user the query names. Raises NotFound."""
    user = _user(call)
    item = Subscription.get(call.workspace_id, id=call.path["subscription_id"])
    if item is None or item.user_id != user.id or item.automation_id is not None:
        raise NotFound("no such subscription")
    return item


def read(call: Call) -> dict[str, Any]:
    """Show one subscription, with the health of its endpoint, of its poll, and of a webhook that expires."""
    from chalicelib.subscriptions.schemas import SubscriptionOut  # heavy: workers never show any

    item = find_own(call)
    shown = SubscriptionOut.of(item)
    health = item.health
    shown["health"] = {
        "failuresInRow": health.fails,
        "pausedUntil": clock.iso_seconds(health.open_until_ms) if health.is_open(clock.now_ms()) else None,
        "failingSince": clock.iso_seconds(health.failing_since_ms) if health.failing_since_ms else None,
    }
    if item.is_polled:
        row = WORK.get(models.poll_key(item.workspace_id, item.id)) or {}
        next_at = clock.iso_seconds(row["due"]) if "due" in row else None
        shown["poll"] = {
            "everySeconds": row.get("every"),
            "failuresInRow": row.get("errors", 0),
            "error": row.get("err"),
            "nextAt": next_at,
        }
    if item.renewal is not None:
        shown["renewal"] = {
            "expiresAt": clock.iso_seconds(item.renewal.expires_ms),
            "failuresInRow": item.renewal.errors,
            "error": item.renewal.error,
        }
    return shown


# --- kept -----------------------------------------------------------------------------------------------------


def read_secret(call: Call) -> dict[str, Any]:
    """Show the secret that deliveries are signed with."""
    item = find_own(call)
    return {"secret": secrets.open_secret(item.workspace_id, item.id, item.secret)}


def rotate_secret(call: Call) -> dict[str, Any]:
    """Replace the signing secret; for a day the old one signs along.

    A repeat under the same idempotency key, after a crash before the answer, gives the secret that was made then: a
    third one would end the one that receivers know.
    """
    item, secret = find_own(call), signatures.new_secret()
    rotation = None if call.idempotency_key is None else call.new_id("rotation")
    if rotation is not None and item.rotation == rotation:
        return {"secret": secrets.open_secret(item.workspace_id, item.id, item.secret)}
    item.change(
        rotation=rotation,
        secret=secrets.seal_secret(item.workspace_id, item.id, secret),
        old_secret=item.secret,
        old_secret_until=clock.now_ms() + signatures.OVERLAP_MS,
    )
    return {"secret": secret}


def enable(call: Call) -> Subscription:
    """Make a disabled subscription active again; only events from now on count."""
    item = find_own(call)
    if item.state is SubscriptionState.DISABLED:
        if not models.switch(item, SubscriptionState.ACTIVE, None):
            raise NotFound("no such subscription")
        renewals.bring_now(item)
    return item


def _user(call: Call) -> User:
    return identity.find_user(call.workspace_id, call.required_query("userId"))

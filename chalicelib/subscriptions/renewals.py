"""Webhooks at third parties that expire: renewed in time, by running the trigger's `create` hook again.

When the webhook ends stands in what `create` returned (`expiresAt`); when to renew it is a due time of the
subscription itself. The renewal takes the subscription (rule R2), runs the hook, which sees what it returned last, and
stores what it returns now together with the next due time, in one write that names its fence. A crash before that runs
the hook again. A subscription that ended meanwhile gets a tombstone with the new webhook, so that its `delete` hook
takes that one down.

Failures are counted on the subscription, for its owner to see, and tried again; five days after the webhook ended the
subscription is disabled.
"""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.adapters import logs, queue
from chalicelib.connectors import public as connectors
from chalicelib.core import clock, figures
from chalicelib.core.errors import PlatformError, QuotaExceeded, Unavailable
from chalicelib.credentials import public as credentials
from chalicelib.durable import due, leases
from chalicelib.durable.leases import Lease, LeaseLost, NotTaken
from chalicelib.edge.worker import Message
from chalicelib.storage.expressions import Change, Exists, Row, eq
from chalicelib.storage.tables import DELIVERY
from chalicelib.subscriptions import hooks, models, queues, secrets
from chalicelib.subscriptions.hooks import Occasion
from chalicelib.subscriptions.models import Subscription
from chalicelib.subscriptions.rules import renewals as rules
from chalicelib.subscriptions.rules.deliveries import SubscriptionState
from chalicelib.subscriptions.rules.renewals import Renewal

LEASE_MS = 60_000
REST_MS = 900_000  # between looks at a subscription whose service is switched off
REASON = "renewal"
_MAX_REASON = 500


@dataclass(frozen=True)
class Made:
    """What the hook made: what it wants kept, sealed, and until when that holds; None: it expires no more."""

    sealed: str | None
    renewal: Renewal | None


def first(item: Subscription) -> due.Timer | None:
    """Say when a new subscription's webhook is to be renewed, if ever."""
    if item.renewal is None:
        return None
    return _timer(item, rules.renew_at_ms(item.renewal.expires_ms, clock.now_ms()))


def bring(item: Subscription, timer: due.Timer | None) -> None:
    """Send the message of a renewal that is near; the due index stands behind it."""
    if timer is None or not timer.is_direct:
        return
    delay_s = max(0, -(-(timer.due_ms - clock.now_ms()) // 1000))
    try:
        queue.send(queues.RETRY, models.renewal_message(item.workspace_id, item.id), delay_s)
    except Unavailable:
        logs.log("renewal.late", level="WARNING", subscriptionId=item.id)


def bring_now(item: Subscription) -> None:
    """Have a subscription that was enabled again renew its webhook."""
    if item.renewal is not None:
        bring(item, _timer(item, clock.now_ms()))


def renew(message: Message) -> None:
    """Renew the webhook of the subscription that a message is about. Raises LeaseLost, Unavailable."""
    key, now_ms = Subscription.key(message.body["w"], id=message.body["s"]), clock.now_ms()
    lease = leases.take(DELIVERY, key, now_ms, LEASE_MS, when=Exists("due"))
    if isinstance(lease, NotTaken):
        hide_s = lease.hide_s(now_ms)
        if hide_s is not None:
            message.again(hide_s)
        return
    item = Subscription.from_row(lease.row)
    if item.state is SubscriptionState.DISABLED:
        _let_go(item, lease, None, item.renewal)  # its owner brings it back by enabling the subscription
        return
    try:
        made = _made(item)
    except Unavailable:
        leases.release(DELIVERY, lease)
        raise
    except QuotaExceeded as error:
        _let_go(item, lease, clock.now_ms() + error.pause_s * 1000, item.renewal)
        return
    except PlatformError as error:
        _failed(item, lease, error)
        return
    if made is None:
        _let_go(item, lease, clock.now_ms() + REST_MS, item.renewal)
    else:
        _commit(item, lease, made)


def _made(item: Subscription) -> Made | None:
    """Run the hook; None while the service is switched off."""
    found = connectors.definition(item.workspace_id, item.service_id, "trigger", item.trigger_id, item.version)
    if not found.service.enabled:
        return None
    if not connectors.has_hook(found.component, hooks.CREATE):
        return Made(item.stored, None)
    credential = credentials.credential_for(
        item.workspace_id, found.service, found.version, item.user_id, item.credential_id, required=False
    )
    occasion = Occasion(
        item.workspace_id,
        item.id,
        found.service,
        found.version,
        found.component,
        item.variables,
        credential,
        secrets.open_stored(item.workspace_id, item.id, item.stored),
    )
    value = hooks.create(occasion, seed=f"{item.id}|{item.stored_no}")
    return Made(secrets.seal_stored(item.workspace_id, item.id, value), rules.renewal_of(value, clock.now_ms()))


def _commit(item: Subscription, lease: Lease, made: Made) -> None:
    item.stored, item.renewal, item.stored_no = made.sealed, made.renewal, item.stored_no + 1
    timer = first(item)
    try:
        _write(item, lease, item.kept(), timer)
    except LeaseLost as lost:
        if lost.row is not None and lost.row.get("i") == item.inserted_at:
            raise
        _end_again(item)
        return
    logs.log("renewal.done", workspace=item.workspace_id, subscriptionId=item.id)
    bring(item, timer)


def _end_again(item: Subscription) -> None:
    """The subscription ended while its webhook was renewed: have its `delete` hook see the new one."""
    row = DELIVERY.get(models.ended_key(item.workspace_id, item.id, item.inserted_at)) or {}
    DELIVERY.put(models.tombstone(item, row.get("cred") or secrets.sealed_credential(item)))
    queue.send(queues.RETRY, models.ended_message(item.workspace_id, item.id, item.inserted_at))


def _failed(item: Subscription, lease: Lease, error: PlatformError) -> None:
    reason, now_ms = f"{type(error).__name__}: {error.message}"[:_MAX_REASON], clock.now_ms()
    renewal = (item.renewal or Renewal(now_ms)).failed(reason)
    about = {"workspace": item.workspace_id, "subscriptionId": item.id, "reason": reason}
    logs.log("renewal.failed", level="ERROR" if renewal.expires_ms <= now_ms else "WARNING", **about)
    if not renewal.is_hopeless(now_ms):
        _let_go(item, lease, rules.retry_at_ms(renewal.errors, now_ms), renewal)
        return
    if models.switch(item, SubscriptionState.DISABLED, REASON):
        figures.add("DisabledEndpoints")
        logs.log("subscription.disabled", level="WARNING", **about)
    _let_go(item, lease, None, renewal)


def _let_go(item: Subscription, lease: Lease, due_ms: int | None, renewal: Renewal | None) -> None:
    """Give the subscription back as it was, with the next time to look at it."""
    timer = None if due_ms is None else _timer(item, due_ms)
    _write(item, lease, {} if renewal is None else {"rn": renewal.stored()}, timer)
    bring(item, timer)


def _write(item: Subscription, lease: Lease, put: Row, timer: due.Timer | None) -> None:
    """Change the subscription and give it back, unless it was taken over, or ended and made again. Raises LeaseLost."""
    put = {**put, "until": leases.FREE, **({} if timer is None else timer.attributes)}
    absent = tuple(name for name, value in put.items() if value is None)
    put = {name: value for name, value in put.items() if value is not None}
    change = Change(put=put, remove=(*absent, *(due.ATTRIBUTES if timer is None else ())))
    is_same = leases.fenced(lease) & eq("i", item.inserted_at)
    leases.write(DELIVERY, lease, change, is_same, lambda _: False)


def _timer(item: Subscription, due_ms: int) -> due.Timer:
    return due.at(models.DELIVERY_DUE, item.own_key(), due_ms, clock.now_ms())

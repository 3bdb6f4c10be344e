"""Polls: what a trigger's `poll` hook fetches becomes events of one subscription. No gap, no double.

Each poll is taken (rule R2), runs the hook once from the cursor that stands, stores one event per record under an id
derived from the record, sends them, and then moves the cursor. A crash before that repeats the page; the ids make
the repeat harmless.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import orjson

from chalicelib.adapters import logs, queue
from chalicelib.adapters.queue import Letter
from chalicelib.connectors import public as connectors
from chalicelib.connectors.public import HookRun
from chalicelib.core import clock, ids
from chalicelib.core.errors import InvalidInput, NotFound, PlatformError, QuotaExceeded, Unavailable
from chalicelib.credentials import public as credentials
from chalicelib.durable import cursor, due, ingest, leases
from chalicelib.durable.leases import Lease, LeaseLost, NotTaken
from chalicelib.edge.worker import Batch, Message, backoff_s
from chalicelib.storage.expressions import Change
from chalicelib.storage.tables import WORK
from chalicelib.subscriptions import events, models, queues
from chalicelib.subscriptions.models import Subscription
from chalicelib.subscriptions.rules import routing
from chalicelib.subscriptions.rules.deliveries import SubscriptionState

LEASE_MS = 60_000
REST_S = 900  # between looks at a subscription that is disabled, or whose service is switched off
MAX_RECORDS = 1_000
SKEW_MS = 60_000
_MAX_REASON = 500


@dataclass(frozen=True)
class Fetched:
    """What the hook answered. `emits` says that also a first poll's records are wanted."""

    records: list[Any]
    cursor: Any
    more: bool
    emits: bool


def poll(batch: Batch) -> None:
    """Run the polls of a batch, each for itself."""
    for message in batch.messages:
        try:
            _poll(message)
        except LeaseLost:
            continue
        except Unavailable:
            message.wait(backoff_s(message.receives))


def _poll(message: Message) -> None:
    workspace_id, subscription_id = message.body["w"], message.body["s"]
    key, now_ms = models.poll_key(workspace_id, subscription_id), clock.now_ms()
    lease = leases.take(WORK, key, now_ms, LEASE_MS)
    if isinstance(lease, NotTaken):
        hide_s = lease.hide_s(now_ms)
        if hide_s is not None:
            message.wait(hide_s)
        return
    item = Subscription.get(workspace_id, id=subscription_id)
    if item is None:
        WORK.delete(key)
        return
    try:
        fetched = _fetch(item, lease)
    except Unavailable:
        leases.release(WORK, lease)
        raise
    except QuotaExceeded as error:
        _let_go(item, lease, error.pause_s, {"err": error.message[:_MAX_REASON]})
        return
    except PlatformError as error:
        _back_off(item, lease, error)
        return
    if fetched is None:
        _rest(item, lease)
        return
    if not lease.row.get("fresh") or fetched.emits:
        _emit(item, lease, fetched.records)
    _commit(item, lease, fetched)


def _fetch(item: Subscription, lease: Lease) -> Fetched | None:
    """Run the hook; None while nothing is to be polled."""
    found = connectors.definition(item.workspace_id, item.service_id, "trigger", item.trigger_id, item.version)
    if item.state is SubscriptionState.DISABLED or not found.service.enabled:
        return None
    credential = credentials.credential_for(
        item.workspace_id, found.service, found.version, item.user_id, item.credential_id, required=False
    )
    run = HookRun(
        item.workspace_id,
        found.service,
        found.component,
        "poll",
        {"cursor": orjson.loads(lease.row.get("cur", "null")), "variables": item.variables},
        credential=credential,
        version=found.version,
    )
    value = connectors.run_hook(run).value
    return _read(value, bool(item.variables.get("includeExisting")))


def _read(value: Any, is_wanted: bool) -> Fetched:
    if not isinstance(value, dict) or not isinstance(value.get("records", []), list):
        raise InvalidInput.at("poll", "must answer {records: [...], cursor, more}", "type")
    records = value.get("records", [])
    if len(records) > MAX_RECORDS:
        raise InvalidInput.at("poll.records", f"may hold at most {MAX_RECORDS} a page", "too_many")
    return Fetched(records, value.get("cursor"), bool(value.get("more")), is_wanted or value.get("emit") is True)


def _emit(item: Subscription, lease: Lease, records: list[Any]) -> None:
    """Store an event per record and send it to this subscription. What was stored before the last move of the cursor
    was sent then."""
    settled_ms, letters = lease.row.get("moved", 0) - SKEW_MS, []
    for record in records:
        event_id = ids.derived_id(item.workspace_id, "record", item.id, _record_id(record))
        row = events.new_row(item.workspace_id, event_id, item.service_id, None, {"record": record})
        stored = ingest.store(WORK, row, clock.now_s())
        body = {"w": item.workspace_id, "ev": event_id, "s": item.id, "i": item.inserted_at}
        body |= {} if item.automation_id is None else {"a": item.automation_id}
        if stored.outcome is ingest.Outcome.NEW:
            letters.append(Letter(body))
        elif stored.row["at"] >= settled_ms:
            letters.append(Letter({**body, "r": 1}))
    queue.send_many(item.feeds or queues.DELIVER, letters)


def _record_id(record: Any) -> str:
    if isinstance(record, dict) and isinstance(record.get("id"), str | int):
        return f"id:{record['id']}"
    return "hash:" + hashlib.sha256(orjson.dumps(record, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _commit(item: Subscription, lease: Lease, fetched: Fetched) -> None:
    wait_s = 0 if fetched.more else int(lease.row["every"])
    put = {"errors": 0, "moved": clock.now_ms(), "fresh": _stays_silent(lease, fetched)}
    timer = _timer(item, wait_s)
    change = Change(put=put | timer.attributes, remove=("err",))
    cursor.advance(WORK, lease, orjson.dumps(fetched.cursor).decode(), change=change)
    _send(item, timer)


def _stays_silent(lease: Lease, fetched: Fetched) -> bool:
    """Say whether the next page still belongs to a first poll whose records nobody wanted."""
    return bool(lease.row.get("fresh")) and fetched.more and not fetched.emits


def _back_off(item: Subscription, lease: Lease, error: PlatformError) -> None:
    errors = int(lease.row.get("errors", 0)) + 1
    reason = f"{type(error).__name__}: {error.message}"[:_MAX_REASON]
    logs.log("poll.failed", level="WARNING", workspace=item.workspace_id, subscriptionId=item.id, reason=reason)
    wait_s = routing.poll_pause_s(int(lease.row["every"]), errors)
    if isinstance(error, NotFound):
        wait_s = max(wait_s, REST_S)
    _let_go(item, lease, wait_s, {"errors": errors, "err": reason})


def _rest(item: Subscription, lease: Lease) -> None:
    _let_go(item, lease, REST_S, {})


def _let_go(item: Subscription, lease: Lease, wait_s: int, put: dict[str, Any]) -> None:
    timer = _timer(item, wait_s)
    change = Change(put={"until": leases.FREE, **put, **timer.attributes})
    leases.write(WORK, lease, change, leases.fenced(lease), lambda row: row.get("until") == leases.FREE)
    _send(item, timer)


def _timer(item: Subscription, wait_s: int) -> due.Timer:
    now_ms = clock.now_ms()
    return due.at(models.POLL_DUE, models.poll_key(item.workspace_id, item.id), now_ms + wait_s * 1000, now_ms)


def _send(item: Subscription, timer: due.Timer) -> None:
    """Send the next look directly when it is near; the due index stands behind it."""
    if not timer.is_direct:
        return
    delay_s = max(0, -(-(timer.due_ms - clock.now_ms()) // 1000))
    try:
        queue.send(queues.POLL, {"w": item.workspace_id, "s": item.id}, delay_s)
    except Unavailable:
        logs.log("poll.late", level="WARNING", subscriptionId=item.id)

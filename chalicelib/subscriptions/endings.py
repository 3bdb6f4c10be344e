"""The end of subscriptions: out of reach within 5 s, then their `delete` hook, tried until it ran or is refused."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from typing import Any

from chalicelib.adapters import logs, queue
from chalicelib.connectors import public as connectors
from chalicelib.connectors.public import Definition
from chalicelib.core import clock
from chalicelib.core.call import Call
from chalicelib.core.errors import NotFound, PlatformError, QuotaExceeded, Unavailable
from chalicelib.credentials import public as credentials
from chalicelib.credentials.public import Credential
from chalicelib.durable import due, fences
from chalicelib.storage.expressions import PRESENT, Change, Row
from chalicelib.storage.table import ConditionFailed, Key
from chalicelib.storage.tables import DELIVERY
from chalicelib.subscriptions import hooks, models, queues, secrets, subscriptions
from chalicelib.subscriptions.hooks import Occasion
from chalicelib.subscriptions.models import Subscription

PAGE = 25
DELIVERIES_PAGE = 250
_SHARDS = [*map(str, range(models.SHARDS)), "f"]


def delete(call: Call) -> None:
    """End the subscription the path names. Raises NotFound, a second time included."""
    end(subscriptions.find_own(call))


def end(item: Subscription) -> None:
    """End a subscription: after 5 s nothing is delivered any more; its `delete` hook runs later. Raises NotFound."""
    models.remove_subscription(item, secrets.sealed_credential(item))
    try:
        queue.send(queues.RETRY, models.ended_message(item.workspace_id, item.id, item.inserted_at))
    except Unavailable:
        logs.log("cleanup.late", level="WARNING", subscriptionId=item.id)  # the due index brings it


def clean_up(body: dict[str, Any]) -> None:
    """Remove what an ended subscription left, run its `delete` hook, remove its tombstone. Raises what may pass.

    What is refused for good is logged and the tombstone removed: the third party's side is then its owner's to clear.
    """
    key = models.ended_key(body["w"], body["s"], body["ended"])
    row = DELIVERY.get(key)
    if row is None or ("over" in row and row["due"] > clock.now_ms()):
        return
    item = Subscription.from_row(row)
    if not _clear_deliveries(item, row["over" if "over" in row else "due"]):
        queue.send(queues.RETRY, body)
        return
    try:
        if row["exp"] > clock.now_s():
            _run_delete_hook(item, row.get("cred"))
    except QuotaExceeded as error:
        _put_off(key, row, error.pause_s, body)
        return
    except PlatformError as error:
        if error.retryable:
            raise
        logs.log(
            "subscription.delete_hook_failed",
            level="ERROR",
            workspace=item.workspace_id,
            subscriptionId=item.id,
            reason=f"{type(error).__name__}: {error.message}",
        )
    with contextlib.suppress(ConditionFailed):  # else its webhook was renewed at the last moment: it comes again
        DELIVERY.delete(key, fences.stands_at("kn", item.stored_no))


def _put_off(key: Key, row: Row, pause_s: int, body: dict[str, Any]) -> None:
    """Let a tombstone wait until its workspace's scripts may run again; `over` keeps when its subscription ended."""
    now_ms = clock.now_ms()
    timer = due.at(models.DELIVERY_DUE, key, now_ms + pause_s * 1000, now_ms)
    with contextlib.suppress(ConditionFailed):
        DELIVERY.update(key, Change(put={"over": row.get("over", row["due"]), **timer.attributes}), PRESENT)
    if timer.is_direct:
        queue.send(queues.RETRY, body, pause_s)


def _clear_deliveries(item: Subscription, until_ms: int) -> bool:
    """Remove a page of its deliveries, but none of a subscription made again since; True when none is left."""
    page = models.deliveries_between(item.workspace_id, item.id, "0", f"{until_ms + 1:013d}", DELIVERIES_PAGE)
    DELIVERY.write_many(deletes=[Key(row["pk"], row["sk"]) for row in page.rows])
    return page.after is None


def _run_delete_hook(item: Subscription, sealed: str | None) -> None:
    if item.is_forwarding:
        return
    try:
        found = connectors.definition(
            item.workspace_id, item.service_id, "trigger", item.trigger_id, item.version, even_deleted=True
        )
    except NotFound:
        return  # service or trigger went first
    if not connectors.has_hook(found.component, hooks.DELETE):
        return
    occasion = Occasion(
        item.workspace_id,
        item.id,
        found.service,
        found.version,
        found.component,
        item.variables,
        _credential(item, found, sealed),
        secrets.open_stored(item.workspace_id, item.id, item.stored),
    )
    hooks.delete(occasion)


def _credential(item: Subscription, found: Definition, sealed: str | None) -> Credential | None:
    """Give the token as it is now, else as it was when the subscription ended: token or user may be gone since."""
    try:
        return credentials.credential_for(
            item.workspace_id, found.service, found.version, item.user_id, item.credential_id, required=False
        )
    except NotFound:
        return secrets.open_credential(item, sealed)


# --- cascades: each call ends a page, True when none is left ----------------------------------------------------


def of_user(workspace_id: str, user_id: str) -> bool:
    """End a page of a user's subscriptions."""
    return _end_rows(workspace_id, models.user_rows(workspace_id, user_id)[: PAGE + 1], "sk")


def of_token(workspace_id: str, user_id: str, token_id: str) -> bool:
    """End all subscriptions that use a token; they are few."""
    mine = [row for row in models.user_rows(workspace_id, user_id) if row["tok"] == token_id]
    for start in range(0, len(mine), PAGE):
        _end_rows(workspace_id, mine[start : start + PAGE], "sk")
    return True


def of_trigger(workspace_id: str, trigger_id: str, service_id: str) -> bool:
    """End a page of the subscriptions to a trigger. Another service's trigger may have the same id."""
    are_all_alone = True
    for shard in _SHARDS:
        marks: list[Key] = []
        after, is_alone = None, True
        while True:
            page = models.fan_out_page(workspace_id, trigger_id, shard, after, PAGE + 1)
            rows = [row for row in page.rows if not row["sk"].startswith(models.MARK)]
            marks += [Key(row["pk"], row["sk"]) for row in page.rows if row["sk"].startswith(models.MARK)]
            mine = [row for row in rows if row.get("svc", service_id) == service_id]
            if mine:
                _end_rows(workspace_id, mine, "s")
                return False
            is_alone = is_alone and not rows
            if page.after is None:
                break
            after = page.after.sk
        if is_alone:
            DELIVERY.write_many(deletes=marks)
        are_all_alone = are_all_alone and is_alone
    if are_all_alone:
        models.forget_number(workspace_id, trigger_id)
    return True


def of_service(workspace_id: str, service_id: str) -> bool:
    """End a page of the subscriptions to a service."""
    for directory in models.triggers_of_service(workspace_id, service_id):
        if not of_trigger(workspace_id, directory.sk, service_id):
            return False
        DELIVERY.delete(directory)
    return True


def _end_rows(workspace_id: str, rows: list[Row], name: str) -> bool:
    """End the subscriptions of these rows; rows that lead to nothing are removed. False when there may be more."""
    shown = rows[:PAGE]
    items = {item.id: item for item in models.subscriptions_of_ids(workspace_id, _names(shown, name))}
    DELIVERY.write_many(deletes=[Key(row["pk"], row["sk"]) for row in shown if row[name] not in items])
    for item in items.values():
        try:
            end(item)
        except NotFound:
            continue
    return len(rows) <= PAGE


def _names(rows: Iterable[Row], name: str) -> list[str]:
    return [row[name] for row in rows]

"""Enable and disable: an enabled automation is fed by its trigger, or called by a clock.

What feeds it is made first and the automation changed after, and the other way round when it ends, so that a crash
in between is repaired by asking again: a feed's id is derived from what is asked for.
"""

from __future__ import annotations

from typing import Any

from chalicelib.adapters import queue
from chalicelib.automations import loading, models, queues
from chalicelib.automations.models import Automation, Version
from chalicelib.automations.rules import cron
from chalicelib.core import clock
from chalicelib.core.call import Call
from chalicelib.core.errors import Conflict
from chalicelib.durable import due
from chalicelib.storage.tables import WORK
from chalicelib.subscriptions import public as subscriptions
from chalicelib.subscriptions.public import Feed


def enable(call: Call) -> Automation:
    """Let the trigger start the automation: its `create` hook runs. Raises Conflict without a published version."""
    from chalicelib.automations import automations

    item = automations.find_own(call)
    name = call.body.version or item.live_version
    if name is None:
        raise Conflict("publish a version first")
    version = loading.version_named(item.workspace_id, item.id, name)
    if not version.is_published:
        raise Conflict("this version is not published")
    _switch(item, version, call.user_id)
    return item


def disable(call: Call) -> Automation:
    """Let nothing start it any more: the trigger's `delete` hook runs. Executions under way go on."""
    from chalicelib.automations import automations

    item = automations.find_own(call)
    withdraw(item, call.user_id)
    return item


def go_live(item: Automation, version: Version, by: str | None) -> None:
    """Make a published version the one that runs."""
    if item.is_enabled:
        _switch(item, version, by)
    elif item.live_version != version.id:
        item.live_version = version.id
        item.save(by=by)
        loading.forget()


def withdraw(item: Automation, by: str | None = None) -> None:
    """Take an automation off its trigger or clock."""
    feed, is_scheduled = item.subscription, item.is_scheduled
    if item.is_enabled or feed or is_scheduled:
        item.is_enabled, item.subscription, item.is_scheduled = False, None, False
        item.save(by=by)
        loading.forget()
    if feed is not None:
        subscriptions.end_feed(item.workspace_id, feed)
    if is_scheduled:
        WORK.delete(models.schedule_key(item.workspace_id, item.id))


def _switch(item: Automation, version: Version, by: str | None) -> None:
    trigger = version.definition.get("trigger") or {}
    old_feed, was_scheduled = item.subscription, item.is_scheduled
    feed = _feed(item, trigger) if "service" in trigger else None
    is_scheduled = "cron" in trigger
    if is_scheduled:
        _schedule(item, trigger)
    item.is_enabled, item.live_version = True, version.id
    item.subscription, item.is_scheduled = feed, is_scheduled
    item.save(by=by)
    loading.forget()
    if old_feed not in (None, feed):
        subscriptions.end_feed(item.workspace_id, str(old_feed))
    if was_scheduled and not is_scheduled:
        WORK.delete(models.schedule_key(item.workspace_id, item.id))


def _feed(item: Automation, trigger: dict[str, Any]) -> str:
    feed = Feed(
        item.id,
        queues.START,
        item.user_id,
        trigger["service"],
        trigger["trigger"],
        trigger.get("serviceVersion"),
        trigger.get("userCredentialId"),
        trigger.get("variables", {}),
    )
    return subscriptions.feed_automation(item.workspace_id, feed)


def _schedule(item: Automation, trigger: dict[str, Any]) -> None:
    now_ms, zone = clock.now_ms(), trigger.get("timeZone", "UTC")
    plan = {"cron": trigger["cron"], "zone": zone, "input": trigger.get("input")}
    known = WORK.get(models.schedule_key(item.workspace_id, item.id))
    if known is not None and known["doc"] == plan:
        return
    row = models.schedule_row(item.workspace_id, item.id, plan, cron.next_ms(plan["cron"], zone, now_ms), now_ms)
    WORK.put(row)
    if row["due"] - now_ms <= due.DIRECT_MS:
        queue.send(queues.SCHEDULE, {"w": item.workspace_id, "a": item.id}, (row["due"] - now_ms) / 1000)

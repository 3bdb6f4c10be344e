"""Clocks: a schedule whose time has come starts one execution for that time, and says when it comes next.

Times missed while nothing ran are made good by one execution, for the first of them.
"""

from __future__ import annotations

from typing import Any

from chalicelib.adapters import logs, queue
from chalicelib.automations import loading, models, queues, starts
from chalicelib.automations.models import Automation
from chalicelib.automations.rules import cron
from chalicelib.core import clock
from chalicelib.core.errors import Conflict, NotFound, Unavailable
from chalicelib.durable import due, leases
from chalicelib.durable.leases import Lease, NotTaken
from chalicelib.storage.expressions import Change
from chalicelib.storage.tables import WORK

LEASE_MS = 60_000


def fire(body: dict[str, Any]) -> float | None:
    """Start what is due; answers after how many seconds the message is to come again, None when it is done."""
    workspace_id, automation_id = body["w"], body["a"]
    key, now_ms = models.schedule_key(workspace_id, automation_id), clock.now_ms()
    lease = leases.take(WORK, key, now_ms, LEASE_MS)
    if isinstance(lease, NotTaken):
        return lease.hide_s(now_ms)
    plan, slot_ms = lease.row["doc"], int(lease.row["slot"])
    try:
        _start(workspace_id, automation_id, plan, slot_ms)
    except (NotFound, Conflict) as error:
        logs.log("schedule.ended", level="WARNING", automationId=automation_id, reason=error.message)
        WORK.delete(key, leases.fenced(lease))
        return None
    _go_on(lease, plan)
    return None


def _start(workspace_id: str, automation_id: str, plan: dict[str, Any], slot_ms: int) -> None:
    item = Automation.find_by_id(workspace_id, automation_id)
    if not item.is_enabled:
        raise Conflict("the automation is disabled")
    version = loading.live_version(item)
    at = clock.iso_ms(slot_ms)
    given = plan.get("input") if plan.get("input") is not None else {"scheduledAt": at}
    execution = starts.derived(workspace_id, automation_id, slot_ms, f"schedule|{slot_ms}")
    more = {"trigger": {"scheduledAt": at}}
    starts.create_queued(starts.of_version(item, version, execution, "schedule", given, more=more))


def _go_on(lease: Lease, plan: dict[str, Any]) -> None:
    now_ms = clock.now_ms()
    next_ms = cron.next_ms(plan["cron"], plan["zone"], max(now_ms, int(lease.row["slot"])))
    timer = due.at(models.SCHEDULE_DUE, lease.key, next_ms, now_ms)
    change = Change(put={"slot": next_ms, "until": leases.FREE, **timer.attributes})
    leases.write(WORK, lease, change, leases.fenced(lease), lambda row: row.get("slot") == next_ms)
    if timer.is_direct:
        body = models.schedule_message(*lease.key)
        try:
            queue.send(queues.SCHEDULE, body, max(0, (next_ms - now_ms) / 1000))
        except Unavailable:
            logs.log("schedule.late", level="WARNING", automationId=body["a"])  # the due index brings it

"""Recurring events of bots: kept in step with what the bot declares, and made when their time comes."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from chalicelib.adapters import queue
from chalicelib.adapters.queue import Letter
from chalicelib.chat import queues, rules, telling
from chalicelib.chat.models import bots, recurring
from chalicelib.chat.models.bots import Bot
from chalicelib.chat.models.timers import DUE
from chalicelib.core import clock, ids
from chalicelib.core.errors import Unavailable
from chalicelib.durable import due, leases
from chalicelib.durable.leases import Lease, NotTaken
from chalicelib.storage.expressions import Change
from chalicelib.storage.table import Write
from chalicelib.storage.tables import CHAT

LEASE_MS = 60_000
Json = dict[str, Any]


def writes(bot: Bot, before: Json) -> list[Write]:
    """Give the writes that bring the clocks from what a bot declared before to what it declares now.

    Raises InvalidInput for a cron expression that cannot be read.
    """
    now_ms, made = clock.now_ms(), []
    for name, definition in bot.recurring_events.items():
        if before.get(name) == definition:
            continue
        cron = definition["schedule"]["cron"]
        rules.check_cron(cron, f"body.recurringEvents.{name}.schedule.cron")
        doc = {"type": definition["type"], "payload": definition["payload"], "cron": cron}
        made.append(recurring.put_write(bot.home, bot.id, name, doc, rules.next_cron_ms(cron, now_ms) or 0, now_ms))
    made += [recurring.drop_write(bot.home, bot.id, name) for name in before if name not in bot.recurring_events]
    return made


def send_soon(bot: Bot, before: Json) -> None:
    """Send the messages of clocks, new or changed, whose first time is so near that no sweep brings it in time."""
    now_ms, letters = clock.now_ms(), []
    for name, definition in bot.recurring_events.items():
        if before.get(name) != definition:
            key = recurring.key_of(bot.home, bot.id, name)
            next_ms = rules.next_cron_ms(definition["schedule"]["cron"], now_ms) or 0
            if due.at(DUE, key, next_ms, now_ms).is_direct:
                letters.append(Letter(recurring.message(*key), max(0, -((now_ms - next_ms) // 1000))))
    with suppress(Unavailable):  # the due index brings them, two minutes late
        queue.send_many(queues.DELIVER, letters)


def fire(body: Json) -> float | None:
    """Create the event of a clock whose time has come; answers after how many seconds its message is to come again.

    Times missed while nothing ran are made good by one event, for the first of them. Raises LeaseLost, Unavailable.
    """
    place = bots.place_of(body["b"])
    if place is None:
        return None
    home, now_ms = place[1], clock.now_ms()
    key = recurring.key_of(home, body["b"], body["r"])
    lease = leases.take(CHAT, key, now_ms, LEASE_MS)
    if isinstance(lease, NotTaken):
        return lease.hide_s(now_ms)
    doc, slot_ms = lease.row["doc"], int(lease.row["slot"])
    event_id = ids.derived_uuid_at(slot_ms, home, "recurring", body["b"], f"{body['r']}|{slot_ms}")
    telling.tell(home, body["b"], event_id, doc["type"], doc["payload"])
    _go_on(lease, doc["cron"], slot_ms)
    return None


def _go_on(lease: Lease, cron: str, slot_ms: int) -> None:
    now_ms = clock.now_ms()
    next_ms = rules.next_cron_ms(cron, max(now_ms, slot_ms)) or 0
    timer = due.at(DUE, lease.key, next_ms, now_ms)
    change = Change(put={"slot": next_ms, "until": leases.FREE, **timer.attributes})
    leases.write(CHAT, lease, change, leases.fenced(lease), lambda row: row.get("slot") == next_ms)
    if timer.is_direct:
        with suppress(Unavailable):  # the due index brings it
            queue.send(queues.DELIVER, recurring.message(*lease.key), max(0.0, (next_ms - now_ms) / 1000))

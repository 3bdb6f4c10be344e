"""What becomes of messages that were received too often: their things go on, or end where somebody can see it.

Mostly an outage was longer than a message is patient, so a lane is tried again; one that stays stuck has an entry that
fells its workers, and goes on without it. Clocks and states need nothing: they stand in the due index.
"""

from __future__ import annotations

from typing import Any

from chalicelib.adapters import queue
from chalicelib.chat import delivering, queues
from chalicelib.chat.models import bots, events, installations, lanes, log_lines
from chalicelib.chat.models.bots import Bot
from chalicelib.chat.models.installations import Installation
from chalicelib.core import clock, figures

STUMBLES = 3
AGAIN_S = 900
Json = dict[str, Any]


def bury(body: Json, reason: str) -> None:
    """Follow up a message of chat that was given up. A repeat does no harm. Raises Unavailable."""
    if any(name.startswith("gone") for name in body):
        queue.send(queues.SETUP, body, AGAIN_S)
        return
    bot = bots.find_anywhere(body["b"])
    if bot is None:
        return
    if "i" in body:
        _end_order(bot, body, reason)
    elif "e" in body:
        if events.give_up(bot.home, bot.id, body["e"]):
            figures.add("ChatEventsFailed", workspace_id=bot.workspace_id)
            log_lines.write_line(bot.home, bot.id, "error", f"event {body['e']} was given up: {reason}")
    elif "c" in body:
        _go_on(bot, body, reason)


def _end_order(bot: Bot, body: Json, reason: str) -> None:
    installed = Installation.get(bot.home, bot_id=bot.id, id=body["i"])
    if installed is None or body.get("t", installed.turn) != installed.turn:
        return
    ends = {
        installations.REGISTRATION_PENDING: installations.REGISTRATION_FAILED,
        installations.UNREGISTRATION_PENDING: installations.UNREGISTRATION_FAILED,
    }
    if installed.status in ends:
        installations.set_status(installed, ends[installed.status], reason)


def _go_on(bot: Bot, body: Json, reason: str) -> None:
    called = body.get("m", "")
    lane = body.get("l") or delivering.lane_of(bot, body["c"], called)
    if lane is None:
        return
    now_ms = clock.now_ms()
    row = lanes.stumble(lanes.lane_key(bot.home, bot.id, body["c"], lane), now_ms)
    dead = int(row.get("dead", 0))
    if dead and dead % STUMBLES == 0:
        found, _ = lanes.waiting(bot.home, bot.id, body["c"], lane, row, now_ms, called)
        for entry in found[:1]:
            delivering.give_up(bot, body["c"], lane, entry, reason)
    queue.send(queues.DELIVER, body, AGAIN_S)

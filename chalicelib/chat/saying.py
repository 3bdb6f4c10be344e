"""What a bot's code gives to be said: messages of the bot in the conversation the event came from.

The id of each is derived from the event's, so that an event told twice says nothing twice.
"""

from __future__ import annotations

from typing import Any

from chalicelib.adapters import queue
from chalicelib.chat import payloads, queues
from chalicelib.chat.models import log_lines, messages
from chalicelib.chat.models.bots import Bot
from chalicelib.chat.models.messages import OUTGOING, Message
from chalicelib.chat.models.people import Conversation
from chalicelib.core import ids
from chalicelib.core.errors import InvalidInput

MOST = 20
Json = dict[str, Any]


def say_all(bot: Bot, where: Conversation | None, event_id: str, returned: Any) -> None:
    """Say what a handler returned as `{messages: [{type, payload}]}`; what cannot be said goes to the log."""
    given = returned.get("messages") if isinstance(returned, dict) else None
    if not isinstance(given, list) or not given:
        return
    if where is None:
        log_lines.write_line(bot.home, bot.id, "warn", f"{event_id}: nothing is said outside a conversation")
        return
    for number, one in enumerate(given[:MOST]):
        fault = _fault(one)
        if fault is None:
            at_ms = ids.minted_at(event_id) + 1 + number  # so they sort right after the event, in their order
            _say(bot, where, ids.derived_uuid_at(at_ms, bot.home, "said", event_id, str(number)), one)
        else:
            log_lines.write_line(bot.home, bot.id, "error", f"{event_id}: messages.{number}: {fault}")


def _say(bot: Bot, where: Conversation, message_id: str, one: Json) -> None:
    item = Message.new(
        bot.home,
        id=message_id,
        bot_id=bot.id,
        integration_id=where.integration_id,
        integration=where.integration,
        conversation_id=where.id,
        user_id=bot.id,
        type=one["type"],
        payload=one["payload"],
        direction=OUTGOING,
    )
    item.put_once()
    queue.send(queues.DELIVER, messages.entry_message(*item.entry_key()))


def _fault(one: Any) -> str | None:
    if not isinstance(one, dict) or not isinstance(one.get("type"), str) or not isinstance(one.get("payload"), dict):
        return "must have a type and a payload"
    try:
        payloads.check(one["type"], one["payload"], "payload")
    except InvalidInput as error:
        return error.message
    return None

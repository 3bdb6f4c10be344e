"""What is told to bots and integrations from the queue, and what becomes of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chalicelib.adapters import logs
from chalicelib.chat import calling, saying, views
from chalicelib.chat.calling import Reply
from chalicelib.chat.models import log_lines
from chalicelib.chat.models.bots import Bot
from chalicelib.chat.models.installations import UNREGISTERED, Installation
from chalicelib.chat.models.integrations import Integration
from chalicelib.chat.models.messages import Message
from chalicelib.chat.models.people import Conversation, User
from chalicelib.core.errors import Gone, PlatformError, QuotaExceeded, Unavailable

NOT_NOW = frozenset({408, 425, 429, 502, 503, 504})  # answers of who is not there, or not yet
Json = dict[str, Any]


@dataclass(frozen=True)
class Outcome:
    """Whether something is over, done or pointless; else why not, and whether somebody answered."""

    is_over: bool
    reason: str = ""
    has_answered: bool = False


def tell_bot_of_message(bot: Bot, item: Message) -> Outcome:
    """Tell a bot of an incoming message."""
    found = _around(bot, item)
    if found is None:
        return Outcome(is_over=True)
    speaker, where = found
    return tell_bot(bot, views.message_event(item, speaker, where), where)


def tell_bot(bot: Bot, event: Json, where: Conversation | None = None) -> Outcome:
    """Tell a bot of an event. What its code gives to be said is said in `where`.

    Raises QuotaExceeded, Unavailable.
    """
    if bot.blocked:
        return _pointless(bot, event["id"], "the bot is blocked")
    try:
        reply = calling.to_bot(bot, "event_received", event["type"], {"event": event})
    except Gone as error:
        return _pointless(bot, event["id"], error.message)
    except (QuotaExceeded, Unavailable):
        raise
    except PlatformError as error:
        return _failed(error)
    if reply.is_good and bot.url is None:
        saying.say_all(bot, where, event["id"], reply.json())
    return _judged(reply)


def tell_integration(bot: Bot, item: Message) -> Outcome:
    """Give an outgoing message to the integration of its conversation. Raises QuotaExceeded, Unavailable."""
    found = _around(bot, item)
    if found is None:
        return Outcome(is_over=True)
    speaker, where = found
    installed = Installation.get(bot.home, bot_id=bot.id, id=where.integration_id)
    integration = None if installed is None else Integration.get(installed.owner, id=installed.id)
    if installed is None or integration is None or installed.status == UNREGISTERED:
        return _pointless(bot, item.id, f"{where.integration} is not installed")
    body = {
        "type": item.type,
        "payload": item.payload,
        "conversation": views.conversation(where),
        "user": speaker,
        "message": views.message(item),
    }
    try:
        reply = calling.to_integration(bot.workspace_id, installed, integration, "message_created", body)
    except Gone as error:
        return _pointless(bot, item.id, f"{where.integration}: {error.message}")
    except (QuotaExceeded, Unavailable):
        raise
    except PlatformError as error:
        return _failed(error)
    return _judged(reply)


def _around(bot: Bot, item: Message) -> tuple[Json, Conversation] | None:
    """Read who said it and where; None when the conversation is gone."""
    where = Conversation.get(bot.home, bot_id=bot.id, id=item.conversation_id)
    if where is None:
        return None
    if item.user_id == bot.id:
        return views.bot_as_user(bot), where
    speaker = User.get(bot.home, bot_id=bot.id, id=item.user_id)
    return views.user(speaker) if speaker else views.unknown_user(item), where


def _judged(reply: Reply) -> Outcome:
    if reply.is_good:
        return Outcome(is_over=True)
    return Outcome(is_over=False, reason=reply.complaint(), has_answered=reply.status not in NOT_NOW)


def _failed(error: PlatformError) -> Outcome:
    logs.log("chat.not_delivered", reason=error.message)
    return Outcome(is_over=False, reason=calling.reason_of(error), has_answered=not error.retryable)


def _pointless(bot: Bot, item_id: str, reason: str) -> Outcome:
    log_lines.write_line(bot.home, bot.id, "warn", f"{item_id} was not delivered: {reason}")
    return Outcome(is_over=True)

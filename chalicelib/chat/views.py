"""How users, conversations, messages and events are shown: to callers, and to bots and integrations."""

from __future__ import annotations

from typing import Any

from chalicelib.chat.models.bots import Bot
from chalicelib.chat.models.events import Event
from chalicelib.chat.models.messages import Message
from chalicelib.chat.models.people import Conversation, User
from chalicelib.core import clock

MESSAGE_CREATED, STATE_EXPIRED = "message_created", "state_expired"
Json = dict[str, Any]


def iso(at_ms: int) -> str:
    """Render a time."""
    return clock.iso_ms(at_ms)


def user(item: User) -> Json:
    """Render a user."""
    return {
        "id": item.id,
        "createdAt": iso(item.inserted_at),
        "updatedAt": iso(item.updated_at),
        "tags": item.tags,
    }


def bot_as_user(bot: Bot) -> Json:
    """Render the bot as the user it speaks as."""
    return {"id": bot.id, "createdAt": iso(bot.inserted_at), "updatedAt": iso(bot.updated_at), "tags": {}}


def unknown_user(said: Message) -> Json:
    """Render who said something and was deleted since."""
    at = iso(said.inserted_at)
    return {"id": said.user_id, "createdAt": at, "updatedAt": at, "tags": {}}


def event(item: Event) -> Json:
    """Render an event that a call, a clock or a state's end made."""
    return {"id": item.id, "createdAt": iso(item.inserted_at), "type": item.type, "payload": item.payload}


def conversation(item: Conversation) -> Json:
    """Render a conversation."""
    return {
        "id": item.id,
        "createdAt": iso(item.inserted_at),
        "updatedAt": iso(item.updated_at),
        "channel": item.channel,
        "integration": item.integration,
        "tags": item.tags,
    }


def message(item: Message) -> Json:
    """Render a message."""
    return {
        "id": item.id,
        "createdAt": iso(item.inserted_at),
        "type": item.type,
        "payload": item.payload,
        "direction": item.direction,
        "userId": item.user_id,
        "conversationId": item.conversation_id,
        "tags": item.tags,
    }


def message_event(item: Message, speaker: Json, where: Conversation) -> Json:
    """Render the event of an incoming message: it has the message's id."""
    return {
        "id": item.id,
        "createdAt": iso(item.inserted_at),
        "type": MESSAGE_CREATED,
        "payload": {"user": speaker, "conversation": conversation(where), "message": message(item)},
    }

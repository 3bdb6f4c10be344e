"""The end of states that nobody writes any more: they are gone, and their bot is told what they held."""

from __future__ import annotations

from typing import Any

from chalicelib.chat import telling, views
from chalicelib.chat.models import bots, states
from chalicelib.chat.models.people import Conversation
from chalicelib.chat.models.states import State
from chalicelib.core import clock, ids

Json = dict[str, Any]


def is_over(item: State, now_ms: int) -> bool:
    """Say whether a state has expired; its row may still stand."""
    return 0 < item.ends_at <= now_ms


def expire(body: Json) -> None:
    """End a state whose time is over, and tell its bot. One written meanwhile, or not due yet, is left alone."""
    place = bots.place_of(body["b"])
    if place is None:
        return
    home, now_ms = place[1], clock.now_ms()
    kind, of, sort = body["s"]
    item = states.at(home, body["b"], kind, of, sort)
    if item is not None and is_over(item, now_ms):
        end(item)


def end(item: State) -> None:
    """Tell the bot that a state has expired, and remove it unless it was written meanwhile."""
    home = item.workspace_id
    # Told first, under an id that a repeat derives again: a state that is gone untold would never be told.
    event_id = ids.derived_uuid_at(item.ends_at, home, "expired", item.id, str(item.ends_at))
    telling.tell(home, item.bot_id, event_id, views.STATE_EXPIRED, {"state": view(item)}, _conversation_of(item))
    item.drop()


def view(item: State) -> Json:
    """Render a state."""
    shown: Json = {
        "id": item.id,
        "createdAt": views.iso(item.inserted_at),
        "updatedAt": views.iso(item.updated_at),
        "botId": item.bot_id,
        "name": item.name,
        "type": item.type,
        "payload": item.payload,
    }
    if item.type == "conversation":
        shown["conversationId"] = item.of
    if item.type == "user":
        shown["userId"] = item.of
    return shown


def _conversation_of(item: State) -> str:
    """Name the conversation in whose order the bot is told; none when that is gone."""
    if item.type != "conversation":
        return ""
    place = Conversation.get(item.workspace_id, bot_id=item.bot_id, id=item.of)
    return "" if place is None else item.of

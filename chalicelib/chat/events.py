"""Events: made by bots and integrations, and listed together with those that incoming messages are."""

from __future__ import annotations

from typing import Any

import orjson

from chalicelib.chat import access, checking, listing, rules, scheduling, telling, views
from chalicelib.chat.access import Context
from chalicelib.chat.models import events
from chalicelib.chat.models.events import Event
from chalicelib.chat.models.messages import INCOMING, Message
from chalicelib.chat.models.people import Conversation, User
from chalicelib.chat.wire import PAGE, after, meta
from chalicelib.core.call import Call
from chalicelib.core.errors import InvalidInput, NotFound, TooLarge
from chalicelib.storage.expressions import Condition, eq

MAX_PAYLOAD_BYTES = 131_072
BUILT_IN = frozenset({views.MESSAGE_CREATED, views.STATE_EXPIRED})
Json = dict[str, Any]


def create(call: Call) -> Json:
    """Tell the bot something, now or later. Raises InvalidInput, TooLarge, RateLimited, Unavailable.

    An event whose payload names a `conversationId` of the bot is told in order with that conversation's messages.
    """
    context, sent = access.runtime_telling(call), call.body
    kind = rules.event_type_of(context.integration_name, sent.type)
    _check(context, kind, sent.payload)
    item = Event.new(
        context.home,
        id=call.new_ordered_id("event"),
        bot_id=context.bot.id,
        integration_id=context.installation.id if context.installation else "",
        type=kind,
        payload=sent.payload,
        conversation_id=_conversation_of(context, sent.payload),
        at_ms=scheduling.read(sent.schedule),
    )
    telling.store_and_send(item)
    return {"event": views.event(item)}


def read(call: Call) -> Json:
    """Show an event; that of an incoming message has the message's id. Raises NotFound."""
    context, event_id = access.runtime(call), call.path["id"]
    item = Event.get(context.home, bot_id=context.bot.id, id=event_id)
    if item is not None and _is_seen(context, item):
        return {"event": views.event(item)}
    said = Message.get(context.home, bot_id=context.bot.id, id=event_id)
    shown = [] if said is None or said.direction != INCOMING else _of_messages(context, [said])
    if not shown:
        raise NotFound("no such event")
    return {"event": shown[0]}


def list_page(call: Call) -> Json:
    """List events, the newest first, of one type if the query says so."""
    context, kind = access.runtime(call), call.query.get("type") or ""
    scope = (context.bot.id, context.integration_name or "", kind)
    start = after(call, context.home, *scope)
    told: tuple[list[Event], str | None] = ([], None)
    said: tuple[list[Message], str | None] = ([], None)
    if kind != views.MESSAGE_CREATED:
        told = listing.page(
            lambda position, limit: events.page(
                context.home, context.bot.id, position, limit, eq("t", kind) if kind else None
            ),
            lambda items: [one for one in items if _is_seen(context, one)],
            start,
        )
    if kind in ("", views.MESSAGE_CREATED):
        said = listing.page(
            lambda position, limit: Message.page(context.home, context.bot.id, position, limit, _incoming(context)),
            lambda items: items,
            start,
        )
    shown = {one.id: views.event(one) for one in told[0]}
    shown |= {one["id"]: one for one in _of_messages(context, said[0])}
    # Below the place where either kind was read to, the other one may have more.
    bound = max((position for position in (told[1], said[1]) if position is not None), default="")
    order = [one for one in sorted(shown, reverse=True) if one >= bound]
    more = order[PAGE - 1] if len(order) > PAGE else bound or None
    return {"events": [shown[one] for one in order[:PAGE]], "meta": meta(call, context.home, more, *scope)}


def _check(context: Context, kind: str, payload: Json) -> None:
    if len(orjson.dumps(payload)) > MAX_PAYLOAD_BYTES:
        raise TooLarge(f"an event's payload may have {MAX_PAYLOAD_BYTES} bytes")
    if kind in BUILT_IN:
        raise InvalidInput.at("body.type", f"{kind} is made by the platform alone", "reserved")
    prefix, colon, bare = kind.partition(":")
    if colon:
        if context.integration is None or context.integration.name != prefix:
            raise InvalidInput.at("body.type", "belongs to an integration, which alone makes it", "reference")
        declared = context.integration.events.get(bare)
    else:
        declared = context.bot.events.get(kind)
    if declared is None:
        raise InvalidInput.at("body.type", f"nobody declares the event {kind[:80]}", "reference")
    checking.check_data(declared["schema"], payload, "body.payload")


def _conversation_of(context: Context, payload: Json) -> str:
    named = payload.get("conversationId")
    if not isinstance(named, str) or not 0 < len(named) <= 100:
        return ""
    item = Conversation.get(context.home, bot_id=context.bot.id, id=named)
    return named if item is not None and listing.is_visible(context, item) else ""


def _is_seen(context: Context, item: Event) -> bool:
    return context.installation is None or item.integration_id == context.installation.id


def _incoming(context: Context) -> Condition:
    came_in = eq("d", INCOMING)
    return came_in & eq("i", context.installation.id) if context.installation else came_in


def _of_messages(context: Context, said: list[Message]) -> list[Json]:
    """Compose the events of incoming messages; those of deleted conversations are out of sight."""
    seen = [one for one in said if context.installation is None or one.integration_id == context.installation.id]
    if not seen:
        return []
    home, bot_id = context.home, context.bot.id
    places = Conversation.many(home, bot_id, sorted({one.conversation_id for one in seen}))
    people = User.many(home, bot_id, sorted({one.user_id for one in seen}))
    shown = []
    for one in seen:
        where, speaker = places.get(one.conversation_id), people.get(one.user_id)
        if where is not None:
            said_by = views.user(speaker) if speaker else views.unknown_user(one)
            shown.append(views.message_event(one, said_by, where))
    return shown

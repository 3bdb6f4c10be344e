"""Messages: said by a user of an integration, or by the bot; handed over in order, conversation by conversation."""

from __future__ import annotations

from typing import Any

import orjson

from chalicelib.adapters import queue
from chalicelib.chat import access, checking, conversations, listing, payloads, queues, scheduling, tags, views
from chalicelib.chat.access import Context
from chalicelib.chat.getting import get_or_create
from chalicelib.chat.models import messages, people, tag_rows
from chalicelib.chat.models.messages import INCOMING, OUTGOING, Message
from chalicelib.chat.models.people import Conversation, User
from chalicelib.chat.wire import after, filters, meta
from chalicelib.core import clock
from chalicelib.core.call import Call
from chalicelib.core.errors import Conflict, InvalidInput, NotFound, TooLarge, VersionConflict
from chalicelib.durable.due import Timer
from chalicelib.storage.expressions import eq
from chalicelib.storage.tables import CHAT

ATTEMPTS = 8
MAX_PAYLOAD_BYTES = 131_072
NOUN = "message"
Json = dict[str, Any]


def create(call: Call) -> Json:
    """Say something. Raises InvalidInput, Conflict, TooLarge, RateLimited, Unavailable."""
    context = access.runtime_telling(call)
    conversation, wanted, at_ms = _checked(call, context)
    item = _new(call, context, conversation, wanted, at_ms)
    timer = scheduling.timer(item.entry_key(), at_ms)
    item.put_with_entry(timer)
    send(item, timer)
    return {"message": views.message(item)}


def get_or_make(call: Call) -> Json:
    """Find the message of this conversation with all these tags, or say it; one found is not handed over again."""
    context = access.runtime_telling(call)
    conversation, wanted, at_ms = _checked(call, context)

    def timer_of(item: Message) -> Timer | None:
        return scheduling.timer(item.entry_key(), at_ms)

    item, is_new = get_or_create(
        context,
        Message,
        (conversation.id,),
        wanted,
        lambda one: one.conversation_id == conversation.id,
        lambda: _new(call, context, conversation, wanted, at_ms),
        lambda one: [one.entry_write(timer_of(one))],
    )
    if is_new or _waits(item):
        send(item, timer_of(item))
    return {"message": views.message(item)}


def read(call: Call) -> Json:
    """Show a message. Raises NotFound."""
    return {"message": views.message(find(access.runtime(call), call.path["id"]))}


def update(call: Call) -> Json:
    """Merge tags into a message's. Raises NotFound, InvalidInput."""
    context = access.runtime(call)
    for _ in range(ATTEMPTS):
        item = find(context, call.path["id"])
        channel = _channel_of(context, item)
        sent = tags.checked(context, people.MESSAGES, call.body.tags, channel)
        before, item.tags = item.tags, tags.merged(item.tags, sent)
        if before == item.tags:
            return {"message": views.message(item)}
        try:
            item.retag(before, [])
        except VersionConflict:
            continue
        return {"message": views.message(item)}
    raise VersionConflict("the message keeps changing; try again")


def delete(call: Call) -> Json:
    """Delete a message; what was handed over is not called back. Raises NotFound."""
    item = find(access.runtime(call), call.path["id"])
    item.drop([item.entry_key()])
    return {"message": views.message(item)}


def list_page(call: Call) -> Json:
    """List messages, the newest first: those of a conversation, those with certain tags, or all."""
    context = access.runtime(call)
    wanted = {tags.full_name(context, name): value for name, value in filters(call, "tags").items()}
    conversation_id = call.query.get("conversationId") or ""
    scope = (context.bot.id, context.integration_name or "", conversation_id, repr(sorted(wanted.items())))
    home, bot_id = context.home, context.bot.id

    def load(found: list[str]) -> dict[str, Message]:
        return Message.many(home, bot_id, found)

    if wanted:
        tag = min(wanted.items())
        read: listing.ItemsPage[Message] = listing.by_ids(
            lambda start, limit: tag_rows.ids_page(home, bot_id, people.MESSAGES, tag, start, limit), load
        )
    elif conversation_id:
        read = listing.by_ids(lambda start, limit: messages.ids_in(home, bot_id, conversation_id, start, limit), load)
    else:
        narrowed = eq("i", context.installation.id) if context.installation else None
        read = lambda start, limit: Message.page(home, bot_id, start, limit, narrowed)  # noqa: E731

    def accepts(items: list[Message]) -> list[Message]:
        fitting = [
            one
            for one in items
            if listing.is_visible(context, one)
            and listing.has_tags(one, wanted)
            and conversation_id in ("", one.conversation_id)
        ]
        there = _there(context, {one.conversation_id for one in fitting})
        return [one for one in fitting if one.conversation_id in there]

    found, more = listing.page(read, accepts, after(call, home, *scope))
    return {"messages": [views.message(one) for one in found], "meta": meta(call, home, more, *scope)}


def find(context: Context, message_id: str) -> Message:
    """Find a message that who acts may see, of a conversation that is still there. Raises NotFound."""
    item = listing.seen(context, Message.get(context.home, bot_id=context.bot.id, id=message_id), NOUN)
    if not _there(context, {item.conversation_id}):
        raise NotFound("no such message")
    return item


def send(item: Message, timer: Timer | None) -> None:
    """Have a message handed over. Raises Unavailable: it is stored, but nobody was promised anything."""
    if timer is not None and not timer.is_direct:
        return
    delay_s = 0.0 if timer is None else max(0.0, (timer.due_ms - clock.now_ms()) / 1000)
    queue.send(queues.DELIVER, messages.entry_message(*item.entry_key()), delay_s)


def _checked(call: Call, context: Context) -> tuple[Conversation, dict[str, str], int]:
    """Check a message against its conversation, its user and what the channel carries; note that the user takes part.

    Gives the conversation, the tags in full spelling, and when it is to be handed over (0: at once).
    """
    sent = call.body
    if len(orjson.dumps(sent.payload)) > MAX_PAYLOAD_BYTES:
        raise TooLarge(f"a message's payload may have {MAX_PAYLOAD_BYTES} bytes")
    at_ms = scheduling.read(sent.schedule)
    conversation, user = _named(context, sent.conversation_id, sent.user_id)
    if user is not None and user.integration_id not in ("", conversation.integration_id):
        raise Conflict("this user and this conversation belong to different integrations")
    _check_payload(context, conversation, sent.type, sent.payload)
    read = tags.checked(context, people.MESSAGES, sent.tags, conversation.channel)
    if user is not None and user.id not in conversation.participants:
        conversations.take_part(conversation, user.id)
    return conversation, {name: value for name, value in read.items() if value}, at_ms


def _named(context: Context, conversation_id: str, user_id: str) -> tuple[Conversation, User | None]:
    """Read conversation and user at once; None is the bot itself. Raises InvalidInput (ReferenceNotFound)."""
    home, bot_id = context.home, context.bot.id
    keys = [Conversation.key(home, bot_id=bot_id, id=conversation_id)]
    if user_id != bot_id:
        keys.append(User.key(home, bot_id=bot_id, id=user_id))
    rows = CHAT.get_many(keys, consistent=True)
    conversation = Conversation.from_row(rows[keys[0]]) if keys[0] in rows else None
    if conversation is None or not listing.is_visible(context, conversation):
        raise InvalidInput.at("body.conversationId", "there is no such conversation", "reference")
    if user_id == bot_id:
        return conversation, None
    if keys[1] not in rows:
        raise InvalidInput.at("body.userId", "there is no such user", "reference")
    return conversation, User.from_row(rows[keys[1]])


def _check_payload(context: Context, conversation: Conversation, kind: str, payload: Json) -> None:
    definition = context.integration or tags.definition_of(conversation.owner, conversation.integration_id)
    channel = None if definition is None else definition.channels.get(conversation.channel)
    declared = None if channel is None else channel["messages"].get(kind)
    if context.integration is None:
        if channel is not None and declared is None:
            carried = ", ".join(sorted(channel["messages"])) or "nothing"
            message = f"the channel {conversation.channel} carries {carried}"
            raise InvalidInput.at("body.type", message, "reference")
        payloads.check(kind, payload)
    if declared is not None:
        checking.check_data(declared["schema"], payload, "body.payload")


def _new(call: Call, context: Context, conversation: Conversation, wanted: dict[str, str], at_ms: int) -> Message:
    sent = call.body
    return Message.new(
        context.home,
        id=call.new_ordered_id("message"),
        bot_id=context.bot.id,
        integration_id=conversation.integration_id,
        integration=conversation.integration,
        conversation_id=conversation.id,
        user_id=sent.user_id,
        type=sent.type,
        payload=sent.payload,
        direction=INCOMING if context.integration is not None else OUTGOING,
        tags=wanted,
        at_ms=at_ms,
    )


def _waits(item: Message) -> bool:
    """Say whether a message that was found was not handed over yet: whoever made it may have fallen before sending."""
    row = CHAT.get(item.entry_key())
    return row is not None and "p" in row


def _channel_of(context: Context, item: Message) -> str:
    conversation = Conversation.get(context.home, bot_id=context.bot.id, id=item.conversation_id)
    return "" if conversation is None else conversation.channel


def _there(context: Context, conversation_ids: set[str]) -> set[str]:
    """Tell which conversations are still there: messages of others are out of sight."""
    return set(Conversation.many(context.home, context.bot.id, sorted(conversation_ids))) if conversation_ids else set()

"""Conversations: exchanges on a channel of an integration, and who takes part in them."""

from __future__ import annotations

from typing import Any

from chalicelib.adapters import queue
from chalicelib.chat import access, creating, listing, queues, tags, views
from chalicelib.chat.access import Context
from chalicelib.chat.getting import get_or_create
from chalicelib.chat.models import people, tag_rows
from chalicelib.chat.models.people import Conversation, User
from chalicelib.chat.wire import after, filters, meta
from chalicelib.core import clock
from chalicelib.core.call import Call
from chalicelib.core.errors import InvalidInput, UpstreamFailed, VersionConflict
from chalicelib.storage.expressions import eq

ATTEMPTS = 8
MAX_PARTICIPANTS = 80  # each has a row of its own, and all change in one transaction
NOUN = "conversation"
Json = dict[str, Any]


def create(call: Call) -> Json:
    """Make a conversation, or have an integration make it. Raises InvalidInput, UpstreamFailed."""
    context, sent = access.runtime(call), call.body
    if creating.is_asked(context, sent.integration_name):
        return {"conversation": views.conversation(_by_integration(call, context))}
    _check_channel(context, sent.channel)
    item = _new(call, context, sent.channel, tags.checked(context, people.CONVERSATIONS, sent.tags, sent.channel))
    item.put()
    return {"conversation": views.conversation(item)}


def get_or_make(call: Call) -> Json:
    """Find the conversation on this channel with all these tags, or make it; one only, however many ask at once."""
    context, sent = access.runtime(call), call.body
    if creating.is_asked(context, sent.integration_name):
        return {"conversation": views.conversation(_by_integration(call, context))}
    integration_id = _check_channel(context, sent.channel)
    read = tags.checked(context, people.CONVERSATIONS, sent.tags, sent.channel)
    wanted = {name: value for name, value in read.items() if value}
    item, _ = get_or_create(
        context,
        Conversation,
        (integration_id, sent.channel),
        wanted,
        lambda one: (one.integration_id, one.channel) == (integration_id, sent.channel),
        lambda: _new(call, context, sent.channel, wanted),
    )
    return {"conversation": views.conversation(item)}


def read(call: Call) -> Json:
    """Show a conversation. Raises NotFound."""
    return {"conversation": views.conversation(find(access.runtime(call), call.path["id"]))}


def update(call: Call) -> Json:
    """Merge tags, or replace the participants. Raises NotFound, InvalidInput."""
    context, sent = access.runtime(call), call.body
    for _ in range(ATTEMPTS):
        item = find(context, call.path["id"])
        before, parts_before = item.tags, item.participants
        if sent.tags is not None:
            item.tags = tags.merged(before, tags.checked(context, people.CONVERSATIONS, sent.tags, item.channel))
        if sent.participant_ids is not None:
            item.participants = _checked_participants(context, item, sent.participant_ids)
        if (item.tags, item.participants) == (before, parts_before):
            return {"conversation": views.conversation(item)}
        try:
            item.retag(before, people.part_writes(item, parts_before))
        except VersionConflict:
            continue
        return {"conversation": views.conversation(item)}
    raise VersionConflict("the conversation keeps changing; try again")


def delete(call: Call) -> Json:
    """Delete a conversation: its messages are out of sight at once, and removed from the queue. Raises NotFound."""
    context = access.runtime(call)
    item = find(context, call.path["id"])
    # Sent first, as with bots: a message whose conversation is still there does nothing.
    message = {"goneConversation": item.id, "b": item.bot_id, "h": item.workspace_id, "at": clock.now_ms()}
    queue.send(queues.SETUP, message, 2)
    item.drop([people.part_key(item.workspace_id, item.bot_id, one, item.id) for one in item.participants])
    return {"conversation": views.conversation(item)}


def list_page(call: Call) -> Json:
    """List conversations, the newest first: those with certain tags or participants, or all."""
    context = access.runtime(call)
    wanted = {tags.full_name(context, name): value for name, value in filters(call, "tags").items()}
    # The bot takes part in all of them, and stands in none of their lists.
    parts = sorted(set(call.query_lists.get("participantIds", ())) - {context.bot.id})
    scope = (context.bot.id, context.integration_name or "", repr(parts), repr(sorted(wanted.items())))
    home, bot_id = context.home, context.bot.id

    def load(found: list[str]) -> dict[str, Conversation]:
        return Conversation.many(home, bot_id, found)

    if parts:
        read: listing.ItemsPage[Conversation] = listing.by_ids(
            lambda start, limit: people.conversations_of(home, bot_id, parts[0], start, limit), load
        )
    elif wanted:
        tag = min(wanted.items())
        read = listing.by_ids(
            lambda start, limit: tag_rows.ids_page(home, bot_id, people.CONVERSATIONS, tag, start, limit), load
        )
    else:
        narrowed = eq("i", context.installation.id) if context.installation else None
        read = lambda start, limit: Conversation.page(home, bot_id, start, limit, narrowed)  # noqa: E731

    def accepts(items: list[Conversation]) -> list[Conversation]:
        return [
            one
            for one in items
            if listing.is_visible(context, one)
            and listing.has_tags(one, wanted)
            and set(parts) <= set(one.participants)
        ]

    found, more = listing.page(read, accepts, after(call, home, *scope))
    return {"conversations": [views.conversation(one) for one in found], "meta": meta(call, home, more, *scope)}


def find(context: Context, conversation_id: str) -> Conversation:
    """Find a conversation that who acts may see. Raises NotFound."""
    item = Conversation.get(context.home, bot_id=context.bot.id, id=conversation_id)
    return listing.seen(context, item, NOUN)


def take_part(item: Conversation, user_id: str) -> None:
    """Note that a user takes part, once; beyond the most there may be, nothing is noted."""
    for _ in range(ATTEMPTS):
        if user_id in item.participants or len(item.participants) >= MAX_PARTICIPANTS:
            return
        before, item.participants = item.participants, [*item.participants, user_id]
        try:
            item.retag(item.tags, people.part_writes(item, before))
        except VersionConflict:
            item = Conversation.find(item.workspace_id, bot_id=item.bot_id, id=item.id)
        else:
            return
    raise VersionConflict("the conversation keeps changing; try again")


def _check_channel(context: Context, channel: str) -> str:
    """Check that who acts has this channel, and give its integration's id. Raises InvalidInput."""
    if context.integration is None:
        message = "is needed: a conversation lies on a channel of an integration, and the bot itself has none"
        raise InvalidInput.at("body.integrationName", message, "missing")
    if channel not in context.integration.channels:
        raise InvalidInput.at("body.channel", f"{context.integration.name} has no such channel", "reference")
    return context.integration.id


def _new(call: Call, context: Context, channel: str, sent: dict[str, str]) -> Conversation:
    integration = context.integration
    if integration is None:
        raise ValueError("a conversation needs an integration")
    return Conversation.new(
        context.home,
        id=call.new_ordered_id("conversation"),
        bot_id=context.bot.id,
        integration_id=integration.id,
        integration=integration.name,
        owner=integration.workspace_id,
        channel=channel,
        tags=tags.merged({}, sent),
    )


def _by_integration(call: Call, context: Context) -> Conversation:
    sent, name = call.body, call.body.integration_name
    installed, definition = creating.find(context, name)
    channel = definition.channels.get(sent.channel)
    if channel is None:
        raise InvalidInput.at("body.channel", f"{name} has no such channel", "reference")
    read = tags.checked(context, people.CONVERSATIONS, sent.tags, sent.channel)
    creating.check(channel["creation"], name, read)
    body = {"channel": sent.channel, "tags": read}
    made_id = creating.ask(call, context, installed, "create_conversation", NOUN, body)
    item = Conversation.get(context.home, bot_id=context.bot.id, id=made_id)
    if item is None or item.integration_id != installed.id:
        raise UpstreamFailed(f"{name} named a conversation that is not its own")
    return item


def _checked_participants(context: Context, item: Conversation, sent: list[str]) -> list[str]:
    wanted = [one for one in dict.fromkeys(sent) if one != context.bot.id]
    if len(wanted) > MAX_PARTICIPANTS:
        raise InvalidInput.at("body.participantIds", f"may hold {MAX_PARTICIPANTS} users", "too_many")
    there = User.many(context.home, context.bot.id, wanted) if wanted else {}
    for one in wanted:
        user = there.get(one)
        if user is None or user.integration_id not in ("", item.integration_id):
            raise InvalidInput.at("body.participantIds", f"there is no user {one[:80]} here", "reference")
    return wanted

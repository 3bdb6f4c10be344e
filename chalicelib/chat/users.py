"""Users: people as seen by one integration, and the bot itself."""

from __future__ import annotations

from typing import Any

from chalicelib.chat import access, creating, listing, tags, views
from chalicelib.chat.access import Context
from chalicelib.chat.getting import get_or_create
from chalicelib.chat.models import people, states, tag_rows
from chalicelib.chat.models.people import Conversation, User
from chalicelib.chat.wire import after, filters, meta
from chalicelib.core.call import Call
from chalicelib.core.errors import NotFound, UpstreamFailed, VersionConflict
from chalicelib.storage.expressions import eq

ATTEMPTS = 8
NOUN = "user"
Json = dict[str, Any]


def create(call: Call) -> Json:
    """Make a user, or have an integration make it. Raises InvalidInput, UpstreamFailed."""
    context, sent = access.runtime(call), call.body
    if creating.is_asked(context, sent.integration_name):
        return {"user": views.user(_by_integration(call, context))}
    item = _new(call, context, tags.checked(context, people.USERS, sent.tags))
    item.put()
    return {"user": views.user(item)}


def get_or_make(call: Call) -> Json:
    """Find the user with all these tags, or make it; one only, however many ask at once."""
    context, sent = access.runtime(call), call.body
    if creating.is_asked(context, sent.integration_name):
        return {"user": views.user(_by_integration(call, context))}
    wanted = {name: value for name, value in tags.checked(context, people.USERS, sent.tags).items() if value}
    integration_id = context.installation.id if context.installation else ""
    item, _ = get_or_create(
        context,
        User,
        (integration_id,),
        wanted,
        lambda user: user.integration_id == integration_id,
        lambda: _new(call, context, wanted),
    )
    return {"user": views.user(item)}


def read(call: Call) -> Json:
    """Show a user; the bot is one, by its own id. Raises NotFound."""
    context = access.runtime(call)
    if call.path["id"] == context.bot.id:
        return {"user": views.bot_as_user(context.bot)}
    return {"user": views.user(find(context, call.path["id"]))}


def update(call: Call) -> Json:
    """Merge tags into a user's; an empty text removes one. Raises NotFound, InvalidInput."""
    context = access.runtime(call)
    sent = tags.checked(context, people.USERS, call.body.tags)
    for _ in range(ATTEMPTS):
        item = find(context, call.path["id"])
        before, item.tags = item.tags, tags.merged(item.tags, sent)
        if before == item.tags:
            return {"user": views.user(item)}
        try:
            item.retag(before, [])
        except VersionConflict:
            continue
        return {"user": views.user(item)}
    raise VersionConflict("the user keeps changing; try again")


def delete(call: Call) -> Json:
    """Delete a user with its states; what was said stays. Raises NotFound."""
    context = access.runtime(call)
    item = find(context, call.path["id"])
    item.drop(states.keys_of(context.home, context.bot.id, "user", item.id))
    return {"user": views.user(item)}


def list_page(call: Call) -> Json:
    """List users, the newest first: those of a conversation, those with certain tags, or all."""
    context = access.runtime(call)
    wanted = {tags.full_name(context, name): value for name, value in filters(call, "tags").items()}
    conversation_id = call.query.get("conversationId")
    scope = (context.bot.id, _who(context), conversation_id or "", repr(sorted(wanted.items())))
    position = after(call, context.home, *scope)
    home, bot_id = context.home, context.bot.id
    if conversation_id:
        parts = _participants(context, conversation_id)
        read: listing.ItemsPage[User] = listing.by_ids(
            lambda start, limit: _slice(parts, start, limit), lambda found: User.many(home, bot_id, found)
        )
    elif wanted:
        tag = min(wanted.items())
        read = listing.by_ids(
            lambda start, limit: tag_rows.ids_page(home, bot_id, people.USERS, tag, start, limit),
            lambda found: User.many(home, bot_id, found),
        )
    else:
        narrowed = eq("i", context.installation.id) if context.installation else None
        read = lambda start, limit: User.page(home, bot_id, start, limit, narrowed)  # noqa: E731
    found, more = listing.page(
        read,
        lambda items: [one for one in items if listing.is_visible(context, one) and listing.has_tags(one, wanted)],
        position,
    )
    return {"users": [views.user(one) for one in found], "meta": meta(call, context.home, more, *scope)}


def find(context: Context, user_id: str) -> User:
    """Find a user that who acts may see. Raises NotFound."""
    return listing.seen(context, User.get(context.home, bot_id=context.bot.id, id=user_id), NOUN)


def _new(call: Call, context: Context, sent: dict[str, str]) -> User:
    installed = context.installation
    return User.new(
        context.home,
        id=call.new_ordered_id("user"),
        bot_id=context.bot.id,
        integration_id=installed.id if installed else "",
        integration=installed.name if installed else "",
        tags=tags.merged({}, sent),
    )


def _by_integration(call: Call, context: Context) -> User:
    name = call.body.integration_name
    installed, definition = creating.find(context, name)
    sent = tags.checked(context, people.USERS, call.body.tags)
    creating.check(definition.creation, name, sent)
    made_id = creating.ask(call, context, installed, "create_user", NOUN, {"tags": sent})
    item = User.get(context.home, bot_id=context.bot.id, id=made_id)
    if item is None or item.integration_id != installed.id:
        raise UpstreamFailed(f"{name} named a user that is not its own")
    return item


def _participants(context: Context, conversation_id: str) -> list[str]:
    item = Conversation.get(context.home, bot_id=context.bot.id, id=conversation_id)
    try:
        return sorted(listing.seen(context, item, "conversation").participants, reverse=True)
    except NotFound:
        return []


def _slice(parts: list[str], start: str | None, limit: int) -> tuple[list[str], str | None]:
    left = [one for one in parts if start is None or one < start]
    return left[:limit], left[limit - 1] if len(left) > limit else None


def _who(context: Context) -> str:
    return context.installation.id if context.installation else ""

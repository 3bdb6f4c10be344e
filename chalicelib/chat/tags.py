"""Tags: only declared ones are taken; an integration's carry its name, a bot's stand bare."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.chat.access import Context
from chalicelib.chat.models import installations, people
from chalicelib.chat.models.integrations import Integration
from chalicelib.chat.rules import MAX_TAG_CHARS
from chalicelib.core.cache import Cached
from chalicelib.core.errors import InvalidInput

MAX_TAGS = 50
Declared = Mapping[str, Any]
_definitions: Cached[Integration] = Cached(age_s=5)


def checked(context: Context, kind: str, sent: Mapping[str, str], channel: str = "") -> dict[str, str]:
    """Spell out and check tags that a call brings; `channel` is the conversation's.

    Values may be empty, which removes a tag. Raises InvalidInput naming the tag that is not declared or too long.
    """
    if len(sent) > MAX_TAGS:
        raise InvalidInput.at("body.tags", f"may hold {MAX_TAGS} tags", "too_many")
    made: dict[str, str] = {}
    for name, value in sent.items():
        where = f"body.tags.{name}"
        if len(value) > MAX_TAG_CHARS:
            raise InvalidInput.at(where, f"may have {MAX_TAG_CHARS} characters", "length")
        made[_spelled(context, kind, name, channel, where)] = value
    return made


def merged(old: Mapping[str, str], sent: Mapping[str, str]) -> dict[str, str]:
    """Merge tags: what was not sent stays, an empty text removes."""
    return {name: value for name, value in {**old, **sent}.items() if value}


def full_name(context: Context, name: str) -> str:
    """Spell a tag as it is stored: what an integration calls by its bare name gets its prefix."""
    if context.integration_name is not None and ":" not in name:
        return f"{context.integration_name}:{name}"
    return name


def definition_of(owner: str, integration_id: str) -> Integration | None:
    """Read what an integration declares, up to 5 s old."""
    return _definitions.get((owner, integration_id), lambda: Integration.get(owner, id=integration_id))


def installed_named(context: Context, name: str) -> Integration | None:
    """Find the definition of an integration that is installed in the bot, by its name."""
    if context.integration is not None and context.integration.name == name:
        return context.integration
    for one in installations.installed_in(context.home, context.bot.id):
        if one.name == name and one.enabled:
            return definition_of(one.owner, one.id)
    return None


def _spelled(context: Context, kind: str, name: str, channel: str, where: str) -> str:
    full = full_name(context, name)
    prefix, colon, bare = full.partition(":")
    if not colon:
        if full not in context.bot.tags.get(kind, {}):
            raise InvalidInput.at(where, f"the bot declares no such tag on {kind}", "undeclared")
        return full
    if context.integration_name not in (None, prefix):
        raise InvalidInput.at(where, "belongs to another integration", "undeclared")
    definition = installed_named(context, prefix)
    if definition is None or bare not in _declared(definition, kind, channel):
        raise InvalidInput.at(where, f"no installed integration declares this tag on {kind}", "undeclared")
    return full


def _declared(definition: Integration, kind: str, channel: str) -> Declared:
    if kind == people.USERS:
        return definition.tags
    found = definition.channels.get(channel)
    return {} if found is None else dict(found["tags"][kind])

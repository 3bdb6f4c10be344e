"""Who acts where: the workspace of an administrator's call, the bot and the integration of a call at run time."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.chat.models import bots, installations, integrations, workspaces
from chalicelib.chat.models.bots import Bot
from chalicelib.chat.models.installations import Installation
from chalicelib.chat.models.integrations import Integration
from chalicelib.core.call import Call, usable_text
from chalicelib.core.errors import Forbidden, InvalidInput, NotFound
from chalicelib.edge import limits
from chalicelib.storage.tables import CHAT

WORKSPACE, BOT, INTEGRATION = "x-workspace-id", "x-bot-id", "x-integration-id"
NO_BOT = "no such bot"


@dataclass(frozen=True)
class Context:
    """On whose behalf a call acts: a bot, and the integration inside it when that is who calls."""

    bot: Bot
    installation: Installation | None = None
    integration: Integration | None = None

    @property
    def home(self) -> str:
        """The workspace the bot's data lie in."""
        return self.bot.home

    @property
    def integration_name(self) -> str | None:
        """The name of the integration that acts, None when the bot itself does."""
        return self.installation.name if self.installation else None


def workspace_of(call: Call) -> str:
    """Tell in which workspace an administrator's call acts. Raises Forbidden."""
    own, named = call.workspace_id, _header(call, WORKSPACE)
    if named is None or named == own:
        return own
    if not workspaces.may_act_in(own, named):
        raise Forbidden("this token does not see the workspace in x-workspace-id")
    return named


def administered_bot(call: Call, bot_id: str) -> Bot:
    """Find a bot for an administrator. Raises NotFound, Forbidden."""
    named = workspace_of(call)
    found = Bot.get(named, id=bot_id)
    if found is None and WORKSPACE not in call.headers:
        found = _seen_bot(call, bot_id)
    if found is None:
        raise NotFound(NO_BOT)
    return found


def runtime(call: Call) -> Context:
    """Tell on whose behalf a call at run time acts.

    Raises InvalidInput without a bot, NotFound for a bot that is not this caller's, Forbidden for an integration that
    is not installed there, for a token that was made for another, and for a bot that is blocked.
    """
    bot_id, integration_id = _named(call)
    if bot_id is None:
        raise InvalidInput.at("header.x-bot-id", "is required with this token", "missing")
    found = _read(call, bot_id, integration_id)
    if found.bot.blocked:
        raise Forbidden("this bot is blocked")
    return found


def runtime_telling(call: Call) -> Context:
    """Do so for a call that makes a message or an event, which are counted for each bot. Raises RateLimited too."""
    found = runtime(call)
    limits.spend(found.home, f"bot:{found.bot.id}", limits.TOLD)
    return found


def bot_at_runtime(call: Call, bot_id: str) -> Bot:
    """Find a bot that the body or the query names, for whoever may act in it. Raises NotFound, Forbidden."""
    named, integration_id = _named(call)
    if named is not None and named != bot_id:
        raise NotFound(NO_BOT)
    return _read(call, bot_id, integration_id).bot


def _named(call: Call) -> tuple[str | None, str | None]:
    bot_id, integration_id = _header(call, BOT), _header(call, INTEGRATION)
    kind, _, own_id = call.caller.subject.partition(":")
    if kind == "bot":
        if bot_id not in (None, own_id) or integration_id is not None:
            raise Forbidden("this token acts as one bot only")
        bot_id = own_id
    elif kind == "integration":
        if integration_id not in (None, own_id):
            raise Forbidden("this token acts as one integration only")
        integration_id = own_id
    return bot_id, integration_id


def _read(call: Call, bot_id: str, integration_id: str | None) -> Context:
    """Read bot, installation and integration in one call where they lie together, as they mostly do."""
    own = call.workspace_id
    keys = [Bot.key(own, id=bot_id)]
    if integration_id is not None:
        keys += [
            Installation.key(own, bot_id=bot_id, id=integration_id),
            Integration.key(own, id=integration_id),
        ]
    rows = CHAT.get_many(keys, consistent=True)
    bot = Bot.from_row(rows[keys[0]]) if keys[0] in rows else _seen_bot(call, bot_id)
    if integration_id is None:
        if bot is None:
            raise NotFound(NO_BOT)
        return Context(bot)
    if bot is None:
        bot = _bot_with_own_integration(call, bot_id, integration_id)
    if bot.home == own and keys[1] in rows:
        installed: Installation | None = Installation.from_row(rows[keys[1]])
    else:
        installed = Installation.get(bot.home, bot_id=bot_id, id=integration_id)
    if installed is None or installed.status == installations.UNREGISTERED:
        raise Forbidden("this integration is not installed in this bot")
    if installed.owner == own and keys[2] in rows:
        integration: Integration | None = Integration.from_row(rows[keys[2]])
    else:
        integration = integrations.Integration.get(installed.owner, id=integration_id)
    if integration is None:
        raise Forbidden("this integration is gone")
    return Context(bot, installed, integration)


def _seen_bot(call: Call, bot_id: str) -> Bot | None:
    """Find a bot in another workspace that the caller's key may act in."""
    place = bots.place_of(bot_id)
    if place is None or (place[0] != call.workspace_id and not workspaces.may_act_in(call.workspace_id, place[0])):
        return None
    return Bot.get(place[0], id=bot_id)


def _bot_with_own_integration(call: Call, bot_id: str, integration_id: str) -> Bot:
    """Let an integration's own people act as it wherever it is installed. Raises NotFound."""
    place = bots.place_of(bot_id)
    installed = None if place is None else Installation.get(place[1], bot_id=bot_id, id=integration_id)
    found = None
    if place is not None and installed is not None and installed.owner == call.workspace_id:
        found = Bot.get(place[0], id=bot_id)
    if found is None:
        raise NotFound(NO_BOT)
    return found


def _header(call: Call, name: str) -> str | None:
    value = call.headers.get(name)
    return None if value is None else usable_text(value, f"header.{name}")

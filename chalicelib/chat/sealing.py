"""What bots and integrations keep secret: sealed under the workspace it lies in, bound to its place."""

from __future__ import annotations

from typing import Any

from chalicelib.chat.models.bots import Bot
from chalicelib.chat.models.installations import Installation
from chalicelib.chat.models.integrations import Integration
from chalicelib.core import ids
from chalicelib.credentials.public import vault

Json = dict[str, Any]


def new_secret() -> str:
    """Make a signing secret."""
    return ids.secret_text(32)


def seal_bot(bot: Bot, secrets: Json) -> None:
    """Store a bot's secrets in it: `signingSecret`, and `data`, the values of its configuration."""
    bot.sealed = vault().seal(bot.home, f"bot|{bot.id}", secrets)


def open_bot(bot: Bot) -> Json:
    """Give a bot's secrets."""
    return dict(vault().open_json(bot.home, f"bot|{bot.id}", bot.sealed))


def seal_integration(item: Integration, secret: str) -> None:
    """Store an integration's signing secret in it."""
    item.sealed = vault().seal(item.workspace_id, f"integration|{item.id}", secret)


def open_integration(item: Integration) -> str:
    """Give an integration's signing secret."""
    return vault().open(item.workspace_id, f"integration|{item.id}", item.sealed).decode()


def seal_configuration(item: Installation, configuration: Json) -> None:
    """Store what an integration is configured with in a bot."""
    item.sealed = vault().seal(item.workspace_id, f"installation|{item.bot_id}|{item.id}", configuration)


def open_configuration(item: Installation) -> Json:
    """Give what an integration is configured with in a bot."""
    return dict(vault().open_json(item.workspace_id, f"installation|{item.bot_id}|{item.id}", item.sealed))

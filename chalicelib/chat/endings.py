"""The end of bots and integrations: gone at once, with their keys; what they leave behind follows from the queue."""

from __future__ import annotations

from typing import Any

from chalicelib.adapters import queue
from chalicelib.chat import queues
from chalicelib.chat.models import assets
from chalicelib.chat.models.bots import Bot
from chalicelib.chat.models.integrations import Integration
from chalicelib.core import clock
from chalicelib.core.errors import NotFound
from chalicelib.identity import public as identity

GONE_DELAY_S = 2


def remove(bot: Bot) -> bool:
    """Delete a bot, its keys, and what it leaves behind; False when it is gone already."""
    # Sent first: a message whose bot is still there does nothing, a deletion without its message would leave data.
    message: dict[str, Any] = {"gone": bot.id, "w": bot.workspace_id, "h": bot.home, "at": clock.now_ms()}
    queue.send(queues.SETUP, message, GONE_DELAY_S)
    is_removed = bot.erase()
    identity.end_subject_keys(bot.workspace_id, f"bot:{bot.id}")
    return is_removed


def remove_integration(item: Integration) -> None:
    """Delete a version of an integration, its keys and its readme. Raises NotFound when it is gone already."""
    if not item.erase():
        raise NotFound("no such integration")
    assets.drop_asset(assets.readme_of(item.workspace_id, item.id))
    identity.end_subject_keys(item.workspace_id, f"integration:{item.id}")

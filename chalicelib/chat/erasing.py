"""What a deleted bot or workspace leaves behind: removed from the queue, page by page; every part can be repeated."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from chalicelib.adapters import blobs, logs, queue
from chalicelib.chat import endings, installing, queues
from chalicelib.chat.models import bots, files, installations, integrations, leftovers
from chalicelib.chat.models.bots import Bot
from chalicelib.chat.models.integrations import Integration
from chalicelib.chat.models.people import Conversation
from chalicelib.chat.models.workspaces import Workspace
from chalicelib.core import clock
from chalicelib.core.errors import NotFound

GRACE_MS = 60_000  # a message is sent before its deletion; one whose thing is still there then was never deleted
FILES_AT_ONCE = 25
Json = dict[str, Any]


def erase_bot(body: Json) -> None:
    """Unregister a deleted bot's integrations, then remove a page of its data, and ask for the next."""
    if bots.place_of(body["gone"]) is not None:
        _wait(body)
        return
    installed = installations.installed_in(body["h"], body["gone"])
    for one in installed[:1]:  # each may keep silent as long as a call may take
        installing.ask(body["w"], one, "unregister")
        one.erase()
    if installed or not (_drop_files(body["h"], body["gone"]) and leftovers.drop_page(body["h"], body["gone"])):
        queue.send(queues.SETUP, body)


def _drop_files(home: str, bot_id: str) -> bool:
    """Remove a page of a bot's files with their contents; True when there was none."""
    found, _ = files.page(home, bot_id, None, FILES_AT_ONCE)
    for item in found:
        blobs.blobs().delete(item.room, item.sha256)
        with suppress(NotFound):
            item.remove()
    return not found


def erase_conversation(body: Json) -> None:
    """Remove a page of what a deleted conversation held, and ask for the next."""
    home, bot_id, conversation_id = body["h"], body["b"], body["goneConversation"]
    if Conversation.get(home, bot_id=bot_id, id=conversation_id) is not None:
        _wait(body)
    elif not leftovers.drop_conversation_page(home, bot_id, conversation_id):
        queue.send(queues.SETUP, body)


def erase_workspace(body: Json) -> None:
    """Delete the bots and integrations of a workspace that is gone."""
    workspace_id = body["goneWorkspace"]
    if Workspace.get(workspace_id) is not None:
        _wait(body)
        return
    for bot_id in bots.bot_ids(workspace_id):
        bot = Bot.get(workspace_id, id=bot_id)
        if bot is not None:
            endings.remove(bot)
    for integration_id in integrations.integration_ids(workspace_id):
        item = Integration.get(workspace_id, id=integration_id)
        if item is not None:
            with suppress(NotFound):
                endings.remove_integration(item)


def _wait(body: Json) -> None:
    if clock.now_ms() - body["at"] < GRACE_MS:
        queue.send(queues.SETUP, body, endings.GONE_DELAY_S)
    else:
        logs.log("chat.not_deleted", kind=next(name for name in body if name.startswith("gone")))

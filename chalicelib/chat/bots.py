"""Bots: made, changed, listed, given away and deleted by whoever administers a workspace."""

from __future__ import annotations

import copy
from typing import Any

from chalicelib.chat import access, calling, definitions, endings, installing, recurring, sealing, workspaces
from chalicelib.chat.models import bots, installations, log_lines
from chalicelib.chat.models.bots import Bot
from chalicelib.chat.models.installations import Installation
from chalicelib.chat.schemas import sent
from chalicelib.chat.wire import PAGE, after, iso, meta
from chalicelib.core.call import Call
from chalicelib.core.errors import AlreadyExists, Forbidden, InvalidInput, NotFound, VersionConflict
from chalicelib.identity import public as identity

_ATTEMPTS = 6
Json = dict[str, Any]


def create(call: Call) -> Json:
    """Make a bot. Raises InvalidInput, TooLarge."""
    workspace_id, body = access.workspace_of(call), sent(call.body)
    bot_id = call.new_id("bot")
    bot = Bot.new(workspace_id, id=bot_id, by=call.caller.key_id, home=workspace_id, dev=body.get("dev") is True)
    bot.name = f"bot-{bot_id[-12:]}"
    secrets: Json = {"signingSecret": sealing.new_secret(), "data": {}}
    definitions.apply_to_bot(bot, body, secrets)
    sealing.seal_bot(bot, secrets)
    try:
        bot.create([*recurring.writes(bot, {}), *workspaces.check_writes(call, workspace_id)])
    except AlreadyExists:
        if call.idempotency_key is None:
            raise
        bot = Bot.find(workspace_id, id=bot_id)
    recurring.send_soon(bot, {})
    return {"bot": view(bot, [])}


def update(call: Call) -> Json:
    """Merge what was sent into a bot; what it says of integrations is carried out from the queue.

    Raises NotFound, InvalidInput, Conflict, TooLarge, VersionConflict.
    """
    body = sent(call.body)
    for _ in range(_ATTEMPTS):
        bot = access.administered_bot(call, call.path["id"])
        before = copy.deepcopy(bot.recurring_events)
        secrets = sealing.open_bot(bot)
        old_data = secrets["data"]
        definitions.apply_to_bot(bot, body, secrets)
        if secrets["data"] != old_data:
            sealing.seal_bot(bot, secrets)
        orders = installing.plan(bot, body.get("integrations") or {})
        try:
            bot.save(by=call.caller.key_id, also=[*orders.writes, *recurring.writes(bot, before)])
        except (VersionConflict, AlreadyExists):
            continue
        orders.send()
        recurring.send_soon(bot, before)
        return {"bot": view(bot, installations.installed_in(bot.home, bot.id))}
    raise VersionConflict("the bot keeps changing; try again")


def read(call: Call) -> Json:
    """Show a bot. Raises NotFound."""
    bot = access.administered_bot(call, call.path["id"])
    return {"bot": view(bot, installations.installed_in(bot.home, bot.id))}


def list_page(call: Call) -> Json:
    """List the bots of a workspace, the newest first."""
    workspace_id = access.workspace_of(call)
    found, position = bots.bots_page(workspace_id, after(call, workspace_id), PAGE)
    return {"bots": [summary(one) for one in found], "meta": meta(call, workspace_id, position)}


def delete(call: Call) -> Json:
    """Delete a bot at once; its data follow from the queue. Raises NotFound."""
    bot = access.administered_bot(call, call.path["id"])
    if not endings.remove(bot):
        raise NotFound(access.NO_BOT)
    return {}


def transfer(call: Call) -> Json:
    """Give a bot to another workspace the caller sees; its keys end. Raises NotFound, InvalidInput, Forbidden."""
    bot = access.administered_bot(call, call.path["id"])
    target = call.body.target_workspace_id
    if not workspaces.is_seen(call, target):
        raise InvalidInput.at("body.targetWorkspaceId", "there is no such workspace", "reference")
    if target == bot.workspace_id:
        return {}
    if call.caller.subject:
        raise Forbidden("only people give bots away")
    old_workspace = bot.workspace_id
    bot.move(target, workspaces.check_writes(call, target))
    identity.end_subject_keys(old_workspace, f"bot:{bot.id}")
    return {}


def read_logs(call: Call) -> Json:
    """Show the newest log lines of a bot. Raises NotFound."""
    bot = access.administered_bot(call, call.path["id"])
    return {"logs": log_view(bot.home, bot.id)}


def log_view(home: str, owner_id: str) -> list[Json]:
    """Render log lines."""
    lines = log_lines.lines_of(home, owner_id)
    return [{"timestamp": iso(line["at"]), "level": line["level"], "message": line["message"]} for line in lines]


def make_key(call: Call) -> Json:
    """Make a key that acts as this bot, shown this once. Raises NotFound."""
    bot = access.administered_bot(call, call.path["id"])
    key_id, text = identity.make_subject_key(bot.workspace_id, f"bot:{bot.id}", bot.name, call.caller)
    return {"clientKey": key_id, "token": text}


def summary(bot: Bot) -> Json:
    """Render a bot as lists show it."""
    shown = {"id": bot.id, "createdAt": iso(bot.inserted_at), "updatedAt": iso(bot.updated_at), "name": bot.name}
    return shown if bot.deployed_at is None else {**shown, "deployedAt": iso(bot.deployed_at)}


def view(bot: Bot, installed: list[Installation]) -> Json:
    """Render a bot; its tags stand in both spellings."""
    secrets = sealing.open_bot(bot)
    configuration: Json = {"data": secrets["data"]}
    if bot.configuration_schema is not None:
        configuration["schema"] = bot.configuration_schema
    shown: Json = {
        **summary(bot),
        "signingSecret": secrets["signingSecret"],
        "integrations": {one.id: installation_view(one) for one in installed if not one.removing or one.reason},
        "states": bot.states,
        "tags": {kind: list(tags) for kind, tags in bot.tags.items()},
        "user": {"tags": bot.tags["users"]},
        "conversation": {"tags": bot.tags["conversations"]},
        "message": {"tags": bot.tags["messages"]},
        "configuration": configuration,
        "events": bot.events,
        "recurringEvents": bot.recurring_events,
        "dev": bot.dev,
        "medias": bot.medias,
    }
    if bot.created_by:
        shown["createdBy"] = bot.created_by
    if bot.code is not None and not bot.runs_code:
        shown["codeNote"] = definitions.CODE_NOTE
    return shown


def installation_view(one: Installation) -> Json:
    """Render an installed integration."""
    return {
        "enabled": one.enabled,
        "name": one.name,
        "version": one.version,
        "webhookUrl": calling.webhook_url(one.webhook_id),
        "configuration": sealing.open_configuration(one),
        "status": one.status,
        "statusReason": one.reason,
    }

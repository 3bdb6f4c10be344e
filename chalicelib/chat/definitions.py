"""What bots and integrations declare: read from a body, checked, and merged into what is stored."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

import orjson

from chalicelib.adapters import blobs, http_client
from chalicelib.chat import checking, rules
from chalicelib.chat.models.bots import Bot
from chalicelib.chat.models.integrations import Integration
from chalicelib.core import clock
from chalicelib.core.errors import AddressRefused, InvalidInput, TooLarge

MAX_ITEM_BYTES = 300_000
MAX_RECURRING = 5
MAX_TAGS = 50
MAX_PAYLOAD_BYTES = 131_072
MAX_CHANNELS, MAX_EVENTS, MAX_KINDS = 10, 20, 20
CODE_NOTE = (
    "This code is stored and does not run here: it declares no `function handler(request)`. "
    "Give the url of a dev bot or dev integration, or code of that form."
)
_LATER_SPELLING = {"users": "user", "conversations": "conversation", "messages": "message"}
Json = dict[str, Any]


def apply_to_bot(bot: Bot, sent: Json, secrets: Json) -> None:
    """Merge a body into a bot; `secrets` takes the configuration's data. Raises InvalidInput, TooLarge."""
    for field, wire in (("states", "states"), ("events", "events"), ("recurring_events", "recurringEvents")):
        checking.check_definitions(sent.get(wire), f"body.{wire}")
        setattr(bot, field, rules.merged(getattr(bot, field), sent.get(wire)))
    _check_recurring(bot, sent.get("recurringEvents") or {})
    _apply_bot_tags(bot, sent)
    _apply_configuration(bot, sent.get("configuration") or {}, secrets)
    for field in ("name", "medias", "authentication", "blocked"):
        if sent.get(field) is not None:
            setattr(bot, field, sent[field])
    if sent.get("url") is not None:
        bot.url = _url(sent["url"], is_dev=bot.dev)
    if sent.get("code") is not None:
        bot.code, bot.runs_code = _code(bot.home, sent["code"])
        bot.deployed_at = clock.now_ms()
    _check_size(bot)


def apply_to_integration(item: Integration, sent: Json) -> None:
    """Merge a body into an integration. Raises InvalidInput, TooLarge."""
    for field in ("states", "events", "actions"):
        checking.check_definitions(sent.get(field), f"body.{field}")
        setattr(item, field, rules.merged(getattr(item, field), sent.get(field)))
    _apply_channels(item, sent.get("channels") or {})
    user = sent.get("user") or {}
    names = (sent.get("tags") or {}).get("users")
    checking.check_names([*(names or ()), *(user.get("tags") or ())], "body.user.tags")
    item.tags = rules.tags_merged(item.tags, names, user.get("tags"))
    if user.get("creation") is not None:
        item.creation = user["creation"]
    if sent.get("configuration") is not None:
        checking.check_schema(sent["configuration"]["schema"], "body.configuration.schema")
        item.configuration_schema = sent["configuration"]["schema"]
    for field in ("title", "description", "public"):
        if sent.get(field) is not None:
            setattr(item, field, sent[field])
    if sent.get("url") is not None:
        item.url = _url(sent["url"], is_dev=item.dev)
    if sent.get("code") is not None:
        item.code, item.runs_code = _code(item.workspace_id, sent["code"])
    _check_most(item.events, MAX_EVENTS, "body.events")
    _check_size(item)


def decoded(text: str, where: str, max_bytes: int) -> bytes:
    """Read base64. Raises InvalidInput, TooLarge."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidInput.at(where, "must be base64", "encoding") from error
    if len(data) > max_bytes:
        raise TooLarge(f"{where.removeprefix('body.')} may have {max_bytes} bytes")
    return data


def _check_recurring(bot: Bot, sent: Mapping[str, Any]) -> None:
    """Hold recurring events to what a bot's own events must be: their type travels in a header, and may be declared."""
    _check_most(bot.recurring_events, MAX_RECURRING, "body.recurringEvents")
    for name, definition in sent.items():
        if definition is None:
            continue
        where = f"body.recurringEvents.{name}"
        rules.check_identifier(definition["type"], f"{where}.type")
        declared = bot.events.get(definition["type"])
        if declared is not None:
            checking.check_data(declared["schema"], definition["payload"], f"{where}.payload")
        if len(orjson.dumps(definition["payload"])) > MAX_PAYLOAD_BYTES:
            raise TooLarge(f"a recurring event's payload may have {MAX_PAYLOAD_BYTES} bytes")


def _apply_bot_tags(bot: Bot, sent: Json) -> None:
    lists = sent.get("tags") or {}
    made = {}
    for kind, later in _LATER_SPELLING.items():
        definitions = (sent.get(later) or {}).get("tags")
        checking.check_names([*(lists.get(kind) or ()), *(definitions or ())], f"body.{later}.tags")
        made[kind] = rules.tags_merged(bot.tags.get(kind, {}), lists.get(kind), definitions)
    bot.tags = made
    if sum(len(tags) for tags in made.values()) > MAX_TAGS:
        raise InvalidInput.at("body.tags", f"a bot may declare {MAX_TAGS} tags", "too_many")


def _apply_configuration(bot: Bot, sent: Json, secrets: Json) -> None:
    if sent.get("schema") is not None:
        checking.check_schema(sent["schema"], "body.configuration.schema")
        bot.configuration_schema = sent["schema"]
    if sent.get("data") is None:
        return
    if bot.configuration_schema is not None:
        checking.check_data(bot.configuration_schema, sent["data"], "body.configuration.data")
    from chalicelib.chat.installing import MAX_SETTINGS_BYTES

    if len(orjson.dumps(sent["data"])) > MAX_SETTINGS_BYTES:
        raise TooLarge(f"configuration.data may have {MAX_SETTINGS_BYTES} bytes")
    secrets["data"] = sent["data"]


def _apply_channels(item: Integration, sent: Mapping[str, Any]) -> None:
    checking.check_definitions(sent, "body.channels")
    channels = dict(item.channels)
    for name, channel in sent.items():
        if channel is None:
            channels.pop(name, None)
            continue
        if name not in channels and "messages" not in channel:
            raise InvalidInput.at(f"body.channels.{name}.messages", "is required", "missing")
        channels[name] = rules.channel_merged(channels.get(name), channel)
        for kind, tags in channels[name]["tags"].items():
            checking.check_names(tags, f"body.channels.{name}.tags.{kind}")
        _check_most(channels[name]["messages"], MAX_KINDS, f"body.channels.{name}.messages")
    _check_most(channels, MAX_CHANNELS, "body.channels")
    item.channels = channels


def _url(url: str, *, is_dev: bool) -> str:
    if not is_dev:
        raise InvalidInput.at("body.url", "is for dev bots and dev integrations", "not_dev")
    try:
        return http_client.check_url(url)
    except (InvalidInput, AddressRefused) as error:
        message = error.message.removeprefix("url: ")
        raise InvalidInput.at("body.url", message, "url") from error


def _code(workspace_id: str, code: str) -> tuple[str | None, bool]:
    if not code:
        return None, False
    return blobs.blobs().put(workspace_id, code.encode()), rules.has_handler(code)


def _check_most(found: Mapping[str, Any], most: int, where: str) -> None:
    if len(found) > most:
        raise InvalidInput.at(where, f"may hold {most}", "too_many")


def _check_size(item: Bot | Integration) -> None:
    if len(orjson.dumps(item.to_row()["doc"])) > MAX_ITEM_BYTES:
        raise TooLarge(f"the definitions together may have {MAX_ITEM_BYTES} bytes")

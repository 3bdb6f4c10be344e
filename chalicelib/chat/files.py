"""Files: uploaded in base64, kept whole, downloaded as they were."""

from __future__ import annotations

import mimetypes
from typing import Any
from urllib.parse import quote

from chalicelib.adapters import blobs
from chalicelib.chat import access, definitions
from chalicelib.chat.models import bots, files
from chalicelib.chat.models.bots import Bot
from chalicelib.chat.models.files import PUBLIC, File
from chalicelib.chat.wire import PAGE, after, iso, meta
from chalicelib.core import ids
from chalicelib.core.call import Call
from chalicelib.core.config import settings
from chalicelib.core.errors import AlreadyExists, InvalidInput, NotFound, TooLarge
from chalicelib.edge.route import Answer

MAX_BYTES = 10 * 1_048_576
LINK_S = 300
# What a browser may show in place; anything else, HTML above all, is only offered for saving.
SHOWN = frozenset(
    {"image/png", "image/jpeg", "image/gif", "audio/mpeg", "audio/ogg", "audio/wav", "audio/webm", "video/mpeg",
     "video/ogg", "video/webm"}
)  # fmt: skip
PLAIN = "application/octet-stream"
Json = dict[str, Any]


def create(call: Call) -> Json:
    """Store a file. Raises InvalidInput for an unknown bot or text that is not base64, TooLarge."""
    most_bytes = settings().chat_files_bytes
    sent = call.body
    try:
        bot = access.bot_at_runtime(call, sent.bot_id)
    except NotFound as error:
        raise InvalidInput.at("body.botId", "there is no such bot", "reference") from error
    data = definitions.decoded(sent.contents, "body.contents", MAX_BYTES)
    if files.used_bytes(bot.home, bot.id) + len(data) > most_bytes:  # before its content is anywhere
        raise files.full(most_bytes)
    minted = ids.new_ordered_uuid() if call.idempotency_key is None else call.new_id("file")
    item = File.new(
        bot.home,
        id=f"{minted}.{bot.id}",
        by=call.caller.key_id,
        bot_id=bot.id,
        name=sent.name,
        access_type=sent.access_type,
        size_bytes=len(data),
    )
    item.sha256 = blobs.blobs().put(item.room, data)
    try:
        files.store(item, most_bytes)
    except AlreadyExists:
        if call.idempotency_key is None:
            raise
    except TooLarge:  # another upload was faster
        blobs.blobs().delete(item.room, item.sha256)
        raise
    return {"file": view(item)}


def read(call: Call) -> Json:
    """Show what is known of a file. Raises NotFound."""
    return {"file": view(_find(call))}


def list_page(call: Call) -> Json:
    """List the files of a bot, the newest first. Raises InvalidInput without a bot, NotFound."""
    bot = access.bot_at_runtime(call, call.required_query("botId"))
    found, more = files.page(bot.home, bot.id, after(call, bot.home, bot.id), PAGE)
    return {"files": [view(one) for one in found], "meta": meta(call, bot.home, more, bot.id)}


def delete(call: Call) -> Json:
    """Delete a file. Raises NotFound."""
    item = _find(call)
    files.drop(item)
    blobs.blobs().delete(item.room, item.sha256)
    return {}


def download(call: Call) -> Answer:
    """Give a file's content to who may act in its bot. Raises NotFound."""
    return _content(_find(call))


def show_public(call: Call) -> Answer:
    """Give a public file's content to anybody. Raises NotFound."""
    place = bots.place_of(files.bot_of(call.path["id"]))
    item = None if place is None else _get(place[1], call.path["id"])
    if item is None or item.access_type != PUBLIC:
        raise NotFound("no such file")
    return _content(item)


def view(item: File) -> Json:
    """Render a file; only a public one has an address that needs no token."""
    shown: Json = {
        "id": item.id,
        "botId": item.bot_id,
        "name": item.name,
        "accessType": item.access_type,
        "createdAt": iso(item.inserted_at),
        "size": item.size_bytes,
    }
    if item.access_type == PUBLIC:
        shown["publicUrl"] = f"{settings().public_url}/v1/storage/public/{item.id}"
    return shown


def _find(call: Call) -> File:
    file_id = call.path["id"]
    bot: Bot | None = access.bot_at_runtime(call, files.bot_of(file_id)) if files.bot_of(file_id) else None
    item = None if bot is None else _get(bot.home, file_id)
    if item is None:
        raise NotFound("no such file")
    return item


def _get(home: str, file_id: str) -> File | None:
    return File.get(home, bot_id=files.bot_of(file_id), id=file_id)


def _content(item: File) -> Answer:
    """Send the bytes, or to where they are: the gateway leaves binary answers in base64 for most clients."""
    kind = mimetypes.guess_type(item.name)[0] or PLAIN
    kind, manner = (kind, "inline") if kind in SHOWN else (PLAIN, "attachment")
    disposition = f"{manner}; filename*=UTF-8''{quote(item.name, safe='')}"
    address = blobs.blobs().address(item.room, item.sha256, LINK_S, quote(item.name, safe=" "), kind)
    if address is not None:
        return Answer({}, 302, {"Location": address, "Cache-Control": "no-store"})
    headers = {
        "Content-Type": kind,
        "Content-Disposition": disposition,
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "raw": "1",
    }
    return Answer(blobs.blobs().get(item.room, item.sha256), 200, headers)

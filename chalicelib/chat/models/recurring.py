"""Recurring events: each lies with its bot and is due when it comes next."""

from __future__ import annotations

from typing import Any

from chalicelib.chat.models.timers import DUE
from chalicelib.durable import due
from chalicelib.storage.table import Key, Write
from chalicelib.storage.tables import CHAT


def key_of(home: str, bot_id: str, name: str) -> Key:
    """Say where a recurring event lies."""
    return Key(f"{home}#R#{bot_id}", name)


def put_write(home: str, bot_id: str, name: str, doc: dict[str, Any], next_ms: int, now_ms: int) -> Write:
    """Give the write that stores a recurring event, to come next at a time; whoever held the old one has lost it."""
    key = key_of(home, bot_id, name)
    timer = due.at(DUE, key, next_ms, now_ms)
    # The fence begins at the time, far above whatever the row before it had come to.
    row = {**key._asdict(), "rev": 0, "doc": doc, "slot": next_ms, "fence": now_ms, **timer.attributes}
    return Write(CHAT, row=row)


def drop_write(home: str, bot_id: str, name: str) -> Write:
    """Give the write that ends a recurring event."""
    return Write(CHAT, key=key_of(home, bot_id, name))


def message(pk: str, sk: str) -> dict[str, Any]:
    """Make the message that lets a recurring event come, out of its key."""
    return {"b": pk.partition("#R#")[2], "r": sk}

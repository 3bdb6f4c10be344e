"""Who has a tag with a value: one row for each, in order of creation."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

from chalicelib.storage.table import Key, Write
from chalicelib.storage.tables import CHAT


def key_of(home: str, bot_id: str, kind: str, name: str, value: str, item_id: str) -> Key:
    """Say where the row lies that finds an object by a tag."""
    text = f"{len(name)}:{name}|{value}"
    return Key(f"{home}#T#{bot_id}#{kind}#{hashlib.sha256(text.encode()).hexdigest()[:32]}", item_id)


def rows(home: str, bot_id: str, kind: str, tags: Mapping[str, str], item_id: str) -> list[dict[str, object]]:
    """Build the rows of a new object."""
    keys = [key_of(home, bot_id, kind, name, value, item_id) for name, value in tags.items()]
    return [{**key._asdict(), "rev": 0, "doc": {}} for key in keys]


def keys(home: str, bot_id: str, kind: str, tags: Mapping[str, str], item_id: str) -> list[Key]:
    """Say where the rows of an object lie."""
    return [key_of(home, bot_id, kind, name, value, item_id) for name, value in tags.items()]


def change_writes(
    home: str, bot_id: str, kind: str, item_id: str, before: Mapping[str, str], after: Mapping[str, str]
) -> list[Write]:
    """Give the writes that bring the rows from what an object's tags were to what they are."""
    gone = {name: value for name, value in before.items() if after.get(name) != value}
    new = {name: value for name, value in after.items() if before.get(name) != value}
    return [
        *(Write(CHAT, key=key) for key in keys(home, bot_id, kind, gone, item_id)),
        *(Write(CHAT, row=dict(row)) for row in rows(home, bot_id, kind, new, item_id)),
    ]


def ids_page(
    home: str, bot_id: str, kind: str, tag: tuple[str, str], after: str | None, limit: int
) -> tuple[list[str], str | None]:
    """Read ids of objects with a tag, the newest first, and after which to go on."""
    pk = key_of(home, bot_id, kind, *tag, "").pk
    page = CHAT.query(pk, after=None if after is None else Key(pk, after), limit=limit, newest_first=True)
    return [row["sk"] for row in page.rows], None if page.after is None else page.after.sk


def put_writes(found: Iterable[Mapping[str, object]]) -> list[Write]:
    """Make writes of rows, for a transaction."""
    return [Write(CHAT, row=dict(row)) for row in found]

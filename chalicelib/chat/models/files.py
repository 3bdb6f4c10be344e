"""Files of a bot; each id ends with the bot's, because the paths of files name no bot."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.storage.item import Item
from chalicelib.storage.table import Key
from chalicelib.storage.tables import CHAT

PUBLIC, PRIVATE = "public", "private"


@dataclass(kw_only=True)
class File(Item):
    """A stored file; the workspace is the bot's home, `sha256` names its content."""

    TABLE, NOUN = CHAT, "file"
    PARTITION, SORT = "F#{bot_id}", "{id}"

    bot_id: str
    name: str = ""
    access_type: str = PRIVATE
    size_bytes: int = 0
    sha256: str = ""

    @property
    def room(self) -> str:
        """The place of its content: no other file shares it, so it can go with the file."""
        return room_of(self.workspace_id, self.id)


def room_of(home: str, file_id: str) -> str:
    """Name the place of a file's content."""
    return f"{home}|file|{file_id}"


def bot_of(file_id: str) -> str:
    """Read out of a file's id whose it is; empty for what is no such id."""
    return file_id.partition(".")[2]


def page(home: str, bot_id: str, after: str | None, limit: int) -> tuple[list[File], str | None]:
    """Read a page of a bot's files, the newest first, and after which to go on."""
    pk = f"{home}#F#{bot_id}"
    found = CHAT.query(pk, after=None if after is None else Key(pk, after), limit=limit, newest_first=True)
    return [File.from_row(row) for row in found.rows], None if found.after is None else found.after.sk

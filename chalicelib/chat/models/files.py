"""Files of a bot; each id ends with the bot's, because the paths of files name no bot. How much they are is counted."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.core import ids
from chalicelib.core.errors import AlreadyExists, NotFound, TooLarge
from chalicelib.storage.expressions import ABSENT, PRESENT, Change, Condition, Missing, le
from chalicelib.storage.item import Item
from chalicelib.storage.table import Key, TransactionFailed, Write, transact_again
from chalicelib.storage.tables import CHAT

PUBLIC, PRIVATE = "public", "private"
_ATTEMPTS = 8  # two uploads for one bot may meet at its count


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


def used_bytes(home: str, bot_id: str) -> int:
    """Say how many bytes a bot's files have together."""
    row = CHAT.get(_count(home, bot_id))
    return 0 if row is None else int(row["n"])


def store(item: File, most_bytes: int) -> None:
    """Store a new file and count it. Raises AlreadyExists, TooLarge where the bot's files would be more together."""
    fits: Condition = Missing("n") | le("n", most_bytes - item.size_bytes)
    count = _counting(item, item.size_bytes, fits)
    try:
        transact_again([item.change_if(ABSENT), count], ids.secret_text(24), _ATTEMPTS)
    except TransactionFailed as failed:
        if 0 in failed.failed:
            raise AlreadyExists("a file with this id exists") from None
        raise full(most_bytes) from None


def full(most_bytes: int) -> TooLarge:
    """Build the error for a file that does not fit beside the others."""
    return TooLarge(f"the files of a bot may have {most_bytes} bytes together; delete some")


def drop(item: File) -> None:
    """Delete a file and count it no more. Raises NotFound."""
    try:
        transact_again(
            [Write(CHAT, PRESENT, key=item.own_key()), _counting(item, -item.size_bytes)],
            ids.secret_text(24),
            _ATTEMPTS,
        )
    except TransactionFailed:
        raise NotFound("no such file") from None


def _counting(item: File, size_bytes: int, condition: Condition | None = None) -> Write:
    return Write(CHAT, condition, key=_count(item.workspace_id, item.bot_id), change=Change(add={"n": size_bytes}))


def _count(home: str, bot_id: str) -> Key:
    return Key(f"{home}#FN#{bot_id}", "bytes")


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

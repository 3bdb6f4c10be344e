"""Users and conversations of a bot: each kind in one partition, in order of creation, found by id and listed there."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import ClassVar, Self

from chalicelib.chat.models import tag_rows
from chalicelib.core import clock, ids
from chalicelib.core.errors import NotFound, VersionConflict
from chalicelib.storage.expressions import ABSENT, PRESENT, Condition, Row, eq
from chalicelib.storage.item import Item
from chalicelib.storage.table import ConditionFailed, Key, TransactionFailed, Write, transact
from chalicelib.storage.tables import CHAT

USERS, CONVERSATIONS, MESSAGES = "users", "conversations", "messages"


@dataclass(kw_only=True)
class Tagged(Item):
    """What has tags, belongs to a bot, and mostly to one integration in it; the workspace is the bot's home.

    `integration_id` is empty for what the bot made for itself.
    """

    KIND: ClassVar[str]

    bot_id: str
    integration_id: str = ""
    integration: str = ""
    tags: dict[str, str] = field(default_factory=dict)

    def attributes(self) -> Row:
        """Let lists be narrowed to one integration."""
        return {"i": self.integration_id}

    def tag_rows(self) -> list[Row]:
        """Build the rows that find it by its tags."""
        return [dict(row) for row in tag_rows.rows(self.workspace_id, self.bot_id, self.KIND, self.tags, self.id)]

    def put(self) -> None:
        """Store it, new, with its tag rows; one of this id is an earlier run's of the same call. Raises Unavailable."""
        found = self.tag_rows()
        if not found:
            with suppress(ConditionFailed):
                self.TABLE.put(self.to_row(), ABSENT)
        else:
            CHAT.write_many([self.to_row(), *found])

    def put_guarded(self, guard: Write, also: list[Write]) -> bool:
        """Store it under a guard; False when the guard refuses. Raises Unavailable."""
        writes = [guard, self.change_if(ABSENT), *tag_rows.put_writes(self.tag_rows()), *also]
        try:
            transact(writes, ids.secret_text(24))
        except TransactionFailed:
            return False
        return True

    def retag(self, before: dict[str, str], also: list[Write]) -> None:
        """Store the changed item and its tag rows. Raises VersionConflict, NotFound."""
        seen, self.revision, self.updated_at = self.revision, self.revision + 1, clock.now_ms()
        changes = tag_rows.change_writes(self.workspace_id, self.bot_id, self.KIND, self.id, before, self.tags)
        unchanged = PRESENT & eq("rev", seen)
        try:
            if changes or also:
                transact([self.change_if(unchanged), *changes, *also], ids.secret_text(24))
            else:
                self.TABLE.put(self.to_row(), unchanged)
        except (TransactionFailed, ConditionFailed) as refused:
            row = refused.failed.get(0) if isinstance(refused, TransactionFailed) else refused.row
            if row is None:
                raise NotFound(f"no such {self.NOUN}") from None
            raise VersionConflict(f"the {self.NOUN} changed meanwhile") from None

    def drop(self, also: list[Key]) -> None:
        """Delete it with its tag rows. Raises NotFound when it is gone already."""
        try:
            self.TABLE.delete(self.own_key(), PRESENT)
        except ConditionFailed:
            raise NotFound(f"no such {self.NOUN}") from None
        found = tag_rows.keys(self.workspace_id, self.bot_id, self.KIND, self.tags, self.id)
        if found or also:
            CHAT.write_many(deletes=[*found, *also])

    @classmethod
    def page(
        cls, home: str, bot_id: str, after: str | None, limit: int, condition: Condition | None = None
    ) -> tuple[list[Self], str | None]:
        """Read a page, the newest first, and after which to go on."""
        pk = f"{home}#{cls.PARTITION.format(bot_id=bot_id)}"
        start = None if after is None else Key(pk, after)
        found = CHAT.query(pk, after=start, limit=limit, newest_first=True, condition=condition)
        return [cls.from_row(row) for row in found.rows], None if found.after is None else found.after.sk

    @classmethod
    def many(cls, home: str, bot_id: str, wanted: list[str]) -> dict[str, Self]:
        """Read those that are there, by id."""
        keys = [cls.key(home, bot_id=bot_id, id=one) for one in wanted]
        rows = CHAT.get_many(keys, consistent=True)
        return {one: cls.from_row(rows[key]) for one, key in zip(wanted, keys, strict=True) if key in rows}


@dataclass(kw_only=True)
class User(Tagged):
    """Somebody as seen by one integration."""

    TABLE, NOUN, KIND = CHAT, "user", USERS
    PARTITION, SORT = "U#{bot_id}", "{id}"


@dataclass(kw_only=True)
class Conversation(Tagged):
    """An exchange on one channel of one integration. `owner` is the workspace the integration lies in."""

    TABLE, NOUN, KIND = CHAT, "conversation", CONVERSATIONS
    PARTITION, SORT = "C#{bot_id}", "{id}"

    channel: str = ""
    owner: str = ""
    participants: list[str] = field(default_factory=list)


# --- who takes part -----------------------------------------------------------------------------------------------


def part_key(home: str, bot_id: str, user_id: str, conversation_id: str) -> Key:
    """Say where it stands that a user takes part in a conversation."""
    return Key(f"{home}#P#{bot_id}#{user_id}", conversation_id)


def part_writes(item: Conversation, before: list[str]) -> list[Write]:
    """Give the writes that bring these rows from the participants before to those now."""

    def key(user_id: str) -> Key:
        return part_key(item.workspace_id, item.bot_id, user_id, item.id)

    gone = [Write(CHAT, key=key(one)) for one in before if one not in item.participants]
    new = [one for one in item.participants if one not in before]
    return [*gone, *(Write(CHAT, row={**key(one)._asdict(), "rev": 0, "doc": {}}) for one in new)]


def conversations_of(
    home: str, bot_id: str, user_id: str, after: str | None, limit: int
) -> tuple[list[str], str | None]:
    """Read ids of the conversations a user takes part in, the newest first, and after which to go on."""
    pk = f"{home}#P#{bot_id}#{user_id}"
    page = CHAT.query(pk, after=None if after is None else Key(pk, after), limit=limit, newest_first=True)
    return [row["sk"] for row in page.rows], None if page.after is None else page.after.sk


# --- guards of get-or-create --------------------------------------------------------------------------------------


def guard_key(home: str, bot_id: str, name: str) -> Key:
    """Say where the guard of a set of tags lies."""
    return Key(f"{home}#G#{bot_id}", name)


def guarded_id(key: Key) -> str | None:
    """Read which object a set of tags made, or None."""
    row = CHAT.get(key)
    return None if row is None else str(row["of"])


def guard_write(key: Key, item_id: str, instead_of: str | None) -> Write:
    """Give the write that lets one object only come of a set of tags."""
    row: Row = {**key._asdict(), "rev": 0, "of": item_id, "doc": {}}
    return Write(CHAT, ABSENT if instead_of is None else eq("of", instead_of), row=row)

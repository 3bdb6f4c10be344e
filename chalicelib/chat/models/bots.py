"""Bots: each lies in its workspace, is listed there, and is found from its id alone by a directory row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from chalicelib.core import ids
from chalicelib.core.errors import Unavailable, VersionConflict
from chalicelib.storage.expressions import ABSENT, PRESENT, Row, eq
from chalicelib.storage.item import DEPLOYMENT, Item
from chalicelib.storage.table import Key, Page, TransactionFailed, Write, transact
from chalicelib.storage.tables import CHAT

_LOOKS = 3
KINDS = ("users", "conversations", "messages")  # what a bot or an integration declares tags on


@dataclass(kw_only=True)
class Bot(Item):
    """A bot. `home` is the workspace its data lie in; `sealed` holds its signing secret and its configuration's data.

    `tags` maps kind to name to definition; `code` names the blob of its JavaScript.
    """

    TABLE, NOUN = CHAT, "bot"
    PARTITION, SORT = "BOT#{id}", "B"

    home: str
    name: str = ""
    dev: bool = False
    url: str | None = None
    authentication: str | None = None
    blocked: bool = False
    states: dict[str, Any] = field(default_factory=dict)
    events: dict[str, Any] = field(default_factory=dict)
    recurring_events: dict[str, Any] = field(default_factory=dict)
    tags: dict[str, dict[str, Any]] = field(default_factory=lambda: {kind: {} for kind in KINDS})
    configuration_schema: dict[str, Any] | None = None
    medias: list[dict[str, Any]] = field(default_factory=list)
    code: str | None = None
    runs_code: bool = False
    deployed_at: int | None = None
    sealed: str = ""

    def listing(self) -> Key:
        """Say where the row lies that lists this bot, in order of creation."""
        return Key(f"{self.workspace_id}#BOTS", self.id)

    def place_writes(self) -> list[Write]:
        """Give the writes that list the bot and let it be found from its id."""
        return [
            Write(CHAT, row={**self.listing()._asdict(), "rev": 0, "doc": {}}),
            Write(
                CHAT, row={**_directory(self.id)._asdict(), "rev": 0, "doc": {"w": self.workspace_id, "h": self.home}}
            ),
        ]

    def create(self, also: Sequence[Write] = ()) -> None:
        """Store a new bot. Raises AlreadyExists."""
        self.insert([*self.place_writes(), *also])

    def move(self, to_workspace: str, also: Sequence[Write] = ()) -> None:
        """Give the bot to another workspace, in one transaction. Raises VersionConflict."""
        old_key, old_listing, seen = self.own_key(), self.listing(), self.revision
        self.workspace_id, self.revision = to_workspace, self.revision + 1
        writes = [
            Write(CHAT, eq("rev", seen), key=old_key),
            Write(CHAT, ABSENT, row=self.to_row()),
            Write(CHAT, key=old_listing),
            *self.place_writes(),
            *also,
        ]
        try:
            transact(writes, ids.secret_text(24))
        except TransactionFailed:
            raise VersionConflict("the bot changed meanwhile; try again") from None

    def erase(self) -> bool:
        """Delete the bot at once; False when it is gone already. Its data follow from the queue."""
        writes = [
            Write(CHAT, PRESENT, key=self.own_key()),
            Write(CHAT, key=self.listing()),
            Write(CHAT, key=_directory(self.id)),
        ]
        try:
            transact(writes, ids.secret_text(24))
        except TransactionFailed:
            return False
        return True


def place_of(bot_id: str) -> tuple[str, str] | None:
    """Tell in which workspace a bot is, and its home; None for an unknown id."""
    row = CHAT.get(_directory(bot_id)) if bot_id else None
    return None if row is None else (row["doc"]["w"], row["doc"]["h"])


def find_anywhere(bot_id: str) -> Bot | None:
    """Read a bot wherever it is, None when it is gone. Raises Unavailable while it keeps moving."""
    seen = None
    for _ in range(_LOOKS):
        place = place_of(bot_id)
        if place is None or place == seen:
            return None
        found = Bot.get(place[0], id=bot_id)
        if found is not None:
            return found
        seen = place  # it moved, or it ended, between the two reads
    raise Unavailable("the bot keeps moving")


def bots_page(workspace_id: str, after: str | None, limit: int) -> tuple[list[Bot], str | None]:
    """Read a page of a workspace's bots, the newest first, and after which to go on."""
    pk = f"{workspace_id}#BOTS"
    page: Page = CHAT.query(pk, after=None if after is None else Key(pk, after), limit=limit, newest_first=True)
    keys = [Bot.key(workspace_id, id=row["sk"]) for row in page.rows]
    rows: dict[Key, Row] = CHAT.get_many(keys, consistent=True)
    found = [Bot.from_row(rows[key]) for key in keys if key in rows]
    return found, None if page.after is None else page.after.sk


def bot_ids(workspace_id: str) -> list[str]:
    """List the ids of a workspace's bots."""
    return [row["sk"] for row in CHAT.query_all(f"{workspace_id}#BOTS")]


def _directory(bot_id: str) -> Key:
    return Key(f"{DEPLOYMENT}#BOT#{bot_id}", "B")

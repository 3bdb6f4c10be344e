"""Messages: the row itself, the row that lists it in its conversation, and its mark until it was handed over."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from chalicelib.chat.models.people import MESSAGES, Tagged
from chalicelib.core import ids
from chalicelib.durable.due import Timer
from chalicelib.storage.expressions import ABSENT, PRESENT, Change, Condition, Missing, Row
from chalicelib.storage.table import ConditionFailed, Key, TransactionFailed, Write, transact
from chalicelib.storage.tables import CHAT

IN, OUT = "in", "out"  # lanes: to the bot, to the integration
INCOMING, OUTGOING = "incoming", "outgoing"


@dataclass(kw_only=True)
class Message(Tagged):
    """What somebody said. `at_ms` is when it is to be handed over, 0 for at once."""

    TABLE, NOUN, KIND = CHAT, "message", MESSAGES
    PARTITION, SORT = "M#{bot_id}", "{id}"

    conversation_id: str = ""
    user_id: str = ""
    type: str = ""
    direction: str = ""
    payload: dict[str, Any] = field(default_factory=dict)
    at_ms: int = 0

    def attributes(self) -> Row:
        """Let lists be narrowed to one integration, and to what came in."""
        return {**super().attributes(), "d": self.direction}

    @property
    def lane(self) -> str:
        """The way it goes."""
        return IN if self.direction == INCOMING else OUT

    def entry_key(self) -> Key:
        """Say where the row lies that lists it in its conversation."""
        return entry_key(self.workspace_id, self.bot_id, self.conversation_id, self.id)

    def entry(self, timer: Timer | None) -> Row:
        """Build that row, marked until the message was handed over; a timer says not before when."""
        marked: Row = {**self.entry_key()._asdict(), "rev": 0, "doc": {}, "p": self.lane}
        return marked if timer is None else {**marked, **timer.attributes}

    def put_with_entry(self, timer: Timer | None) -> None:
        """Store a new message with all its rows. Raises Unavailable.

        The entry comes last, because batches are not atomic: a lane takes an entry without a message for a deleted one.
        """
        self.put()
        with suppress(ConditionFailed):  # an earlier run of the same call made it, and it may be handed over by now
            CHAT.put(self.entry(timer), ABSENT)

    def put_once(self) -> None:
        """Store a message whose id is derived, unless it is there already."""
        try:
            transact([self.change_if(ABSENT), self.entry_write(None)], ids.secret_text(24))
        except TransactionFailed:
            return

    def entry_write(self, timer: Timer | None) -> Write:
        """Give the write of its entry, for a transaction."""
        return Write(CHAT, row=self.entry(timer))


def entry_key(home: str, bot_id: str, conversation_id: str, item_id: str) -> Key:
    """Say where a conversation lists a message, or keeps an event until it was handed over."""
    return Key(f"{home}#CM#{bot_id}#{conversation_id}", item_id)


def event_entry(home: str, bot_id: str, conversation_id: str, event_id: str, timer: Timer | None) -> Row:
    """Build the row that puts an event into the lane of a conversation."""
    marked: Row = {
        **entry_key(home, bot_id, conversation_id, event_id)._asdict(),
        "rev": 0,
        "doc": {},
        "p": IN,
        "k": "e",
    }
    return marked if timer is None else {**marked, **timer.attributes}


def ids_in(home: str, bot_id: str, conversation_id: str, after: str | None, limit: int) -> tuple[list[str], str | None]:
    """Read ids of a conversation's messages, the newest first, and after which to go on."""
    pk = entry_key(home, bot_id, conversation_id, "").pk
    start = None if after is None else Key(pk, after)
    no_event: Condition = Missing("k")
    page = CHAT.query(pk, after=start, limit=limit, newest_first=True, condition=no_event)
    return [row["sk"] for row in page.rows], None if page.after is None else page.after.sk


def unmark(key: Key) -> None:
    """Note that an entry was handed over; one that is gone is no error."""
    try:
        CHAT.update(key, Change(remove=("p", "due", "dueB", "dueK")), PRESENT)
    except ConditionFailed:
        return


def entry_message(pk: str, sk: str) -> dict[str, Any]:
    """Make the message that has an entry handed over, out of its key."""
    bot_id, _, conversation_id = pk.partition("#CM#")[2].partition("#")
    return {"b": bot_id, "c": conversation_id, "m": sk}

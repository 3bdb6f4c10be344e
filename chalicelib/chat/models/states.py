"""States: named values of a bot, a user, a conversation or an integration; due when nobody touches them any more."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from chalicelib.chat.models.timers import DUE
from chalicelib.durable import due
from chalicelib.durable.due import Timer
from chalicelib.storage.expressions import ABSENT, PRESENT, Condition, Row, eq
from chalicelib.storage.item import Item
from chalicelib.storage.table import ConditionFailed, Key
from chalicelib.storage.tables import CHAT

OF_BOT = "-"


@dataclass(kw_only=True)
class State(Item):
    """A value. `type` and `of` say what it hangs on, `owner` is the integration that declared it, or the bot.

    `ends_at` is when it expires (ms), 0 for never; `expiry_ms` is how long it stays after each write.
    """

    TABLE, NOUN = CHAT, "state"
    PARTITION, SORT = "S#{bot_id}#{type}#{of}", "{owner}#{name}"

    bot_id: str
    type: str
    of: str
    owner: str
    name: str = ""
    payload: dict[str, Any] = field(default_factory=dict)
    expiry_ms: int = 0
    ends_at: int = 0

    def write(self, now_ms: int, seen: int | None) -> Timer | None:
        """Store it, over the revision seen (None: new), and give the timer of its end. Raises ConditionFailed."""
        condition: Condition = ABSENT if seen is None else PRESENT & eq("rev", seen)
        timer = due.at(DUE, self.own_key(), self.ends_at, now_ms) if self.ends_at else None
        row: Row = self.to_row() | (timer.attributes if timer else {})
        CHAT.put(row, condition)
        return timer

    def drop(self) -> bool:
        """Delete it, if it is still what was read; False when it changed or is gone."""
        try:
            CHAT.delete(self.own_key(), PRESENT & eq("rev", self.revision))
        except ConditionFailed:
            return False
        return True


def state_message(pk: str, sk: str) -> dict[str, Any]:
    """Make the message that has a state expire, out of its key."""
    bot_id, kind, of = pk.partition("#S#")[2].split("#", 2)
    return {"b": bot_id, "s": [kind, of, sk]}


def keys_of(home: str, bot_id: str, kind: str, of: str) -> list[Key]:
    """Name the states that hang on something."""
    rows = CHAT.query_all(f"{home}#S#{bot_id}#{kind}#{of}")
    return [Key(row["pk"], row["sk"]) for row in rows]


def at(home: str, bot_id: str, kind: str, of: str, sort: str) -> State | None:
    """Read a state by what its message says."""
    row = CHAT.get(Key(f"{home}#S#{bot_id}#{kind}#{of}", sort))
    return None if row is None else State.from_row(row)

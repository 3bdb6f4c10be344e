"""Events: told to a bot, one by one, or in the lane of the conversation they name."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from chalicelib.chat.models import messages
from chalicelib.chat.models.timers import DUE
from chalicelib.core import clock, ids
from chalicelib.durable import due, leases
from chalicelib.durable.due import Timer
from chalicelib.durable.leases import Lease, NotTaken
from chalicelib.storage.expressions import ABSENT, PRESENT, Change, Condition, Row, eq
from chalicelib.storage.item import Item
from chalicelib.storage.table import ConditionFailed, Key, TransactionFailed, Write, transact
from chalicelib.storage.tables import CHAT

PENDING, PROCESSED, FAILED = "pending", "processed", "failed"


@dataclass(kw_only=True)
class Event(Item):
    """Something told to a bot. `conversation_id` puts it into that conversation's lane; `at_ms` 0 is at once."""

    TABLE, NOUN = CHAT, "event"
    PARTITION, SORT = "E#{bot_id}", "{id}"

    bot_id: str
    integration_id: str = ""
    type: str = ""
    payload: dict[str, Any] = field(default_factory=dict)
    conversation_id: str = ""
    at_ms: int = 0

    def attributes(self) -> Row:
        """Let lists be narrowed, and the event be taken."""
        return {"i": self.integration_id, "t": self.type, "st": PENDING}

    def timer(self) -> Timer | None:
        """Make its timer, on the row that waits: its own, or its entry in the conversation."""
        key = self.entry_key() if self.conversation_id else self.own_key()
        return due.at(DUE, key, self.at_ms, clock.now_ms()) if self.at_ms else None

    def entry_key(self) -> Key:
        """Say where it waits in its conversation."""
        return messages.entry_key(self.workspace_id, self.bot_id, self.conversation_id, self.id)

    def put(self, timer: Timer | None, condition: Condition = ABSENT) -> bool:
        """Store it; False when one of this id stands there already. Raises Unavailable."""
        own = self.to_row()
        if timer is not None and not self.conversation_id:
            own |= timer.attributes
        writes = [Write(CHAT, condition, row=own)]
        if self.conversation_id:
            entry = messages.event_entry(self.workspace_id, self.bot_id, self.conversation_id, self.id, timer)
            writes.append(Write(CHAT, row=entry))
        try:
            transact(writes, ids.secret_text(24))
        except TransactionFailed:
            return False
        return True

    def message(self) -> dict[str, Any]:
        """Make the message that has it delivered."""
        if self.conversation_id:
            return messages.entry_message(*self.entry_key())
        return event_message(*self.own_key())


def event_message(pk: str, sk: str) -> dict[str, Any]:
    """Make the message that has an event delivered, out of its key."""
    return {"b": pk.partition("#E#")[2], "e": sk}


def take(key: Key, now_ms: int, lease_ms: int) -> Lease | NotTaken:
    """Take an event that is still to be delivered."""
    return leases.take(CHAT, key, now_ms, lease_ms, when=eq("st", PENDING))


def end(lease: Lease, state: str) -> None:
    """Write down how an event ended. Raises LeaseLost."""
    change = Change(put={"st": state, "until": leases.FREE}, remove=due.ATTRIBUTES)
    leases.write(CHAT, lease, change, leases.fenced(lease), lambda row: row.get("st") == state)


def pause(lease: Lease, tries: int, until_ms: int, now_ms: int) -> Timer:
    """Let an event wait for its next try. Raises LeaseLost."""
    timer = due.at(DUE, lease.key, until_ms, now_ms)
    put = {"until": leases.FREE, "n": tries, **timer.attributes}
    leases.write(CHAT, lease, Change(put=put), leases.fenced(lease), lambda row: row.get("due") == until_ms)
    return timer


def mark(home: str, bot_id: str, event_id: str, state: str) -> None:
    """Note how an event that went through a lane ended."""
    try:
        CHAT.update(Event.key(home, bot_id=bot_id, id=event_id), Change(put={"st": state}), PRESENT)
    except ConditionFailed:
        return


def give_up(home: str, bot_id: str, event_id: str) -> bool:
    """End an event that is still to be delivered as failed, whoever holds it; False when there is none."""
    key = Event.key(home, bot_id=bot_id, id=event_id)
    change = Change(put={"st": FAILED, "until": leases.FREE}, add={"fence": 1}, remove=due.ATTRIBUTES)
    try:
        CHAT.update(key, change, eq("st", PENDING))
    except ConditionFailed:
        return False
    return True


def page(
    home: str, bot_id: str, after: str | None, limit: int, condition: Condition | None
) -> tuple[list[Event], str | None]:
    """Read a page of events, the newest first, and after which to go on."""
    pk = f"{home}#E#{bot_id}"
    start = None if after is None else Key(pk, after)
    found = CHAT.query(pk, after=start, limit=limit, newest_first=True, condition=condition)
    return [Event.from_row(row) for row in found.rows], None if found.after is None else found.after.sk

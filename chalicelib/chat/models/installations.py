"""Installations: an integration in a bot, its configuration and webhook address, and how its registration stands."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from chalicelib.chat.models import states
from chalicelib.chat.models.timers import DUE
from chalicelib.core import ids
from chalicelib.durable import due
from chalicelib.storage.expressions import ABSENT, PRESENT, Change, Row, eq
from chalicelib.storage.item import DEPLOYMENT, Item
from chalicelib.storage.table import ConditionFailed, Key, TransactionFailed, Write, transact
from chalicelib.storage.tables import CHAT

REGISTRATION_PENDING, REGISTERED, REGISTRATION_FAILED = "registration_pending", "registered", "registration_failed"
UNREGISTRATION_PENDING, UNREGISTERED = "unregistration_pending", "unregistered"
UNREGISTRATION_FAILED = "unregistration_failed"
PENDING = frozenset({REGISTRATION_PENDING, UNREGISTRATION_PENDING})
AGAIN_MS = 300_000  # an order that nobody carried out is brought again; one call takes less
_TOGETHER = 90  # rows of one transaction


@dataclass(kw_only=True)
class Installation(Item):
    """An integration installed in a bot; `id` is the integration's, the workspace is the bot's home.

    `owner` is the workspace the integration lies in; `turn` counts its orders to register or unregister, so that only
    the last one counts, and `ordered_at` is when it was given; `removing` says that the row goes once `unregister` has
    run.
    """

    TABLE, NOUN = CHAT, "installed integration"
    PARTITION, SORT = "BOTI#{bot_id}", "{id}"

    bot_id: str
    owner: str
    name: str
    version: str
    enabled: bool = True
    webhook_id: str = ""
    sealed: str = ""
    status: str = REGISTRATION_PENDING
    reason: str | None = None
    turn: int = 0
    ordered_at: int = 0
    removing: bool = False

    def attributes(self) -> Row:
        """Stand in the due index while an order is open: whoever gave it may have fallen before sending it."""
        if self.status not in PENDING:
            return {}
        return due.at(DUE, self.own_key(), self.ordered_at + AGAIN_MS, self.ordered_at).attributes

    def change_if_unchanged(self) -> Write:
        """Give the write that stores it, new or changed, unless somebody else was quicker."""
        seen = self.revision
        self.revision += 1
        return self.change_if(ABSENT if seen == 0 else eq("rev", seen))

    def side_writes(self) -> list[Write]:
        """Give the writes that let its webhook find it, and its integration know where it is used."""
        doc = {"b": self.bot_id, "i": self.id}
        return [
            Write(CHAT, row={**_webhook(self.webhook_id)._asdict(), "rev": 0, "doc": doc}),
            Write(CHAT, row={**_use(self.owner, self.id, self.bot_id)._asdict(), "rev": 0, "doc": {}}),
        ]

    def erase(self) -> bool:
        """Delete it with what leads to it and the states that hang on the integration in this bot.

        False when it is not what was read any more: a newer order has come, or it is gone.
        """
        kept = states.keys_of(self.workspace_id, self.bot_id, "integration", self.id)
        leading = [_webhook(self.webhook_id), _use(self.owner, self.id, self.bot_id), *kept[:_TOGETHER]]
        own = Write(CHAT, PRESENT & eq("rev", self.revision), key=self.own_key())
        try:
            transact([own, *(Write(CHAT, key=key) for key in leading)], ids.secret_text(24))
        except TransactionFailed:
            return False
        if kept[_TOGETHER:]:
            CHAT.write_many(deletes=kept[_TOGETHER:])
        return True


def order_message(pk: str, sk: str) -> dict[str, Any]:
    """Make the message that has the open order of an installation carried out, out of its key."""
    return {"b": pk.partition("#BOTI#")[2], "i": sk}


def installed_in(home: str, bot_id: str) -> list[Installation]:
    """List what is installed in a bot."""
    return [Installation.from_row(row) for row in CHAT.query_all(f"{home}#BOTI#{bot_id}")]


def set_status(item: Installation, status: str, reason: str | None) -> bool:
    """Note how a registration ended, unless a newer order has come; False then."""
    item.status, item.reason = status, reason
    seen, item.revision = item.revision, item.revision + 1
    change = Change(put={"doc": item.to_row()["doc"], "rev": item.revision}, remove=due.ATTRIBUTES)
    try:
        CHAT.update(item.own_key(), change, PRESENT & eq("rev", seen))
    except ConditionFailed as failed:
        return failed.row is not None and failed.row["doc"] == item.to_row()["doc"]
    return True


def put_off(item: Installation, until_ms: int) -> None:
    """Let the due index bring an open order at another time, unless a newer one has come."""
    timer = due.at(DUE, item.own_key(), until_ms, 0)  # as seen from far away, so that no message has to go out as well
    with suppress(ConditionFailed):
        CHAT.update(item.own_key(), Change(put=timer.attributes), PRESENT & eq("rev", item.revision))


def find_webhook(webhook_id: str) -> tuple[str, str] | None:
    """Tell which bot and integration a webhook address means; None for an unknown one."""
    row: Row | None = CHAT.get(_webhook(webhook_id))
    return None if row is None else (row["doc"]["b"], row["doc"]["i"])


def is_used(owner: str, integration_id: str) -> bool:
    """Say whether an integration is installed anywhere."""
    return bool(CHAT.query(f"{owner}#INTU#{integration_id}", limit=1).rows)


def _webhook(webhook_id: str) -> Key:
    return Key(f"{DEPLOYMENT}#WEBHOOK#{webhook_id}", "W")


def _use(owner: str, integration_id: str, bot_id: str) -> Key:
    return Key(f"{owner}#INTU#{integration_id}", bot_id)

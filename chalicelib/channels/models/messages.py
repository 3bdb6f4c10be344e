"""Messages: each lies with its subscriber, and is listed on its day."""

from __future__ import annotations

from typing import Any

from chalicelib.channels.models.runs import KEEP_S, day_of
from chalicelib.storage.expressions import PRESENT, Change, Row, eq
from chalicelib.storage.table import ConditionFailed, Key
from chalicelib.storage.tables import CHANNELS

IN_APP = "in_app"
ID_CHARS = 24
IN_APP_KEEP_S = 365 * 86_400


def message_key(workspace_id: str, channel: str, subscriber_id: str, message_id: str) -> Key:
    """Say where a message lies: the in-app ones apart, because feeds read them."""
    place = "INB" if channel == IN_APP else "MSG"
    return Key(f"{workspace_id}#{place}#{subscriber_id}", message_id)


def listing_key(workspace_id: str, message_id: str, at_ms: int) -> Key:
    """Say where a message is listed."""
    return Key(f"{workspace_id}#MSGD#{day_of(at_ms)}", message_id)


def put_message(workspace_id: str, doc: dict[str, Any], at_ms: int) -> None:
    """Store a message and list it, in one call."""
    kept_s = at_ms // 1000 + (IN_APP_KEEP_S if doc["channel"] == IN_APP else KEEP_S)
    own = message_key(workspace_id, doc["channel"], doc["subscriberId"], doc["id"])
    entry = {"c": doc["channel"], "s": doc["subscriberId"], "tx": doc["transactionId"]}
    CHANNELS.write_many(
        [
            {**own._asdict(), "rev": 0, "doc": doc, "seen": False, "read": False, "at": at_ms, "exp": kept_s},
            {**listing_key(workspace_id, doc["id"], at_ms)._asdict(), "rev": 0, "doc": entry, "exp": kept_s},
        ]
    )


def get_in_app(workspace_id: str, subscriber_id: str, message_ids: list[str]) -> list[Row]:
    """Read in-app messages of a subscriber by id, in that order, leaving out those that are not there."""
    keys = [message_key(workspace_id, IN_APP, subscriber_id, one) for one in message_ids if len(one) == ID_CHARS]
    rows = CHANNELS.get_many(keys, consistent=True)
    return [rows[key] for key in keys if key in rows]


def inbox_page(
    workspace_id: str, subscriber_id: str, after: Key | None, condition: Any
) -> tuple[list[Row], Key | None]:
    """Read in-app messages of a subscriber, the newest first, and where to go on."""
    pk = f"{workspace_id}#INB#{subscriber_id}"
    page = CHANNELS.query(pk, after=after, newest_first=True, limit=200, condition=condition)
    return page.rows, page.after


def messages_of(workspace_id: str, subscriber_id: str) -> list[Row]:
    """Read the messages of a subscriber over all channels, the newest first."""
    rows = CHANNELS.query_all(f"{workspace_id}#INB#{subscriber_id}")
    rows += CHANNELS.query_all(f"{workspace_id}#MSG#{subscriber_id}")
    return sorted(rows, key=lambda row: row["sk"], reverse=True)


def listed_on(workspace_id: str, day: str) -> list[Row]:
    """Read the entries of a day's messages, the newest first."""
    return CHANNELS.query_all(f"{workspace_id}#MSGD#{day}", newest_first=True)


def get_listed(workspace_id: str, message_id: str, at_ms: int) -> dict[str, Any] | None:
    """Read the entry of one message, or None."""
    row = CHANNELS.get(listing_key(workspace_id, message_id, at_ms))
    return None if row is None else dict(row["doc"])


def get_messages(keys: list[Key]) -> list[Row]:
    """Read messages by key, in that order."""
    rows = CHANNELS.get_many(keys, consistent=True)
    return [rows[key] for key in keys if key in rows]


def mark(row: Row, put: dict[str, Any]) -> Row | None:
    """Change the marks of a message and answer it; None when it is gone."""
    try:
        return CHANNELS.update(Key(row["pk"], row["sk"]), Change(put=put), PRESENT)
    except ConditionFailed:
        return None


def replace_doc(row: Row, doc: dict[str, Any]) -> Row | None:
    """Replace the content of a message unless it changed meanwhile; None then."""
    change = Change(put={"doc": doc, "rev": row["rev"] + 1})
    try:
        return CHANNELS.update(Key(row["pk"], row["sk"]), change, eq("rev", row["rev"]))
    except ConditionFailed:
        return None


def delete_messages(workspace_id: str, rows: list[Row]) -> None:
    """Delete messages and their entries."""
    keys = [Key(row["pk"], row["sk"]) for row in rows]
    keys += [listing_key(workspace_id, row["sk"], row["at"]) for row in rows]
    CHANNELS.write_many(deletes=keys)

"""The rows of a bot's data, for its end: page by page, what is found from a row before the row itself."""

from __future__ import annotations

from collections.abc import Callable

from chalicelib.chat.models import events, messages, people, states, tag_rows
from chalicelib.chat.models.people import CONVERSATIONS, MESSAGES, USERS
from chalicelib.storage.expressions import Row
from chalicelib.storage.table import Key
from chalicelib.storage.tables import CHAT

PAGE = 100
PLAIN = ("LOG", "E", "G", "R", "D", "FN")  # `H#<kind>#<bot>`: rows that nothing else is found from
STATES_OF = {USERS: "user", CONVERSATIONS: "conversation"}


def drop_page(home: str, bot_id: str) -> bool:
    """Remove a page of what a deleted bot had; True when nothing is left."""
    for conversation in CHAT.query(f"{home}#C#{bot_id}", limit=1).rows:
        if drop_conversation_page(home, bot_id, conversation["sk"]):
            parts = conversation["doc"].get("participants", ())
            keys = [people.part_key(home, bot_id, one, conversation["sk"]) for one in parts]
            CHAT.write_many(
                deletes=[*keys, *_found_from(home, bot_id, CONVERSATIONS, conversation), _key(conversation)]
            )
        return False
    for kind, name in (("M", MESSAGES), ("U", USERS)):
        if _drop(f"{home}#{kind}#{bot_id}", lambda row, name=name: _found_from(home, bot_id, name, row)):  # type: ignore[misc]
            return False
    if _drop(f"{home}#S#{bot_id}#bot#{bot_id}"):
        return False
    return not any(_drop(f"{home}#{kind}#{bot_id}") for kind in PLAIN)


def drop_conversation_page(home: str, bot_id: str, conversation_id: str) -> bool:
    """Remove a page of what a deleted conversation held; True when nothing is left."""

    def message_of(entry: Row) -> list[Key]:
        if entry.get("k") == "e":
            if "p" in entry:
                events.mark(home, bot_id, entry["sk"], events.FAILED)
            return []
        key = messages.Message.key(home, bot_id=bot_id, id=entry["sk"])
        row = CHAT.get(key)
        return [] if row is None else [key, *_found_from(home, bot_id, MESSAGES, row)]

    if _drop(messages.entry_key(home, bot_id, conversation_id, "").pk, message_of):
        return False
    return not any(
        _drop(pk)
        for pk in (
            f"{home}#L#{bot_id}#{conversation_id}",
            f"{home}#S#{bot_id}#conversation#{conversation_id}",
        )
    )


def _drop(pk: str, found_from: Callable[[Row], list[Key]] = lambda _: []) -> bool:
    """Remove a page of a partition with what is found from it; False when it is empty."""
    rows = CHAT.query(pk, limit=PAGE).rows
    found = [key for row in rows for key in found_from(row)]
    if rows:
        CHAT.write_many(deletes=dict.fromkeys([*found, *map(_key, rows)]))
    return bool(rows)


def _found_from(home: str, bot_id: str, kind: str, row: Row) -> list[Key]:
    """Name the rows that lead to an object by its tags, and the states that hang on it."""
    found = tag_rows.keys(home, bot_id, kind, row["doc"].get("tags", {}), row["sk"])
    if kind in STATES_OF:
        found += states.keys_of(home, bot_id, STATES_OF[kind], row["sk"])
    return found


def _key(row: Row) -> Key:
    return Key(row["pk"], row["sk"])

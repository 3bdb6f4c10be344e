"""Counts of a bot's days: made from what is stored, and kept once a day is over."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from chalicelib.core import ids
from chalicelib.storage.table import Key
from chalicelib.storage.tables import CHAT

_PAGE = 1_000


def kept(home: str, bot_id: str, days: list[str]) -> dict[str, dict[str, Any]]:
    """Read the counts of days that are over, as far as they were made."""
    keys = {Key(f"{home}#D#{bot_id}", day): day for day in days}
    rows = CHAT.get_many(keys)
    return {keys[key]: row["doc"] for key, row in rows.items()}


def keep(home: str, bot_id: str, day: str, counts: dict[str, Any]) -> None:
    """Store the counts of a day that is over."""
    CHAT.put({**Key(f"{home}#D#{bot_id}", day)._asdict(), "rev": 0, "doc": counts})


def messages_between(home: str, bot_id: str, start_ms: int, end_ms: int) -> Iterator[list[dict[str, Any]]]:
    """Read what was said in a time, page by page."""
    return _between(f"{home}#M#{bot_id}", start_ms, end_ms)


def users_between(home: str, bot_id: str, start_ms: int, end_ms: int) -> Iterator[list[dict[str, Any]]]:
    """Read the users made in a time, page by page."""
    return _between(f"{home}#U#{bot_id}", start_ms, end_ms)


def _between(pk: str, start_ms: int, end_ms: int) -> Iterator[list[dict[str, Any]]]:
    after: Key | None = None
    between = (ids.uuid_floor(start_ms), ids.uuid_floor(end_ms))
    while True:
        page = CHAT.query(pk, between=between, after=after, limit=_PAGE, consistent=False)
        yield [row["doc"] for row in page.rows]
        after = page.after
        if after is None:
            return

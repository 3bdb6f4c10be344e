"""Log lines of bots and integrations, kept for a week."""

from __future__ import annotations

from typing import Any

from chalicelib.core import clock, ids
from chalicelib.storage.table import Key
from chalicelib.storage.tables import CHAT

KEEP_S = 7 * 86_400
MAX_CHARS = 2_000
SHOWN = 200


def write_line(home: str, owner_id: str, level: str, message: str) -> None:
    """Add a line to the log of a bot or an integration."""
    now_ms = clock.now_ms()
    row = {
        **Key(f"{home}#LOG#{owner_id}", ids.new_uuid())._asdict(),
        "rev": 0,
        "doc": {"at": now_ms, "level": level, "message": message[:MAX_CHARS]},
        "exp": now_ms // 1000 + KEEP_S,
    }
    CHAT.put(row)


def lines_of(home: str, owner_id: str) -> list[dict[str, Any]]:
    """Read the newest lines of a log, the newest first."""
    page = CHAT.query(f"{home}#LOG#{owner_id}", newest_first=True, limit=SHOWN)
    now_s = clock.now_s()
    return [row["doc"] for row in page.rows if row["exp"] > now_s]

"""What happened to customers, kept for the checks that may ask: events by name, feedback beside its token."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from chalicelib.journeys.models import nodes, tokens
from chalicelib.storage.expressions import Row
from chalicelib.storage.table import Key
from chalicelib.storage.tables import JOURNEYS

DAY_S = 86_400
KEEP_S = 400 * DAY_S  # no wait is longer than 366 days
REPEATS_S = 7 * DAY_S
Json = dict[str, Any]


def event_key(workspace_id: str, node: str, event: str) -> Key:
    """Say where an event that was taken in lies."""
    return Key(f"{nodes.partition(workspace_id, node)}#EVT#{_short(event)}", "E")


def marker_key(workspace_id: str, node: str, event: str, automation: str) -> Key:
    """Say where it stands what an event did to an automation."""
    return Key(f"{nodes.partition(workspace_id, node)}#EVT#{_short(event)}", f"A#{automation}")


def history_rows(workspace_id: str, node: str, names: Iterable[str], event: Mapping[str, Any], exp_s: int) -> list[Row]:
    """Build the rows that remember an event under each name of its customer."""
    place = f"{int(event['at']):013d}#{_short(str(event['id']))}"
    return [{"pk": _history(workspace_id, node, name), "sk": place, "doc": dict(event), "exp": exp_s} for name in names]


def history_of(workspace_id: str, node: str, names: Iterable[str], start_ms: int, end_ms: int) -> list[Json]:
    """Read the events of a customer between two instants, each once; none where a clock went back between the two."""
    if end_ms < start_ms:
        return []
    found: dict[str, Json] = {}
    between = (f"{start_ms:013d}", f"{end_ms:013d}~")
    for name in names:
        for row in JOURNEYS.query_all(_history(workspace_id, node, name), between=between):
            found[str(row["doc"]["id"])] = row["doc"]
    return list(found.values())


def _history(workspace_id: str, node: str, name: str) -> str:
    return f"{nodes.partition(workspace_id, node)}#HIST#{name}"


# --- feedback -----------------------------------------------------------------------------------------------------


def feedback_key(token_key: Key, step: str, kind: str, event: str) -> Key:
    """Say where one piece of feedback on a token's message lies."""
    return Key(token_key.pk, f"F#{step}#{kind}#{_short(event)}")


def first_key(token_key: Key, step: str, kind: str, link: str = "") -> Key:
    """Say where it stands that a token gave this kind of feedback before (on this link)."""
    return Key(token_key.pk, f"Q#{step}#{kind}#{_short(link) if link else ''}")


def feedback_of(workspace_id: str, node: str, token: str, step: str | None = None) -> list[Json]:
    """Read the feedback on a token's messages, on one step's if named, as events."""
    prefix = "F#" if step is None else f"F#{step}#"
    where = tokens.key(workspace_id, node, token)
    return [row["doc"] for row in JOURNEYS.query_all(where.pk, prefix=prefix)]


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def forget(workspace_id: str, node: str, names: Iterable[str]) -> None:
    """Remove the events that are remembered under these names."""
    for name in names:
        rows = JOURNEYS.query_all(_history(workspace_id, node, name))
        JOURNEYS.write_many(deletes=[Key(row["pk"], row["sk"]) for row in rows])

"""The delivery log of a subscription, and how a log is read."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from chalicelib.core import clock, ids, paging
from chalicelib.core.call import Call
from chalicelib.edge.resource import whole_number
from chalicelib.storage.expressions import Row
from chalicelib.storage.table import Key, Table
from chalicelib.storage.tables import DELIVERY
from chalicelib.subscriptions import models, subscriptions
from chalicelib.subscriptions.models import Subscription
from chalicelib.subscriptions.rules.deliveries import State

PAGE, MAX_PAGE = 50, 200


def list_deliveries(call: Call) -> list[Any]:
    """List a subscription's deliveries, the newest event first; `limit` and `cursor` page through them."""
    item = subscriptions.find_own(call)
    rows = newest_first(call, DELIVERY, models.delivery_partition(item.workspace_id, item.id), (item.id,))
    return [_shown(item, row) for row in rows]


def newest_first(call: Call, table: Table, pk: str, place: tuple[str, ...]) -> list[Row]:
    """Read a page of a log by the call's `limit` and `cursor`; `place` is what the cursor belongs to beside the route.

    Raises InvalidInput.
    """
    limit, scope = _limit(call.query.get("limit")), ("/".join(place), call.operation)
    after: Key | None = None
    if "cursor" in call.query:
        after = Key(pk, paging.open_token(call.workspace_id, *scope, call.query["cursor"]))
    rows: list[Row] = []
    while len(rows) < limit:
        page = table.query(pk, after=after, limit=limit - len(rows), newest_first=True)
        rows += page.rows
        after = page.after
        if after is None:
            break
    if after is not None:
        call.answer_headers["X-Next-Cursor"] = paging.seal(call.workspace_id, *scope, after.sk)
    now_s = clock.now_s()
    return [row for row in rows if row["exp"] > now_s]


def _shown(item: Subscription, row: Row) -> SimpleNamespace:
    at, _, message_id = row["sk"].partition("#")
    is_pending = row["st"] == State.PENDING
    return SimpleNamespace(
        id=message_id,
        message_id=message_id,
        occurrence_id=ids.derived_id(item.workspace_id, "occurrence", row["ev"], item.trigger_id),
        state=row["st"],
        attempts=row["a"],
        status_code=row.get("code"),
        error=row.get("err"),
        at=int(at),
        next_attempt_at=clock.iso_seconds(row["due"]) if is_pending and "due" in row else None,
    )


def _limit(text: str | None) -> int:
    return PAGE if text is None else whole_number(text, MAX_PAGE)

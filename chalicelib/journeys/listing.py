"""Listing automations, page by page."""

from __future__ import annotations

from typing import Any

from chalicelib.core.call import Call
from chalicelib.core.errors import InvalidInput
from chalicelib.journeys import automations, counters, filters, wire
from chalicelib.journeys.models import automations as stored
from chalicelib.journeys.models.automations import Automation
from chalicelib.journeys.rules.lifecycle import LISTED, TO_DELETE

MAX_ANSWER_BYTES = 5_500_000  # a function's answer may have 6 MB


def list_all(call: Call) -> dict[str, Any]:
    """List automations, the newest first; `style=compact` leaves out their graphs."""
    node = wire.node_of(call)
    keeps = filters.of(call, LISTED)
    heads = [head for head in stored.list_all(node.workspace_id, node.id) if head.state is not TO_DELETE]
    shown, page = wire.page_of(call, [head for head in heads if keeps(head)], len(heads))
    is_compact = call.query.get("style") == "compact"
    if not is_compact:
        _check_size(shown)
    counted = counters.statistics(node.workspace_id, node.id, shown, whole=not is_compact)
    view = automations.brief if is_compact else automations.view
    return {"page": page, "elements": [view(head, counted[head.id]) for head in shown]}


def _check_size(heads: list[Automation]) -> None:
    size = sum(head.size_bytes + 2_000 for head in heads)
    if len(heads) > 1 and size > MAX_ANSWER_BYTES:
        hint = f"this page would have about {size} bytes; ask for fewer automations, or with style=compact"
        raise InvalidInput.at("query.size", hint, "too_long")

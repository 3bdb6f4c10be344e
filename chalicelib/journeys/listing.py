"""Listing automations, page by page."""

from __future__ import annotations

from typing import Any

from chalicelib.core.call import Call
from chalicelib.core.errors import InvalidInput, NotFound
from chalicelib.journeys import automations, counters, filters, wire
from chalicelib.journeys.models import automations as stored
from chalicelib.journeys.models.automations import Automation
from chalicelib.journeys.rules.lifecycle import LISTED, TO_DELETE

_ATTEMPTS = 3
MAX_ANSWER_BYTES = 5_500_000  # a function's answer may have 6 MB


def list_all(call: Call) -> dict[str, Any]:
    """List automations, the newest first; `style=compact` leaves out their graphs."""
    node = wire.node_of(call)
    keeps = filters.of(call, LISTED)
    heads = [head for head in stored.list_all(node.workspace_id, node.id) if head.state is not TO_DELETE]
    shown, page = wire.page_of(call, [head for head in heads if keeps(head)], len(heads))
    is_compact = call.query.get("style") == "compact"
    if is_compact:
        counted = counters.statistics(node.workspace_id, node.id, shown, whole=False)
        return {"page": page, "elements": [automations.brief(head, counted[head.id]) for head in shown]}
    _check_size(shown)
    return {"page": page, "elements": [one for head in shown if (one := _view(head)) is not None]}


def _view(head: Automation) -> dict[str, Any] | None:
    """Show an automation as a whole, also when its graph is replaced meanwhile; None when it is gone."""
    newest: Automation | None = head
    for _ in range(_ATTEMPTS):
        if newest is None:
            return None
        try:
            return automations.view(newest)
        except NotFound:
            newest = stored.load(head.workspace_id, head.node, head.id, fresh=True)
    return None


def _check_size(heads: list[Automation]) -> None:
    size = sum(head.size_bytes + 2_000 for head in heads)
    if len(heads) > 1 and size > MAX_ANSWER_BYTES:
        hint = f"this page would have about {size} bytes; ask for fewer automations, or with style=compact"
        raise InvalidInput.at("query.size", hint, "too_long")

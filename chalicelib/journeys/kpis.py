"""KPIs: how many automations of each status every node has, from counters kept with each transition."""

from __future__ import annotations

from typing import Any

from chalicelib.core.call import Call
from chalicelib.journeys import nodes, wire
from chalicelib.journeys.models import automations as stored
from chalicelib.journeys.models.nodes import Node
from chalicelib.journeys.rules.lifecycle import LISTED
from chalicelib.storage.expressions import Row

_SHOWN = {
    "id": "uuid",
    "name": "name",
    "workspace_uuid": "workspaceUuid",
    "workspace_name": "workspaceName",
    "portfolio_uuid": "portfolioUuid",
    "portfolio_name": "portfolioName",
    "active": "active",
    "email_active": "emailActive",
    "sms_active": "smsActive",
}


def list_all(call: Call) -> dict[str, Any]:
    """Count the automations of every node open to the caller by status."""
    found = nodes.open_to(call)
    shown, page = wire.page_of(call, found, len(found))
    counts = stored.counts_of(call.workspace_id, [node.id for node in shown])
    return {"page": page, "elements": [_view(node, counts.get(node.id, {})) for node in shown]}


def _view(node: Node, counts: Row) -> dict[str, Any]:
    by_status = {status.value: max(0, int(counts.get(status, 0))) for status in LISTED}
    return {**wire.shown(_SHOWN, node), "automations": {**by_status, "total": sum(by_status.values())}}

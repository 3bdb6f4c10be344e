"""Who may be sent a message: nobody who unsubscribed, complained or bounced for good, nobody outside a subscription."""

from __future__ import annotations

from typing import Any

from chalicelib.journeys import profiles
from chalicelib.journeys.models import profiles as stored
from chalicelib.journeys.models.nodes import Node
from chalicelib.journeys.rules.entry import Identity

BLOCKING = frozenset({"UNSUBSCRIBED", "MARKED_SPAM", "HARD_BOUNCED"})


def allows(node: Node, who: Identity, name: str, subscription: Any) -> bool:
    """Say whether a message may go to an address (`mail:...`) or number (`tel:...`). Raises profiles.Unreachable."""
    if stored.is_blocked(node.workspace_id, node.id, name):
        return False
    return not subscription or holds(profiles.read(node, who), str(subscription))


def holds(profile: dict[str, Any], subscription: str) -> bool:
    """Say whether a profile holds a subscription, in `base.subscriptions`."""
    base = profile.get("base")
    listed = base.get("subscriptions") if isinstance(base, dict) else None
    return any(
        isinstance(one, dict) and one.get("id") == subscription and one.get("subscribed", True)
        for one in (listed if isinstance(listed, list) else ())
    )

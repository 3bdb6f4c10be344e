"""What a pause does to waits whose time passed in it. Judged when a token is taken up, however late that is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.journeys.rules.tokens import Status


def may_be_overdue(token: Mapping[str, Any]) -> bool:
    """Say whether the due time of a token is one of the customer's own, which a pause can make overdue.

    Only waits have one: a token parked before an action, one whose trigger matched, one that waits for another attempt,
    and one that stays on a check whose time has come go on whatever the pause did.
    """
    is_waiting = token["st"] not in (Status.RETRYING, Status.READY) and token.get("wt") == token["v"]
    return is_waiting and token.get("m") is None and token.get("due") is not None

"""What other contexts may ask of automations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalicelib.automations import alone, automations, occurrences, usage
from chalicelib.automations.alone import Alone
from chalicelib.automations.usage import UsedInDay

if TYPE_CHECKING:
    from chalicelib.core.call import Call
    from chalicelib.edge.route import Answer

__all__ = ["Alone", "UsedInDay", "begin_alone", "bury", "end_automations_of_user", "flush_usage", "used_in_day"]


def begin_alone(call: Call, work: Alone) -> Answer:
    """Run one action, or list a datatype's choices, as an execution of its own; 202 with its id.

    Raises NotFound without the user, RateLimited.
    """
    return alone.begin(call, work)


def bury(body: dict[str, Any], reason: str) -> None:
    """End as failed what a message of ours was about that its queue gave up."""
    occurrences.bury(body, reason)


def flush_usage() -> None:
    """Write down what this process has counted of executions. Raises Unavailable."""
    usage.flush()


def used_in_day(workspace_id: str, day: str) -> UsedInDay:
    """Add up what a workspace's executions of a day (`2026-01-31`, UTC) used. Raises Unavailable."""
    return usage.of_day(workspace_id, day)


def end_automations_of_user(workspace_id: str, user_id: str) -> bool:
    """Delete a page of a deleted user's automations (by minted id); True when none is left."""
    return automations.remove_page_of_user(workspace_id, user_id)

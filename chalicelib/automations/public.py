"""What other contexts may ask of automations."""

from __future__ import annotations

from typing import Any

from chalicelib.automations import automations, occurrences


def bury(body: dict[str, Any], reason: str) -> None:
    """End as failed what a message of ours was about that its queue gave up."""
    occurrences.bury(body, reason)


def end_automations_of_user(workspace_id: str, user_id: str) -> bool:
    """Delete a page of a deleted user's automations (by minted id); True when none is left."""
    return automations.remove_page_of_user(workspace_id, user_id)

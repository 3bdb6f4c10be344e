"""Waking what is due: the message for each kind of row, out of its key."""

from __future__ import annotations

from typing import Any

from chalicelib.chat.models import events, installations, lanes, messages, recurring, states

MESSAGES = {
    "CM": messages.entry_message,
    "L": lanes.lane_message,
    "E": events.event_message,
    "R": recurring.message,
    "S": states.state_message,
    "BOTI": installations.order_message,
}


def message_of(pk: str, sk: str) -> dict[str, Any]:
    """Make the message that wakes a row; keys begin `<workspace>#<kind>#`."""
    return MESSAGES[pk.split("#")[1]](pk, sk)

"""What is shown of a workspace's figures: the words of the answer, the figures behind them, and how they add up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.core import prices
from chalicelib.core.figures import FIGURES

Json = dict[str, Any]
SHOWN: Mapping[str, Mapping[str, str]] = {  # group -> word -> figure
    "deliveries": {
        "delivered": "DeliveriesDelivered",
        "retried": "DeliveriesRetried",
        "failed": "DeliveriesFailed",
        "dropped": "DeliveriesDropped",
    },
    "channelMessages": {
        "sent": "ChannelMessagesSent",
        "retried": "ChannelMessagesRetried",
        "failed": "ChannelMessagesFailed",
        "skipped": "ChannelMessagesSkipped",
    },
    "journeys": {
        "entered": "JourneyTokensEntered",
        "completed": "JourneyTokensCompleted",
        "failed": "JourneyTokensFailed",
        "removed": "JourneyTokensRemoved",
        "steps": "JourneySteps",
    },
    "chatEvents": {
        "delivered": "ChatEventsDelivered",
        "retried": "ChatEventsRetried",
        "failed": "ChatEventsFailed",
    },
    "javaScript": {
        "runs": "JavaScriptRuns",
        "failures": "JavaScriptFailures",
        "putOff": "QuotaExceeded",
        "ms": "JavaScriptMs",
    },
    "outbound": {"requests": "OutboundRequests", "failures": "OutboundFailures", "bytes": "OutboundBytes"},
}
STATES = ("done", "failed", "cancelled")
# What one of each costs in tables and queues, beside scripts and calls: its write, and the message that brought it.
_ONE_WRITE_ONE_MESSAGE = (
    *SHOWN["deliveries"].values(),
    *SHOWN["channelMessages"].values(),
    *SHOWN["chatEvents"].values(),
    "JourneySteps",
)


def shown(sums: Mapping[str, int], executions: Mapping[str, int]) -> Json:
    """Render the sums of a period, kept in parts of their units, and its executions by state."""
    made: Json = {"executions": {state: executions.get(state, 0) for state in STATES}}
    for group, words in SHOWN.items():
        made[group] = {word: in_unit(name, sums.get(name, 0)) for word, name in words.items()}
    return made


def in_unit(name: str, amount: int) -> float:
    """Give an amount in the unit of its figure."""
    parts = FIGURES[name].parts
    return amount if parts == 1 else amount / parts


def micro_dollars(sums: Mapping[str, int], used: Mapping[str, Any]) -> float:
    """Estimate what a period cost: scripts and calls as counted, tables and queues as executions counted them
    themselves, and for everything else a write and a message each."""
    things = sum(sums.get(name, 0) for name in _ONE_WRITE_ONE_MESSAGE)
    return prices.estimate(
        {
            "writes": used["writes"] + things,
            "reads": used["reads"],
            "messages": used["messages"] + things,
            "cpuMs": max(in_unit("JavaScriptMs", sums.get("JavaScriptMs", 0)), used["cpuMs"]),
            "calls": max(sums.get("OutboundRequests", 0), used["calls"]),
            "bytes": max(sums.get("OutboundBytes", 0), used["bytes"]),
        }
    )

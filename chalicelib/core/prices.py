"""What things cost, for estimates: one table, micro-dollars. On-demand prices of one region; adjust to yours."""

from __future__ import annotations

from collections.abc import Mapping

MICRO_DOLLARS = {
    "writes": 1.25,  # one write of a row up to 1 KB, due-index entries included
    "reads": 0.25,
    "messages": 0.5,  # sent, received and deleted
    "cpuMs": 0.0167,  # JavaScript, at 1 GB of memory
    "calls": 0.2,  # one call to the outside, the worker waiting for it
    "bytes": 0.00009,  # data out to the internet
}


def estimate(used: Mapping[str, float]) -> float:
    """Give an estimate in micro-dollars of what was used."""
    return round(sum(price * used.get(name, 0) for name, price in MICRO_DOLLARS.items()), 4)

"""Buckets of tokens that all processes of a deployment share, taken from in blocks; and places held for a while.

A process asks for a block of tokens and uses it up by itself, so a start costs a fraction of a write: blocks double
from one lease to the next while they are used up within ten seconds. The first token a process uses after a pause is
paid with its second, so that whoever starts something now and then writes nothing at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

LEASE_MS = 10_000
PLACE_MS = 30_000
SHARE_OF_RATE = 10  # a block is at most this part of what comes in a second


@dataclass(frozen=True)
class Level:
    """How many tokens a bucket held, and when. Below zero: promised to what waits."""

    tokens: float
    at_ms: int


@dataclass(frozen=True)
class Block:
    """What a lease gave: so many tokens, to be used from `ready_ms` on; none: not before then."""

    tokens: int
    ready_ms: int
    left: Level


def lease(level: Level | None, now_ms: int, rate: float, size: float, debt: int, block: int, *, waits: bool) -> Block:
    """Take `debt` tokens used already and up to `block` more.

    Without `waits` nothing is taken when there is less than the debt and one; with it the bucket may go below zero,
    and the tokens are good once it would have filled again.
    """
    tokens = size if level is None else min(size, level.tokens + rate * max(0, now_ms - level.at_ms) / 1000)
    if waits:
        left = tokens - debt - block
        return Block(block, now_ms + int(max(0.0, -left / rate) * 1000), Level(left, now_ms))
    given = min(block, int(tokens + 1e-6) - debt)
    if given < 1:
        missing_s = (debt + 1 - tokens) / rate
        return Block(0, now_ms + max(1, int(missing_s * 1000)), Level(tokens, now_ms))
    return Block(given, now_ms, Level(tokens - debt - given, now_ms))


def following(block: int, rate: float) -> int:
    """Say how big the next block may be after one that was used up."""
    return max(1, min(2 * block, int(rate / SHARE_OF_RATE)))


def places_left(places: Mapping[str, list[int]], owner: str, now_ms: int, most: int) -> int:
    """Say how many places are left for an owner, its own included; places of others that ran out are free."""
    return most - sum(count for name, (count, until_ms) in places.items() if name != owner and until_ms > now_ms)

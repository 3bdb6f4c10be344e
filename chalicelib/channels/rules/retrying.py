"""When a message that a provider could not take is tried again (docs/CHANNELS.md, Retries)."""

from __future__ import annotations

import zlib

SCHEDULE_S = (15, 60, 300, 1_800, 7_200)
TRIES = len(SCHEDULE_S) + 1
MAX_WAIT_S = 86_400


def delay_s(attempt: int, wish_s: int | None, seed: str) -> int | None:
    """Say how long to wait after a try that came to nothing; None when it was the last.

    attempt counts from 1; wish_s is the provider's Retry-After. Up to a fifth is added, by the seed, so that what
    failed together does not come back together.
    """
    if attempt >= TRIES:
        return None
    least = min(MAX_WAIT_S, max(SCHEDULE_S[attempt - 1], wish_s or 0))
    return least + least * (zlib.crc32(f"{seed}|{attempt}".encode()) % 1_000) // 5_000

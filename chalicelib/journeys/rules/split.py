"""Two branches by share, the same one for the same customer at the same step, over retries, re-entries and edits."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

PARTS = 10_000
DEFAULT_SHARE = 50


def place(step_uuid: str, customer_key: str) -> int:
    """Say where a customer stands among 10,000 places of a step; independent from step to step."""
    digest = hashlib.sha256(f"{step_uuid}|{customer_key}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % PARTS


def branch(step_uuid: str, customer_key: str, shares: Sequence[Mapping[str, Any]]) -> str:
    """Choose A or B; `shares` are `{outcome, share}` in whole percent. A larger share of A moves only those between."""
    share_of_a = next((int(one["share"]) for one in shares if one.get("outcome") == "A"), DEFAULT_SHARE)
    return "A" if place(step_uuid, customer_key) < share_of_a * (PARTS // 100) else "B"

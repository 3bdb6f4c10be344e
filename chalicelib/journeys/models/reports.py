"""Reports that are built in the background, and the parts they are made of."""

from __future__ import annotations

from typing import Any

from chalicelib.durable import leases
from chalicelib.journeys.models import nodes
from chalicelib.storage.expressions import Row
from chalicelib.storage.table import Key

KEEP_S = 86_400
QUEUED, RUNNING, READY, FAILED = "QUEUED", "RUNNING", "READY", "FAILED"


def key(workspace_id: str, node: str, report: str) -> Key:
    """Say where a report lies."""
    return Key(f"{nodes.partition(workspace_id, node)}#RPT#{report}", "R")


def part_key(report: Key, number: int) -> Key:
    """Say where it stands which value holds a part."""
    return Key(report.pk, f"P#{number:06d}")


def new_row(where: Key, wanted: dict[str, Any], now_ms: int) -> Row:
    """Build a report that was not begun; `wanted` says what it is about and what it is called."""
    base = {**where._asdict(), "st": QUEUED, "until": leases.FREE, "fence": 0, "cur": "", "part": 0, "n": 0}
    return {**base, "doc": wanted, "made": now_ms, "exp": now_ms // 1000 + KEEP_S}

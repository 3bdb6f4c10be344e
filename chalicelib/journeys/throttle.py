"""Room for messages: a bucket for each node and channel, counted in this process, so it costs no write.

A limit of the deployment is this times the workers that run. A node without room puts its tokens off; other nodes and
channels go on.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict

from chalicelib.core import clock

RATES = {
    "CLAB_CAMPAIGN": ("MILLRACE_JOURNEYS_MAILS_PER_S", 100.0),
    "CLAB_CAMPAIGN_SMS": ("MILLRACE_JOURNEYS_TEXTS_PER_S", 50.0),
    "WEBHOOK": ("MILLRACE_JOURNEYS_CALLS_PER_S", 200.0),
}
LONGEST_S = 600.0
_KEPT = 10_000
_lock = threading.Lock()
_levels: OrderedDict[tuple[str, str, str], tuple[float, int]] = OrderedDict()
_queued: dict[tuple[str, str, str], float] = {}  # until when (ms) those that were put off fill the rate


def room(workspace_id: str, node: str, operation: str) -> float:
    """Take room for one message; answers 0, or after how many seconds to ask again.

    Those that are put off get times one after the other, so that they do not all come back at once.
    """
    if operation not in RATES:
        return 0.0
    name, default = RATES[operation]
    rate = float(os.environ.get(name) or default)
    size, now_ms, key = max(1.0, rate), clock.now_ms(), (workspace_id, node, operation)
    with _lock:
        level, at_ms = _levels.pop(key, (size, now_ms))
        level = min(size, level + rate * max(0, now_ms - at_ms) / 1000)
        has_room = level >= 1
        _levels[key] = (level - 1 if has_room else level, now_ms)
        while len(_levels) > _KEPT:
            _queued.pop(_levels.popitem(last=False)[0], None)
        if has_room:
            return 0.0
        _queued[key] = min(max(_queued.get(key, 0.0), now_ms) + 1000 / rate, now_ms + LONGEST_S * 1000)
        return max(1.0, (_queued[key] - now_ms) / 1000)


def forget() -> None:
    """Start with full buckets (tests)."""
    with _lock:
        _levels.clear()
        _queued.clear()

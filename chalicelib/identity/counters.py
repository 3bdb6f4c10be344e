"""What all processes took of a rate limit together: a row a limit, in the workspace it belongs to, gone when idle."""

from __future__ import annotations

from chalicelib.core.bucket import Seen
from chalicelib.edge.limits import Place
from chalicelib.identity import models
from chalicelib.storage.expressions import Row

KEPT_S = 3_600


class TableCounters:
    """Keeps the counts in the identity table; each report is one atomic update. Raises Unavailable."""

    def look(self, place: Place) -> Seen | None:
        """Read what a counter holds."""
        row = models.get_rate(place.workspace_id, place.who, place.kind)
        return None if row is None else _seen(row)

    def add(self, place: Place, used: int, level: int, at_ms: int) -> int:
        """Add what one process took; give what all have taken."""
        row = models.add_rate(place.workspace_id, place.who, place.kind, used, level, at_ms, at_ms // 1000 + KEPT_S)
        return int(row["n"])


def _seen(row: Row) -> Seen:
    return Seen(int(row["n"]), int(row["lvl"]), int(row["at"]))

"""What executions cost, summed per automation and day.

Each execution carries its own numbers for as long as it is kept. The sums are gathered in this process and written
once a batch, so that they cost a fraction of a write; a worker that falls loses those of its last batch.
"""

from __future__ import annotations

import threading
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any

from chalicelib.adapters import logs
from chalicelib.automations import meter, models
from chalicelib.core import clock
from chalicelib.core.call import Call
from chalicelib.core.errors import InvalidInput, Unavailable
from chalicelib.storage.expressions import Row

MAX_DAYS = 92
_lock = threading.Lock()
_open: dict[tuple[str, str, str], Counter[str]] = {}


def note(workspace_id: str, automation_id: str, _at_ms: int, state: str, used: dict[str, Any]) -> None:
    """Count an execution that has ended, under the day on which it did."""
    amounts = Counter({"executions": 1, state.lower(): 1})
    for name in ("writes", "reads", "messages", "calls", "bytes"):
        amounts[name] = int(used[name])
    amounts["cpuUs"] = int(used["cpuMs"] * 1000)
    with _lock:
        _open.setdefault((workspace_id, clock.iso_seconds(clock.now_ms())[:10], automation_id), Counter()).update(
            amounts
        )


def flush() -> None:
    """Write what was counted. What cannot be written now is kept for the next time."""
    with _lock:
        taken = dict(_open)
        _open.clear()
    for (workspace_id, day, automation_id), amounts in taken.items():
        try:
            models.add_usage(workspace_id, day, automation_id, {name: one for name, one in amounts.items() if one})
        except Unavailable as error:
            logs.log("usage.late", level="WARNING", reason=error.message)
            with _lock:
                _open.setdefault((workspace_id, day, automation_id), Counter()).update(amounts)


def read(call: Call) -> dict[str, Any]:
    """Show sums by automation and day: query `from`, `to` (days, UTC, today when absent), `automationId`."""
    today = clock.iso_seconds(clock.now_ms())[:10]
    first, last = _day(call, "from", call.query.get("to", today)), _day(call, "to", today)
    if last < first or (last - first).days >= MAX_DAYS:
        raise InvalidInput.at("query.to", f"must be from `from` to {MAX_DAYS - 1} days after it", "range")
    call.check_query("automationId")
    wanted = call.query.get("automationId")
    shown, total = [], Counter[str]()
    for number in range((last - first).days + 1):
        day = (first + timedelta(days=number)).isoformat()
        for row in models.usage_rows(call.workspace_id, day):
            if wanted in (None, row["sk"]):
                shown.append({"day": day, "automationId": row["sk"], **_shown(row)})
                total.update({name: value for name, value in row.items() if isinstance(value, int)})
    return {"from": first.isoformat(), "to": last.isoformat(), "total": _shown(dict(total)), "byAutomation": shown}


def _shown(row: Row) -> dict[str, Any]:
    counts = {name: row.get(name, 0) for name in ("executions", "done", "failed", "cancelled")}
    return {**counts, **meter.shown({**row, "cpuMs": row.get("cpuUs", 0) / 1000})}


def _day(call: Call, name: str, default: str) -> date:
    try:
        return datetime.strptime(call.query.get(name, default)[:10], "%Y-%m-%d").replace(tzinfo=UTC).date()
    except ValueError:
        raise InvalidInput.at(f"query.{name}", "must be a day: YYYY-MM-DD", "format") from None

"""What executions cost, summed per automation and day.

Each execution carries its own numbers for as long as it is kept; the sums are kept by tallies.py, at a write that a
batch of ended executions shares.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

from chalicelib.adapters.javascript import quota
from chalicelib.automations import meter, models, tallies
from chalicelib.core import clock, figures
from chalicelib.core.call import Call
from chalicelib.core.errors import InvalidInput
from chalicelib.storage.expressions import Row

MAX_DAYS = 92
_FIGURES = {"DONE": "ExecutionsDone", "FAILED": "ExecutionsFailed", "CANCELLED": "ExecutionsCancelled"}
STATES = ("done", "failed", "cancelled")
_SUMS = ("executions", *STATES, "writes", "reads", "messages", "calls", "bytes", "cpuUs")


class UsedInDay(NamedTuple):
    """Sums of a day; how many executions ended by hour and state; whether there were not too many rows to add up."""

    sums: dict[str, Any]
    hours: dict[str, dict[str, int]]
    is_whole: bool


def ended(workspace_id: str, row: Row) -> None:
    """Count an execution that this process has ended; `flush` writes it down."""
    figures.add(_FIGURES[row["st"]])
    place = tallies.place_of(workspace_id, row)
    tallies.book().note(place, str(row[tallies.MARK]), row["sk"], amounts_of(row))


def recover(workspace_id: str, row: Row) -> None:
    """Count an execution found ended, unless that was done: whoever ended it may have fallen. Raises Unavailable."""
    if tallies.MARK in row:
        tallies.recover(workspace_id, row, amounts_of(row))


def flush(not_within_ms: int = 0) -> None:
    """Write down what was counted, unless that was done so recently. Raises Unavailable: then it is still to do."""
    tallies.book().flush(not_within_ms)


def amounts_of(row: Row) -> Counter[str]:
    """Read out of an execution's row what it adds to the sums of its day."""
    used = meter.shown(row.get("use"))
    amounts = Counter({"executions": 1, row["st"].lower(): 1})
    for name in ("writes", "reads", "messages", "calls", "bytes"):
        amounts[name] = int(used[name])
    amounts["cpuUs"] = int(used["cpuMs"] * 1000)
    amounts[_in_hour(row["st"].lower(), clock.iso_seconds(int(row["fin"]))[11:13])] = 1
    return amounts


def of_day(workspace_id: str, day: str) -> UsedInDay:
    """Add up what a workspace's executions of a day used, and how many ended in each of its hours."""
    total: Counter[str] = Counter()
    rows, is_whole = models.usage_rows_of_day(workspace_id, day)
    for row in rows:
        total.update({name: amount for name, amount in row.items() if _is_sum(name)})
    hours = {f"{hour:02d}": {state: total[_in_hour(state, f"{hour:02d}")] for state in STATES} for hour in range(24)}
    return UsedInDay(_shown(total), hours, is_whole)


def read(call: Call) -> dict[str, Any]:
    """Show sums by automation and day: query `from`, `to` (days, UTC, today when absent), `automationId`.

    And what all scripts of the workspace used today of the day's quota.
    """
    today = clock.iso_seconds(clock.now_ms())[:10]
    first, last = _day(call, "from", call.query.get("to", today)), _day(call, "to", today)
    if last < first or (last - first).days >= MAX_DAYS:
        raise InvalidInput.at("query.to", f"must be from `from` to {MAX_DAYS - 1} days after it", "range")
    call.check_query("automationId")
    wanted = call.query.get("automationId")
    shown, total = [], Counter[str]()
    for number in range((last - first).days + 1):
        day = (first + timedelta(days=number)).isoformat()
        for automation_id, sums in _of_day(call.workspace_id, day, wanted).items():
            shown.append({"day": day, "automationId": automation_id, **_shown(sums)})
            total.update(sums)
    return {
        "from": first.isoformat(),
        "to": last.isoformat(),
        "total": _shown(total),
        "byAutomation": shown,
        "quota": {"javaScript": quota.shown(call.workspace_id)},
    }


def _in_hour(state: str, hour: str) -> str:
    return f"{state}{hour}"


def _is_sum(name: str) -> bool:
    return name in _SUMS or name[:-2] in STATES


def _of_day(workspace_id: str, day: str, wanted: str | None) -> dict[str, Counter[str]]:
    """Add up what each process wrote for an automation (every one, if none is wanted)."""
    found: dict[str, Counter[str]] = {}
    for row in models.usage_rows(workspace_id, day, wanted):
        sums = {name: row[name] for name in _SUMS if name in row}
        found.setdefault(row["sk"].partition("#")[0], Counter()).update(sums)
    return found


def _shown(row: Counter[str]) -> dict[str, Any]:
    counts = {name: row.get(name, 0) for name in ("executions", *STATES)}
    return {**counts, **meter.shown({**row, "cpuMs": row.get("cpuUs", 0) / 1000})}


def _day(call: Call, name: str, default: str) -> date:
    try:
        return datetime.strptime(call.query.get(name, default)[:10], "%Y-%m-%d").replace(tzinfo=UTC).date()
    except ValueError:
        raise InvalidInput.at(f"query.{name}", "must be a day: YYYY-MM-DD", "format") from None

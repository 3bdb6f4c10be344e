"""Figures of a workspace, and what waits in the queues: as JSON, or as text for Prometheus.

A day is two queries, whatever happened in it; nothing is counted by reading what it is about.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from chalicelib.adapters import backlog
from chalicelib.adapters.backlog import Backlog
from chalicelib.adapters.javascript import quota
from chalicelib.automations import public as automations
from chalicelib.automations.public import UsedInDay
from chalicelib.core import clock
from chalicelib.core.call import Call
from chalicelib.core.errors import InvalidInput
from chalicelib.core.queues import DEAD_LETTERS, QUEUES
from chalicelib.durable import counts
from chalicelib.edge import reporting
from chalicelib.edge.route import Answer, raw_answer
from chalicelib.platform import exposition, figures

MAX_DAYS = 7
Json = dict[str, Any]


@dataclass(frozen=True)
class Day:
    """What is known of one day: sums by hour, and what executions used."""

    name: str
    hours: Mapping[str, Counter[str]]
    used: UsedInDay

    def total(self) -> Counter[str]:
        """Add up the hours."""
        return sum(self.hours.values(), Counter())


def read_metrics(call: Call) -> Answer:
    """Show the figures of the days from `from` to `to` (UTC, at most 7, else today), by day or by hour.

    As text where `Accept` prefers it. Raises InvalidInput, Unavailable.
    """
    first, last, by = _days(call)
    reporting.keep()
    automations.flush_usage()
    names = [(first + timedelta(days=number)).isoformat() for number in range((last - first).days + 1)]
    days = [_read(call.workspace_id, name) for name in names]
    queues = backlog.of((*QUEUES, DEAD_LETTERS))
    total = _total(days)
    media = exposition.chosen(call.headers.get("accept", ""))
    if media is not None:
        return raw_answer(exposition.text(media, total, queues), 200, {"Content-Type": media.content_type})
    return Answer(
        {
            "from": names[0],
            "to": names[-1],
            "at": clock.iso_ms(clock.now_ms()),
            "isComplete": all(day.used.is_whole for day in days),
            "queues": [_queue(one) for one in queues],
            "quota": {"javaScript": quota.shown(call.workspace_id, _used_today(days))},
            "total": total,
            "periods": [period for day in days for period in (_hours(day) if by == "hour" else [_whole(day)])],
        }
    )


def _read(workspace_id: str, day: str) -> Day:
    return Day(day, counts.of_day(workspace_id, day), automations.used_in_day(workspace_id, day))


def _used_today(days: list[Day]) -> float | None:
    """Give what scripts used today; None where today was not asked for."""
    today = clock.iso_seconds(clock.now_ms())[:10]
    read = [day.total()[quota.FIGURE] for day in days if day.name == today]
    return figures.in_unit(quota.FIGURE, read[0]) if read else None


def _total(days: list[Day]) -> Json:
    sums: Counter[str] = Counter()
    executions: Counter[str] = Counter()
    cost = 0.0
    for day in days:
        sums.update(day.total())
        executions.update({state: day.used.sums[state] for state in figures.STATES})
        cost += figures.micro_dollars(day.total(), day.used.sums)
    return {**figures.shown(sums, executions), "microDollars": round(cost, 4)}


def _whole(day: Day) -> Json:
    return {"start": f"{day.name}T00:00:00", **figures.shown(day.total(), day.used.sums)}


def _hours(day: Day) -> list[Json]:
    """Give the hours of a day that have begun."""
    until = clock.iso_seconds(clock.now_ms())
    return [
        {"start": start, **figures.shown(day.hours.get(hour, {}), executions)}
        for hour, executions in day.used.hours.items()
        if (start := f"{day.name}T{hour}:00:00") <= until
    ]


def _queue(one: Backlog) -> Json:
    return {
        "name": one.queue,
        "waiting": one.waiting,
        "inFlight": one.in_flight,
        "delayed": one.delayed,
        "oldestS": one.oldest_s,
    }


def _days(call: Call) -> tuple[date, date, str]:
    today = clock.iso_seconds(clock.now_ms())[:10]
    last = _day(call, "to", today)
    first = _day(call, "from", last.isoformat())
    if last < first or (last - first).days >= MAX_DAYS:
        raise InvalidInput.at("query.to", f"must be from `from` to {MAX_DAYS - 1} days after it", "range")
    by = call.query.get("by", "day")
    if by not in ("day", "hour"):
        raise InvalidInput.at("query.by", "must be day or hour", "choice")
    return first, last, by


def _day(call: Call, name: str, default: str) -> date:
    try:
        return datetime.strptime(call.query.get(name, default), "%Y-%m-%d").replace(tzinfo=UTC).date()
    except ValueError:
        raise InvalidInput.at(f"query.{name}", "must be a day: YYYY-MM-DD", "format") from None

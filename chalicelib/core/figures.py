"""What happens, counted where it happens: one table of names, one book a process.

    figures.add("DeliveriesFailed", workspace_id=workspace_id)
    figures.sample("BatchMs", 120)

Who reports takes what was counted since the last time: as log lines that CloudWatch reads, for the whole deployment
(edge/reporting.py), and, of the names that are kept, as sums of a workspace and hour (`kept_by`). Counting costs a
microsecond and no I/O; what a process has not reported dies with it.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from chalicelib.core import clock

MOST_KEPT = 10_000  # sums in hand while they cannot be stored
MAX_SAMPLES = 100  # values CloudWatch takes of one metric in one line


@dataclass(frozen=True)
class Figure:
    """A name: CloudWatch's word for its unit, what it counts, and whether it is kept for each workspace and hour."""

    unit: str
    meaning: str
    is_kept: bool = False
    parts: int = 1  # it is kept as a whole number of so many parts of its unit


# fmt: off
FIGURES: Mapping[str, Figure] = {
    "ExecutionsDone":          Figure("Count", "executions that ended as done"),
    "ExecutionsFailed":        Figure("Count", "executions that ended as failed"),
    "ExecutionsCancelled":     Figure("Count", "executions that ended as cancelled"),
    "DeliveriesDelivered":     Figure("Count", "deliveries a receiver took", True),
    "DeliveriesRetried":       Figure("Count", "attempts that failed and will be made again", True),
    "DeliveriesFailed":        Figure("Count", "deliveries that ended as failed", True),
    "DeliveriesDropped":       Figure("Count", "deliveries without a taker: its subscription gone, disabled", True),
    "ChannelMessagesSent":     Figure("Count", "steps of notifications that handed a message over", True),
    "ChannelMessagesFailed":   Figure("Count", "steps of notifications that failed for good", True),
    "ChannelMessagesRetried":  Figure("Count", "attempts of such steps that will be made again", True),
    "ChannelMessagesSkipped":  Figure("Count", "steps of notifications that were not wanted or not meant", True),
    "JourneyTokensEntered":    Figure("Count", "customers who entered a journey", True),
    "JourneyTokensCompleted":  Figure("Count", "tokens that reached an end", True),
    "JourneyTokensFailed":     Figure("Count", "tokens that ended with an error", True),
    "JourneyTokensRemoved":    Figure("Count", "tokens that were removed or expired", True),
    "JourneySteps":            Figure("Count", "steps that tokens passed", True),
    "JourneyBatchesAgedOut":   Figure("Count", "batches dropped after a day without a packet"),
    "ChatEventsDelivered":     Figure("Count", "messages and events handed over to bots and integrations", True),
    "ChatEventsRetried":       Figure("Count", "attempts to hand over that will be made again", True),
    "ChatEventsFailed":        Figure("Count", "messages and events that were given up", True),
    "JavaScriptRuns":          Figure("Count", "scripts begun", True),
    "JavaScriptFailures":      Figure("Count", "scripts that threw, or ran out of time or memory", True),
    "JavaScriptMs":            Figure("Milliseconds", "CPU time of scripts, wall time of killed ones", True, 1000),
    "QuotaExceeded":           Figure("Count", "scripts not begun, for their workspace's day was used up", True),
    "OutboundRequests":        Figure("Count", "HTTP requests to the outside", True),
    "OutboundFailures":        Figure("Count", "such requests without an answer", True),
    "OutboundBytes":           Figure("Bytes", "bodies sent and received by them", True),
    "TableReads":              Figure("Count", "calls that read tables"),
    "TableWrites":             Figure("Count", "rows written, refused writes included"),
    "QueueSends":              Figure("Count", "messages sent"),
    "BlobCalls":               Figure("Count", "calls to the store of big values"),
    "KeyCalls":                Figure("Count", "data keys made and unwrapped"),
    "MicroDollars":            Figure("None", "estimate of what all this cost, in millionths of a dollar"),
    "BatchMessages":           Figure("Count", "messages in a batch"),
    "BatchMs":                 Figure("Milliseconds", "how long a batch or a tick took"),
    "OldestMessageMs":         Figure("Milliseconds", "age of the oldest message of a batch, its delay included"),
    "MessagesRepeated":        Figure("Count", "messages that will come again"),
    "MessagesGivenUp":         Figure("Count", "messages dropped: refused for good, or unreadable"),
    "DeadLetters":             Figure("Count", "messages a queue gave up"),
    "DisabledEndpoints":       Figure("Count", "subscriptions disabled on behalf of their receivers"),
    "RequestMs":               Figure("Milliseconds", "how long a request took; their number is its sample count"),
    "RequestsRefused":         Figure("Count", "requests answered with 4xx"),
    "RequestsFailed":          Figure("Count", "requests answered with 5xx"),
}
# fmt: on


class Sum(NamedTuple):
    """What belongs together: a workspace's, in one hour (`2026-01-31T12`, UTC)."""

    workspace_id: str
    hour: str


class Group(NamedTuple):
    """What was counted for one surface of the API, or, without one, for everything else."""

    surface: str
    values: dict[str, float | list[float]]


_lock = threading.Lock()
_totals: Counter[str] = Counter()
_samples: dict[tuple[str, str], list[float]] = {}
_by_surface: Counter[tuple[str, str]] = Counter()
_kept: dict[Sum, Counter[str]] = {}
_keeper: Callable[[Sum, Mapping[str, int]], None] | None = None
_reader: Callable[[str, str], Mapping[str, int]] | None = None


def add(name: str, amount: float = 1, *, workspace_id: str = "", surface: str = "") -> None:
    """Count. Of a name that is kept say whose it is."""
    figure = FIGURES[name]
    with _lock:
        if surface:
            _by_surface[surface, name] += amount  # type: ignore[assignment]
        else:
            _totals[name] += amount  # type: ignore[assignment]
        if figure.is_kept and workspace_id:
            key = Sum(workspace_id, _hour(clock.now_ms() // 3_600_000))
            sums = _kept.get(key)
            if sums is None:
                sums = _kept[key] = Counter()
            sums[name] += round(amount * figure.parts)


def sample(name: str, value: float, *, surface: str = "") -> bool:
    """Note one value of many whose spread matters; True when there is no room for more before the next report."""
    if name not in FIGURES:
        raise KeyError(name)
    with _lock:
        values = _samples.setdefault((surface, name), [])
        if len(values) < MAX_SAMPLES:
            values.append(value)
        return len(values) >= MAX_SAMPLES


def take() -> list[Group]:
    """Take what was counted since the last time, the work itself first, then each surface of the API."""
    with _lock:
        groups: dict[str, dict[str, float | list[float]]] = {"": dict(_totals)} if _totals else {}
        for (surface, name), amount in _by_surface.items():
            groups.setdefault(surface, {})[name] = amount
        for (surface, name), values in _samples.items():
            groups.setdefault(surface, {})[name] = values
        _totals.clear()
        _by_surface.clear()
        _samples.clear()
    return [Group(surface, groups[surface]) for surface in sorted(groups)]


def kept_by(keeper: Callable[[Sum, Mapping[str, int]], None], reader: Callable[[str, str], Mapping[str, int]]) -> None:
    """Say what stores the sums of workspaces: a function that adds to those there are, and one that adds up those of
    a workspace and day."""
    global _keeper, _reader
    _keeper, _reader = keeper, reader


def keep() -> Iterator[Exception]:
    """Store the sums of workspaces; yields what went wrong, and keeps in hand what could not be stored."""
    with _lock:
        taken = dict(_kept)
        _kept.clear()
    if _keeper is None:
        return
    for key, amounts in taken.items():
        try:
            _keeper(key, amounts)
        except Exception as error:  # noqa: BLE001 figures must never fail the work they are about
            _give_back(key, amounts)
            yield error


def in_day(name: str, workspace_id: str, day: str) -> float:
    """Say what was counted of a name in a day (`2026-01-31`, UTC), in its unit: what is stored, and what is in hand
    here. Raises what the reader raises."""
    with _lock:
        held = [sums[name] for key, sums in _kept.items() if key.workspace_id == workspace_id and day in key.hour]
    stored = {} if _reader is None else _reader(workspace_id, day)
    return (sum(held) + stored.get(name, 0)) / FIGURES[name].parts


def forget() -> None:
    """Drop everything that was counted (tests)."""
    take()
    with _lock:
        _kept.clear()


@lru_cache(maxsize=4)
def _hour(number: int) -> str:
    return clock.iso_seconds(number * 3_600_000)[:13]


def _give_back(key: Sum, rest: Counter[str]) -> None:
    with _lock:
        if key in _kept or len(_kept) < MOST_KEPT:
            _kept.setdefault(key, Counter()).update(rest)

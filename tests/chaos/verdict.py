"""Whether the samples of a soak are flat where they must be flat, and grow only as the work that was accepted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

WARM = 0.25  # the share of the time after which memory must be flat
MEMORY_MB, MEMORY_SHARE = 12.0, 0.08
WARMING_S, WARMING_MB = 600.0, 40.0
SIZE_SHARE, SIZE_ROWS, SIZE_MB = 0.10, 150, 0.3
FILE_PER_ITEM, FILE_MB = 3.0, 48.0
WAITING_MAX, WAITING_TIMES = 40, 2.0
OLDEST_MS = 30_000
OWED_PER_ACCEPTED_S = 45.0
LATENCY_TIMES, LATENCY_MS = 2.5, 150.0

MODEL = f"""
The model. Memory: a line through the samples after the first {WARM:.0%} of the time rises, over the rest of it, by at
most {MEMORY_MB:g} MB or {MEMORY_SHARE:.0%} in each process ({WARMING_MB:g} MB in a soak of less than {WARMING_S:g} s,
which only warms up). Store: every accepted act leaves a number of rows and bytes
that its kind of work has; taken from the first half, these foretell the end from what was accepted until then,
within {SIZE_SHARE:.0%} (or {SIZE_ROWS} rows, {SIZE_MB:g} MB). The file holds at most {FILE_PER_ITEM:g} bytes a byte of
item (keys, indexes, queues) and {FILE_MB:g} MB of log. Queues: as deep in the last third as in the one after warming
up (times {WAITING_TIMES:g}, or {WAITING_MAX} messages), none due for more than {OLDEST_MS / 1000:g} s. Answers: the
median p99 of the last third at most {LATENCY_TIMES:g} times that of the first, or {LATENCY_MS:g} ms
more. Done: never owed more than is accepted in {OWED_PER_ACCEPTED_S:g} s."""

Row = Mapping[str, Any]
Sizes = Mapping[str, tuple[int, int]]


def of(samples: Sequence[Row], tables: Sequence[Sizes]) -> list[str]:
    """Give every reason why the samples are not good. At least eight samples, in order of time."""
    if len(samples) < 8:
        return [f"only {len(samples)} samples"]
    warm = samples[int(len(samples) * WARM) :]
    return [
        *(fault for part in ("api", "workers", "others") for fault in _memory(part, warm)),
        *_sizes(samples, tables),
        *_file(samples[-1]),
        *_queues(warm),
        *_owed(samples),
        *_latency(warm),
    ]


def slope(points: Sequence[tuple[float, float]]) -> float:
    """Fit a line through points by least squares; give its rise a unit."""
    middle = sum(x for x, _ in points) / len(points)
    mean = sum(y for _, y in points) / len(points)
    spread = sum((x - middle) ** 2 for x, _ in points)
    return sum((x - middle) * (y - mean) for x, y in points) / spread if spread else 0.0


def _memory(part: str, warm: Sequence[Row]) -> list[str]:
    points = [(one["at_s"], one[f"{part}_mb"]) for one in warm]
    rise = slope(points) * (points[-1][0] - points[0][0])
    allowed = max(MEMORY_MB if points[-1][0] >= WARMING_S else WARMING_MB, MEMORY_SHARE * points[0][1])
    if rise <= allowed:
        return []
    return [f"memory of {part} rose by {rise:.1f} MB in {points[-1][0] - points[0][0]:.0f} s, allowed {allowed:.1f}"]


def _sizes(samples: Sequence[Row], tables: Sequence[Sizes]) -> list[str]:
    """Compare each table with what the first half foretells, from the work accepted since."""
    first, half, last = len(samples) // 8, len(samples) // 2, len(samples) - 1
    work = samples[half]["accepted"] - samples[first]["accepted"]
    more = samples[last]["accepted"] - samples[half]["accepted"]
    if not work:
        return ["nothing was accepted in the first half"]
    found = []
    for name in tables[last]:
        for place, unit, least in ((0, "rows", float(SIZE_ROWS)), (1, "bytes", SIZE_MB * 1e6)):
            grown = tables[half][name][place] - tables[first][name][place]
            foretold = tables[half][name][place] + grown / work * more
            actual = tables[last][name][place]
            if abs(actual - foretold) > max(least, SIZE_SHARE * foretold):
                found.append(f"table {name} holds {actual} {unit}, foretold {foretold:.0f}")
    return found


def _file(last: Row) -> list[str]:
    allowed = FILE_PER_ITEM * last["items_mb"] + FILE_MB
    return [f"the file has {last['file_mb']} MB, allowed {allowed:.1f}"] if last["file_mb"] > allowed else []


def _queues(warm: Sequence[Row]) -> list[str]:
    third = max(1, len(warm) // 3)
    before = _median([one["waiting"] for one in warm[:third]])
    after = _median([one["waiting"] for one in warm[-third:]])
    found = [f"a message was due for {one['oldest_ms']} ms" for one in warm if one["oldest_ms"] > OLDEST_MS]
    if after > max(WAITING_MAX, WAITING_TIMES * before):
        found.append(f"queues grew from {before:.0f} to {after:.0f} messages")
    return found


def _owed(samples: Sequence[Row]) -> list[str]:
    per_s = samples[-1]["accepted"] / samples[-1]["at_s"]
    allowed = per_s * OWED_PER_ACCEPTED_S
    return [f"{one['owed']} owed after {one['at_s']} s" for one in samples if one["owed"] > allowed]


def _latency(warm: Sequence[Row]) -> list[str]:
    third = max(1, len(warm) // 3)
    before = _median([one["p99_ms"] for one in warm[:third]])
    after = _median([one["p99_ms"] for one in warm[-third:]])
    if after <= max(LATENCY_TIMES * before, before + LATENCY_MS):
        return []
    return [f"the p99 of answers rose from {before:.0f} to {after:.0f} ms"]


def _median(numbers: Sequence[float]) -> float:
    ordered = sorted(numbers)
    return float(ordered[len(ordered) // 2])

"""What waits in the queues: how much SQS says itself, how long CloudWatch alone knows.

SQS counts approximately. CloudWatch measures once a minute the age of the oldest message that is not deleted, one in
flight included; `use` puts another source in its place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from chalicelib.adapters import aws, logs, queue
from chalicelib.core import clock, config
from chalicelib.core.cache import Cached
from chalicelib.core.errors import Unavailable

AT_ONCE = 8
_ATTRIBUTES = {
    "ApproximateNumberOfMessages": "waiting",
    "ApproximateNumberOfMessagesNotVisible": "in_flight",
    "ApproximateNumberOfMessagesDelayed": "delayed",
}
_PERIOD_S, _BACK_MINUTES = 60, 10
Ages = Callable[[list[str]], Mapping[str, float]]
_ages: Ages | None = None
_measured: Cached[Mapping[str, float]] = Cached(_PERIOD_S)  # each question is paid for


@dataclass(frozen=True)
class Backlog:
    """What one queue holds: messages to be had, at hand, and delayed; age of the oldest in seconds, None: not known."""

    queue: str
    waiting: int
    in_flight: int
    delayed: int
    oldest_s: float | None


def use(ages: Ages | None) -> None:
    """Say who else knows ages: a function from full names of queues to seconds; None restores CloudWatch."""
    global _ages
    _ages = ages


def of(names: Iterable[str]) -> list[Backlog]:
    """Ask about queues (short names), all at the same time. Raises Unavailable when SQS does not answer."""
    wanted, prefix = list(names), config.settings().queue_prefix
    with ThreadPoolExecutor(AT_ONCE) as pool:
        oldest = pool.submit(_oldest, [prefix + name for name in wanted])
        counted = list(pool.map(_count, wanted))
    ages = oldest.result()
    return [_backlog(name, counts, ages.get(prefix + name)) for name, counts in zip(wanted, counted, strict=True)]


def _backlog(name: str, counts: Mapping[str, int], oldest_s: float | None) -> Backlog:
    is_empty = not any(counts.values())
    return Backlog(name, **counts, oldest_s=0.0 if is_empty else oldest_s)


def _count(name: str) -> dict[str, int]:
    try:
        answer = aws.client("sqs").get_queue_attributes(QueueUrl=queue.url(name), AttributeNames=list(_ATTRIBUTES))
    except Exception as error:
        if aws.is_transient(error):
            raise Unavailable("the queue did not answer") from error
        raise
    return {word: int(answer["Attributes"][attribute]) for attribute, word in _ATTRIBUTES.items()}


def _oldest(names: list[str]) -> Mapping[str, float]:
    """Ask for ages. Nobody is refused the rest of the answer because they are not to be had."""
    try:
        if _ages is not None:
            return _ages(names)
        return _measured.get(tuple(names), lambda: _from_cloudwatch(names)) or {}
    except Exception as error:  # noqa: BLE001
        logs.exception("queues.ages_unknown", error)
        return {}


def _from_cloudwatch(names: list[str]) -> Mapping[str, float]:
    now = datetime.fromtimestamp(clock.now_s(), UTC)
    answer = aws.client("cloudwatch").get_metric_data(
        MetricDataQueries=[_query(number, name) for number, name in enumerate(names)],
        StartTime=now - timedelta(minutes=_BACK_MINUTES),
        EndTime=now,
        ScanBy="TimestampDescending",
    )
    found = {result["Id"]: result["Values"] for result in answer["MetricDataResults"]}
    return {name: float(values[0]) for number, name in enumerate(names) if (values := found.get(f"q{number}"))}


def _query(number: int, name: str) -> dict[str, Any]:
    metric = {
        "Namespace": "AWS/SQS",
        "MetricName": "ApproximateAgeOfOldestMessage",
        "Dimensions": [{"Name": "QueueName", "Value": name}],
    }
    return {"Id": f"q{number}", "MetricStat": {"Metric": metric, "Period": _PERIOD_S, "Stat": "Maximum"}}

"""Figures as text for Prometheus: its own format 0.0.4, or OpenMetrics 1.0.0, whichever is asked for.

Counters are sums of the days asked for, so they start anew each midnight (UTC); `rate` and `increase` know that.
Source: prometheus.io/docs/instrumenting/exposition_formats, openmetrics.io
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chalicelib.adapters.backlog import Backlog


@dataclass(frozen=True)
class Media:
    """A format: the type it is asked for by, the type it is answered as."""

    type: str
    content_type: str
    is_open: bool


@dataclass(frozen=True)
class Family:
    """Samples of one name. A counter's samples end in `_total`, which in OpenMetrics its family does not."""

    name: str
    kind: str
    help: str
    samples: Sequence[tuple[Mapping[str, str], float]]


PLAIN = Media("text/plain", "text/plain; version=0.0.4; charset=utf-8", is_open=False)
OPEN = Media("application/openmetrics-text", "application/openmetrics-text; version=1.0.0; charset=utf-8", is_open=True)
_JSON = ("application/json", "*/*", "application/*")
_BY = {  # group of the answer -> name, label, help
    "executions": ("millrace_executions", "state", "Executions that ended."),
    "deliveries": ("millrace_deliveries", "outcome", "Deliveries, and attempts to be made again."),
    "channelMessages": ("millrace_channel_messages", "outcome", "Steps of notifications, and attempts to be repeated."),
    "chatEvents": ("millrace_chat_events", "outcome", "Messages and events handed over, and attempts to be repeated."),
}


def chosen(accept: str) -> Media | None:
    """Say which text an Accept header prefers; None: JSON, which is also for those who do not say."""
    best, found = 0.0, None
    for weight, kind in _weighted(accept):
        if weight > best and kind in (*_JSON, PLAIN.type, OPEN.type):
            best, found = weight, kind
    return {PLAIN.type: PLAIN, OPEN.type: OPEN}.get(found or "")


def text(media: Media, total: Mapping[str, Any], queues: Sequence[Backlog]) -> str:
    """Render totals and queues."""
    lines = [line for family in (*_counters(total), *_gauges(queues)) for line in _lines(media, family)]
    return "\n".join([*lines, *(["# EOF"] if media.is_open else [])]) + "\n"


def _weighted(accept: str) -> Iterator[tuple[float, str]]:
    for part in accept.split(","):
        kind, *parameters = (piece.strip().lower() for piece in part.split(";"))
        named = dict(parameter.partition("=")[::2] for parameter in parameters)
        try:
            yield float(named.get("q", "1")), kind
        except ValueError:
            continue


def _counters(total: Mapping[str, Any]) -> Iterator[Family]:
    for group, (name, label, words) in _BY.items():
        yield Family(name, "counter", words, [({label: word}, value) for word, value in total[group].items()])
    journeys = {word: value for word, value in total["journeys"].items() if word != "steps"}
    by_outcome = [({"outcome": word}, value) for word, value in journeys.items()]
    yield Family("millrace_journey_tokens", "counter", "Tokens of journeys that entered, and that ended.", by_outcome)
    script, outbound = total["javaScript"], total["outbound"]
    for name, words, value in (
        ("millrace_journey_steps", "Steps that tokens passed.", total["journeys"]["steps"]),
        ("millrace_javascript_runs", "Scripts begun.", script["runs"]),
        ("millrace_javascript_failures", "Scripts that threw, or ran out of time or memory.", script["failures"]),
        ("millrace_javascript_put_off", "Scripts not begun, for the quota of the day was used up.", script["putOff"]),
        ("millrace_javascript_seconds", "Time that scripts took.", script["ms"] / 1000),
        ("millrace_outbound_requests", "HTTP requests to the outside.", outbound["requests"]),
        ("millrace_outbound_failures", "HTTP requests without an answer.", outbound["failures"]),
        ("millrace_outbound_bytes", "Bodies sent and received.", outbound["bytes"]),
        ("millrace_cost_dollars", "Estimate of what all this cost.", total["microDollars"] / 1e6),
    ):
        yield Family(name, "counter", words, [({}, value)])


def _gauges(queues: Sequence[Backlog]) -> Iterator[Family]:
    depths = [
        ({"queue": one.queue, "state": state}, value)
        for one in queues
        for state, value in (("waiting", one.waiting), ("in_flight", one.in_flight), ("delayed", one.delayed))
    ]
    yield Family("millrace_queue_messages", "gauge", "Messages in the queues of the deployment.", depths)
    ages = [({"queue": one.queue}, one.oldest_s) for one in queues if one.oldest_s is not None]
    yield Family("millrace_queue_oldest_message_seconds", "gauge", "Age of the oldest message of a queue.", ages)


def _lines(media: Media, family: Family) -> Iterator[str]:
    suffix = "_total" if family.kind == "counter" else ""
    name = family.name if media.is_open else family.name + suffix
    yield f"# HELP {name} {family.help}"
    yield f"# TYPE {name} {family.kind}"
    for labels, value in family.samples:
        shown = ",".join(f'{label}="{word}"' for label, word in labels.items())
        yield f"{family.name}{suffix}{{{shown}}} {value}" if shown else f"{family.name}{suffix} {value}"

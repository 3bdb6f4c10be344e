"""Figures as text: as Prometheus' own parsers read it."""

from __future__ import annotations

from typing import Any

import pytest
from prometheus_client import parser
from prometheus_client.openmetrics import parser as open_parser

from chalicelib.adapters.backlog import Backlog
from chalicelib.platform import exposition, figures
from chalicelib.platform.exposition import OPEN, PLAIN, Media

QUEUES = [Backlog("automations_advance", 3, 2, 1, 4.5), Backlog("dead_letters", 1, 0, 0, None)]


def total() -> dict[str, Any]:
    """Figures of which no two are equal."""
    names = [name for words in figures.SHOWN.values() for name in words.values()]
    sums = {name: (number + 10) for number, name in enumerate(names)}
    return {**figures.shown(sums, {"done": 1, "failed": 2, "cancelled": 3}), "microDollars": 2_500_000.0}


def read(media: Media, text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    parse = open_parser.text_string_to_metric_families if media.is_open else parser.text_string_to_metric_families
    families = list(parse(text))
    assert all(family.documentation for family in families)
    assert {family.type for family in families} == {"counter", "gauge"}
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }


@pytest.mark.parametrize("media", [PLAIN, OPEN], ids=["prometheus", "openmetrics"])
def test_the_parsers_of_prometheus_read_every_figure(media: Media) -> None:
    shown = total()
    found = read(media, exposition.text(media, shown, QUEUES))

    def value(name: str, **labels: str) -> float:
        return found[name, frozenset(labels.items())]

    assert value("millrace_executions_total", state="failed") == 2
    for group, (name, label, _) in exposition._BY.items():
        for word, amount in shown[group].items():
            assert value(f"{name}_total", **{label: word}) == amount
    for word in ("entered", "completed", "failed", "removed"):
        assert value("millrace_journey_tokens_total", outcome=word) == shown["journeys"][word]
    assert value("millrace_journey_steps_total") == shown["journeys"]["steps"]
    assert value("millrace_javascript_seconds_total") == shown["javaScript"]["ms"] / 1000
    assert value("millrace_outbound_bytes_total") == shown["outbound"]["bytes"]
    assert value("millrace_cost_dollars_total") == 2.5
    assert value("millrace_queue_messages", queue="automations_advance", state="in_flight") == 2
    assert value("millrace_queue_oldest_message_seconds", queue="automations_advance") == 4.5
    assert ("millrace_queue_oldest_message_seconds", frozenset({("queue", "dead_letters")})) not in found
    amounts = sum(len(words) for group, words in shown.items() if group != "microDollars") + 1
    assert len(found) == amounts + 3 * len(QUEUES) + 1


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        ("", None),
        ("*/*", None),
        ("application/json", None),
        ("text/html", None),
        ("text/plain", PLAIN),
        ("TEXT/PLAIN; charset=utf-8", PLAIN),
        ("application/openmetrics-text; version=1.0.0", OPEN),
        ("application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1", OPEN),
        ("text/plain;q=0.9, application/openmetrics-text;q=0.1", PLAIN),
        ("application/json, text/plain;q=0.5", None),
        ("text/plain;q=0", None),
        ("text/plain;q=often, application/openmetrics-text;q=0.2", OPEN),
        (";;,q=1", None),
    ],
)
def test_what_accept_prefers_is_given(accept: str, wanted: Media | None) -> None:
    assert exposition.chosen(accept) is wanted

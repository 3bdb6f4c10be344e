"""When figures are reported: after each batch, after some requests, never at the cost of the work."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from chalicelib.adapters import logs
from chalicelib.core import config, figures
from chalicelib.core.errors import Unavailable
from chalicelib.core.figures import Sum
from chalicelib.edge import reporting
from tests.conftest import Clock

Lines = Callable[[], list[dict[str, Any]]]
Kept = list[tuple[Sum, dict[str, int]]]


@pytest.fixture(autouse=True)
def clean(still: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    figures.forget()
    config.forget()
    monkeypatch.setattr(reporting, "_is_paced", False)
    monkeypatch.setattr(reporting, "_line_ms", still())
    monkeypatch.setattr(reporting, "_keep_ms", still())
    yield
    config.forget()


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> Kept:
    stored: Kept = []
    monkeypatch.setattr(figures, "_keeper", lambda place, amounts: stored.append((place, dict(amounts))))
    return stored


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Lines:
    return lambda: [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_batch_is_one_line_and_one_write_for_its_workspace(kept: Kept, lines: Lines) -> None:
    for _ in range(10):
        figures.add("DeliveriesDelivered", workspace_id="w1")
    figures.add("TableWrites", 10)
    figures.add("OutboundRequests", 10, workspace_id="w1")
    reporting.after_batch("deliver")
    (line,) = lines()
    assert (line["operation"], line["DeliveriesDelivered"]) == ("deliver", 10)
    assert line["MicroDollars"] == 10 * 1.25 + 10 * 0.2
    assert kept == [(Sum("w1", "2026-01-01T12"), {"DeliveriesDelivered": 10, "OutboundRequests": 10})]


def test_requests_are_reported_together_every_ten_seconds(kept: Kept, lines: Lines, still: Clock) -> None:
    for status in (200, 404, 500):
        reporting.after_request("novu", status, 5)
    assert lines() == []
    still.advance_s(10)
    reporting.after_request("interactor", 200, 7)
    first, second = sorted(lines(), key=lambda line: str(line["Surface"]))
    assert (first["Surface"], first["RequestMs"]) == ("interactor", 7)
    assert (second["RequestMs"], second["RequestsRefused"], second["RequestsFailed"]) == ([5, 5, 5], 1, 1)


def test_a_line_is_written_early_when_it_can_hold_no_more(kept: Kept, lines: Lines) -> None:
    for _ in range(figures.MAX_SAMPLES):
        reporting.after_request("novu", 200, 1)
    (line,) = lines()
    assert len(line["RequestMs"]) == figures.MAX_SAMPLES


def test_requests_write_at_most_once_a_second(kept: Kept, still: Clock) -> None:
    for _ in range(3):
        figures.add("JavaScriptRuns", workspace_id="w1")
        reporting.after_request("interactor", 200, 1)
    assert kept == []
    still.advance_s(1)
    reporting.after_request("interactor", 200, 1)
    assert kept == [(Sum("w1", "2026-01-01T12"), {"JavaScriptRuns": 3})]


def test_on_one_machine_the_clock_reports(kept: Kept, lines: Lines, still: Clock) -> None:
    reporting.pace()
    figures.add("JourneySteps", workspace_id="w1")
    reporting.after_batch("journeys_step")
    still.advance_s(60)
    reporting.after_request("contactflow", 200, 1)
    assert (lines(), kept) == ([], [])
    reporting.keep()
    reporting.write()
    assert len(lines()) == 2 and len(kept) == 1


@pytest.mark.parametrize(
    ("error", "event"), [(Unavailable("throttled"), "figures.late"), (KeyError("x"), "figures.not_kept")]
)
def test_figures_that_cannot_be_kept_fail_nothing(
    error: Exception, event: str, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_place: Sum, _amounts: Mapping[str, int]) -> None:
        raise error

    monkeypatch.setattr(figures, "_keeper", refuse)
    figures.add("JourneySteps", workspace_id="w1")
    reporting.after_batch("journeys_step")
    assert [line["message"] for line in lines()] == [event, "figures"]
    logs.unbind()

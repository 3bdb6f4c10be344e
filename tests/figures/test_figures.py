"""A small sample of each figure that `make figures` measures in full: the same code, real processes, real kills.

What only a quiet machine can keep is left out.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable

import pytest

from benchmarks.figures import batches, commands, deletion, endpoints, keys, polling, refreshing
from benchmarks.figures.__main__ import listing, main
from benchmarks.figures.finding import Finding, at_least, at_most, exactly
from benchmarks.figures.table import FIGURES

SAMPLES: dict[str, Callable[[], list[Finding]]] = {
    "sick endpoints": lambda: endpoints.measure(events=2, wish_s=2),
    "idempotency keys": keys.measure,
    "polling": lambda: polling.measure(records=200, kills=2),
    "refresh of tokens": lambda: refreshing.measure(parallel=20, is_full=False),
    "import": lambda: batches.measure(rows=2_000, kills=2),
    "deletion of a service": lambda: deletion.measure(executions=20, deliveries=20, looks_s=2),
}


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_keeps_what_the_figure_asks_for(name: str) -> None:
    found = SAMPLES[name]()
    assert [one.line() for one in found if not one.is_kept and not one.is_speed] == []
    assert len(found) > 3


def test_all_twenty_are_listed_with_a_command_each() -> None:
    assert [figure.number for figure in FIGURES] == list(range(1, 21))
    assert listing().count("\n") == 22
    assert {figure.number for figure in FIGURES if figure.proof} == {2, 3, 4, 5, 10, 13, 14, 15, 18}


def test_what_falls_short_is_said_and_ends_the_command_with_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def breaks() -> list[Finding]:
        raise OSError

    for proof, code in ((lambda: [exactly("a", 1, 1)], 0), (lambda: [exactly("a", 1, 2)], 1), (breaks, 1), (list, 1)):
        figure = next(one for one in FIGURES if one.number == 13)
        monkeypatch.setattr("benchmarks.figures.__main__.FIGURES", [type(figure)(13, "n", "t", "c", "h", proof)])
        assert main(["13"]) == code
    assert "falls short: 13" in capsys.readouterr().out


def test_findings_are_judged() -> None:
    assert [at_most("a", 2, 2).is_kept, at_most("a", 3, 2).is_kept, at_most("a", float("nan"), 2).is_kept] == [
        True,
        False,
        False,
    ]
    assert [at_least("a", 2, 2).is_kept, at_least("a", 1, 2).is_kept] == [True, False]


def test_what_tests_wrote_down_is_read() -> None:
    case = '<testcase><properties><property name="waits" value="3"/></properties>{}</testcase>'
    report = ET.fromstring(f"<testsuite>{case.format('')}{case.format('<failure/>')}</testsuite>")
    run = commands.read(report, "shown")
    assert (run.passed, run.failed, run.number("waits")) == (1, 1, 3)

"""Reports of the benchmarks: tables go between their marks, the texts around them stay, faults are told."""

from __future__ import annotations

from pathlib import Path

from benchmarks.report import Report, percentile, write

PAGE = """# Results

<!-- machine -->
<!-- end -->
before
<!-- one -->
old
<!-- end -->
after
<!-- two -->
kept
<!-- end -->
"""


def test_a_report_replaces_what_stood_between_its_marks_and_nothing_else(tmp_path: Path) -> None:
    page = tmp_path / "RESULTS.md"
    page.write_text(PAGE)
    report = Report("one", command="python -m benchmarks one")
    report.figure("speed", "5 a second", "3")
    report.figure("size", "1 MB")
    report.row(("a", "b"), "1", "2")
    write(page, [report])
    text = page.read_text()
    assert "before\n<!-- one -->\n`python -m benchmarks one`" in text
    assert "| what | figure | target |\n| --- | --- | --- |\n| speed | 5 a second | 3 |\n| size | 1 MB |  |\n" in text
    assert "| a | b |\n| --- | --- |\n| 1 | 2 |\n<!-- end -->\nafter\n<!-- two -->\nkept\n<!-- end -->\n" in text
    assert "old" not in text
    write(page, [report])
    assert page.read_text().count("speed") == 1


def test_a_part_the_page_does_not_know_is_added(tmp_path: Path) -> None:
    page = tmp_path / "RESULTS.md"
    write(page, [Report("new")])
    assert "## new\n\n<!-- new -->" in page.read_text()


def test_what_must_hold_and_does_not_is_in_the_report() -> None:
    report = Report("one")
    report.must(True, "well")
    report.must(False, "three events were lost")
    assert report.faults == ["three events were lost"]
    assert "FAILED: three events were lost" in report.markdown()


def test_percentiles_of_few_values() -> None:
    assert percentile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert percentile([1.0], 0.99) == 1.0
    assert percentile([], 0.5) != percentile([], 0.5)  # not a number

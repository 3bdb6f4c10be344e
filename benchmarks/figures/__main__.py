"""`make figures`: measure in full what the acceptance figures ask for; exit 1 when one falls short of its target.

python -m benchmarks.figures           all that are proved here, half an hour on a quiet machine
python -m benchmarks.figures 13 15     named ones
python -m benchmarks.figures list      all twenty: target, command, where the result stands
"""

from __future__ import annotations

import sys
import time
import traceback

from benchmarks.figures.finding import Finding
from benchmarks.figures.table import FIGURES, Figure
from benchmarks.report import machine


def main(chosen: list[str]) -> int:
    """Measure the chosen figures; give the exit code."""
    if chosen == ["list"]:
        print(listing(), end="")
        return 0
    known = {str(figure.number): figure for figure in FIGURES}
    if unknown := [one for one in chosen if one not in known]:
        raise SystemExit(f"there is no figure {', '.join(unknown)}")
    print(machine())
    short = []
    for figure in [known[one] for one in chosen] or [one for one in FIGURES if one.proof is not None]:
        print(f"\n== {figure.number}. {figure.name}: {figure.target}", flush=True)
        if figure.proof is None:
            print(f"{figure.command}  (its result: {figure.stands_in})", flush=True)
        elif not _is_kept(figure):
            short.append(str(figure.number))
    print(f"\nfalls short: {', '.join(short)}" if short else "\nall kept")
    return 1 if short else 0


def _is_kept(figure: Figure) -> bool:
    """Measure a figure and print what was found."""
    began = time.monotonic()
    try:
        found = figure.proof() if figure.proof is not None else []
    except Exception as error:
        traceback.print_exc()
        found = [Finding("measured to the end", type(error).__name__, False)]
    for one in found:
        print(one.line())
    print(f"({time.monotonic() - began:.0f} s)", flush=True)
    return bool(found) and all(one.is_kept for one in found)


def listing() -> str:
    """Render the list of all figures as a table in Markdown."""
    lines = ["| | figure | target | command | result |", "| --- | --- | --- | --- | --- |"]
    for one in FIGURES:
        lines.append(f"| {one.number} | {one.name} | {one.target} | `{one.command}` | {one.stands_in} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

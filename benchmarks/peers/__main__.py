"""`python -m benchmarks.peers millrace celery`: named products only; all of them are `python -m benchmarks peers`."""

from __future__ import annotations

import sys

from benchmarks.peers import comparison
from benchmarks.report import Report, machine

if __name__ == "__main__":
    print(f"machine: {machine()}")
    comparison.compare(Report("peers"), sys.argv[1:] or list(comparison.PEERS))

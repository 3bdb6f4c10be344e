"""`make bench`: every figure with the machine it was taken on.

python -m benchmarks                                      all parts, half an hour on a quiet machine
python -m benchmarks throughput fan_out                   named parts
python -m benchmarks --quick                              all but the peers, small: outcomes count, not times
python -m benchmarks --write benchmarks/RESULTS.md        put what was measured into that page
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks import acts, automations, cost, fairness, fan_out, journeys, scripts, traffic
from benchmarks.peers import comparison
from benchmarks.report import Report, Sizes, machine, write

PARTS: dict[str, Callable[[Report], None]] = {
    "start_up": traffic.start_up,
    "scripts": scripts.main,
    "calls": acts.main,
    "cost": cost.main,
    "throughput": traffic.throughput,
    "automations": automations.main,
    "journeys": journeys.main,
    "fairness": fairness.main,
    "kills": traffic.kills,
    "fan_out": fan_out.main,
    "waiting": automations.waiting,
    "sustained": traffic.sustained,
    "peers": comparison.main,
}
_NOT_QUICK = frozenset({"peers"})  # they would have to be installed


def main() -> int:
    """Run the named parts, or all; answer 1 when an outcome that must hold does not."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is stopped
    given = _arguments()
    sizes = Sizes(given.quick, given.minutes, given.waiting, given.subscriptions)
    names = given.names or [name for name in PARTS if not (given.quick and name in _NOT_QUICK)]
    print(f"machine: {machine()}")
    if sizes.is_quick and len(names) > 1:
        return _side_by_side(names)
    reports = [_run(name, sizes) for name in names]
    if given.write:
        write(given.write, reports)
    failed = [report.name for report in reports if report.faults]
    print(f"failed: {', '.join(failed)}" if failed else "every outcome holds")
    return int(bool(failed))


def _side_by_side(names: list[str]) -> int:
    """Run parts in processes of their own, as many at once as there are cores: times do not matter."""
    failed = []
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        for name, done in zip(names, threads.map(_quick, names), strict=True):
            print(done.stdout.partition("\n")[2].rsplit("\n", 2)[0], flush=True)
            if done.returncode:
                print(done.stderr, file=sys.stderr)
                failed.append(name)
    print(f"failed: {', '.join(failed)}" if failed else "every outcome holds")
    return int(bool(failed))


def _quick(name: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks", name, "--quick"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def _run(name: str, sizes: Sizes) -> Report:
    report, began = Report(name, sizes, _command(name, sizes)), time.monotonic()
    print(f"\n== {name}", flush=True)
    PARTS[name](report)
    print(f"({time.monotonic() - began:.0f} s)", flush=True)
    return report


def _command(name: str, sizes: Sizes) -> str:
    """Say how to run this part alone, as it ran."""
    usual = Sizes()
    chosen = [f"--{one} {getattr(sizes, one):g}" for one in ("minutes", "waiting", "subscriptions")]
    differing = [text for text in chosen if text not in [f"--{one} {getattr(usual, one):g}" for one in vars(usual)]]
    return " ".join(["python -m benchmarks", name, *(["--quick"] if sizes.is_quick else []), *differing])


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("names", nargs="*", choices=[[], *PARTS], metavar="part", help=", ".join(PARTS))
    parser.add_argument("--quick", action="store_true", help="small, for its outcomes")
    parser.add_argument("--minutes", type=float, default=Sizes.minutes, help="how long `sustained` lasts")
    parser.add_argument("--waiting", type=int, default=Sizes.waiting, help="executions that wait")
    parser.add_argument("--subscriptions", type=int, default=Sizes.subscriptions, help="of `fan_out`")
    parser.add_argument("--write", type=Path, help="the page to put the tables into")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())

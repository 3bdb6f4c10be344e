"""A few seconds of real load on a real stack in calm weather: what auditors are given when all is well."""

from __future__ import annotations

import pickle
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from infra.harness.stack import Stack
from tests.chaos.sinks import Sinks
from tests.chaos.store import Store
from tests.chaos.surfaces.botpress import Botpress
from tests.chaos.surfaces.contactflow import Contactflow
from tests.chaos.surfaces.novu import Novu

ACTS, LASTS_S = 80, 5.0
STARTS_S, SETTLES_S = 90.0, 120.0
Row = dict[str, Any]
Parts = tuple[Any, Any, list[Row]]
_ROOT = Path(__file__).parents[3]


@dataclass
class Record:
    """What the client was promised, what could be seen from outside, and the rows."""

    ledger: Any
    seen: Any
    rows: list[Row]

    def row(self, is_it: Callable[[Row], bool]) -> Row:
        """Find the first row that is it."""
        return next(row for row in self.rows if is_it(row))

    def drop(self, is_it: Callable[[Row], bool]) -> Row:
        """Lose the first row that is it."""
        row = self.row(is_it)
        self.rows.remove(row)
        return row


def record(surface: str) -> Record:
    """Give a copy to plant violations in. Recording is a process of its own, made once."""
    return Record(*deepcopy(_all()[surface]))


@lru_cache(maxsize=1)
def _all() -> dict[str, Parts]:
    with tempfile.TemporaryDirectory(prefix="millrace-audit-") as folder:
        file = Path(folder) / "record"
        subprocess.run([sys.executable, "-m", __spec__.name, str(file)], cwd=_ROOT, check=True)
        return dict(pickle.loads(file.read_bytes()))


def main(file: Path) -> None:
    """Record, and write it down."""
    stack = Stack(file.parent, MILLRACE_TICK_S="1")
    stack.start(timeout_s=STARTS_S)
    try:
        file.write_bytes(pickle.dumps(_made(stack.url, Store(file.parent / "data" / "millrace.db"))))
    finally:
        stack.stop()


def _made(url: str, store: Store) -> dict[str, Parts]:
    sinks = Sinks()
    novu = Novu(url, sinks, busy_each=None, ill_s=0.0)
    contactflow = Contactflow(url, sinks, busy_each=None, ill_s=0.0, times_out=False)
    botpress = Botpress(url, sinks, ill_s=0.0)
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(_load, (novu, contactflow, botpress)))
    return {
        "novu": (novu.ledger, novu.look(store), list(store.rows("channels"))),
        "contactflow": (contactflow.ledger, contactflow.look(), list(store.rows("journeys"))),
        "botpress": (botpress.ledger, botpress.look(), list(store.rows("chat"))),
    }


def _load(surface: Any) -> None:
    surface.prepare()
    for number in range(ACTS):
        surface.act(number)
        time.sleep(LASTS_S / ACTS)
    ends = time.monotonic() + SETTLES_S
    while (left := surface.owed()) and time.monotonic() < ends:
        time.sleep(0.2)
    assert left == 0, f"{surface.name} did not settle"
    time.sleep(1.0)  # rows are written after their effects


if __name__ == "__main__":
    main(Path(sys.argv[1]))

"""The table of what executions cost is what is counted now, and nothing in it is above twice its floor."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
ROW = re.compile(r"\| (.+?) \| (\d+) \| (\d+) \| (\d+) \| (\d+) W, (\d+) R, (\d+) M \| (.*) \|")


@pytest.fixture(scope="module")
def counted() -> str:
    command = [sys.executable, "-m", "benchmarks.automations", "costs", "print"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def test_the_table_in_the_documents_is_what_is_counted(counted: str) -> None:
    assert counted == (ROOT / "docs/AUTOMATION_COSTS.md").read_text()


def test_no_act_costs_more_than_twice_its_floor(counted: str) -> None:
    rows = ROW.findall(counted)
    assert len(rows) >= 15
    for name, *numbers, reason in rows:
        cost, floor = [int(one) for one in numbers[:3]], [int(one) for one in numbers[3:]]
        assert cost[0] <= 2 * floor[0], name
        assert (cost[1] <= 2 * floor[1], cost[2] <= 2 * floor[2]) == (True, True), name
        assert reason or all(map(int.__le__, cost, floor)), f"{name} is above its floor without a reason"


def test_an_effect_costs_one_write_and_a_wait_none(counted: str) -> None:
    rows = {name: tuple(map(int, numbers)) for name, *numbers, _ in ROW.findall(counted)}
    assert [rows[f"run: {name}"][:3] for name in ("1 effect", "3 effects", "10 effects")] == [
        (2, 0, 1),
        (4, 0, 1),
        (11, 0, 1),
    ]
    assert rows["wake, 1 effect, end"][:3] == (2, 0, 0)

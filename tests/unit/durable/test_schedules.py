"""A hundred thousand random schedules of the real transition code; simulate.py runs more."""

from __future__ import annotations

import pytest

from tests.unit.durable.simulate import MACHINES, simulate

CHUNK = 5_000
CHUNKS = {"executions": 12, "polls": 3, "arrivals": 2, "requests": 2, "deliveries": 2, "flights": 1}


@pytest.mark.parametrize(("name", "chunk"), [(name, chunk) for name, count in CHUNKS.items() for chunk in range(count)])
def test_every_promise_holds_in_random_schedules(name: str, chunk: int) -> None:
    simulate(MACHINES[name], range(chunk * CHUNK, (chunk + 1) * CHUNK))

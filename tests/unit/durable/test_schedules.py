"""More than a hundred thousand random schedules of the real transition code; simulate.py runs more."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from chalicelib.adapters.queue import Letter
from chalicelib.core import ids
from tests.unit.durable.executions import Executions
from tests.unit.durable.simulate import MACHINES, simulate
from tests.unit.durable.world import Killed

CHUNK = 5_000
CHUNKS = {
    "executions": 10,
    "hasty executions": 4,
    "polls": 3,
    "arrivals": 2,
    "requests": 2,
    "deliveries": 2,
    "flights": 1,
}


class KilledOnce(Executions):
    """Nothing goes wrong but that the process at work falls at one point: the number `at`, counted over all."""

    harshness = 1e-9

    def __init__(self, seed: int, at: int) -> None:
        self.points, self.at = 0, at
        super().__init__(seed)
        waits = [("sleep", 1_000), ("event", None), ("sleep", 1_020_000), ("event", 40_000)]
        self.program = [
            ("emit",),
            waits[0],
            ("do",),
            waits[1],
            ("emit",),
            waits[2],
            ("do",),
            waits[3],
            ("emit",),
            ("do",),
        ]
        self.workers.clear()
        self.spawn(self._create, repeats=True)
        self.spawn(lambda worker: self._event(worker, 3), repeats=True)

    def before(self) -> None:
        self._count()

    def after(self) -> bool:
        self._count()
        return False

    def send(self, queue: str, letters: Sequence[Letter]) -> None:
        self._count()
        super().send(queue, letters)
        self._count()

    def _count(self) -> None:
        self.points += 1
        if self.points == self.at:
            raise Killed


@pytest.mark.parametrize("seed", range(3))
def test_a_process_may_fall_at_every_point_of_ten_steps(seed: int) -> None:
    at = 0
    try:
        while True:
            at += 1
            world = KilledOnce(seed, at)
            world.run(steps=0)
            if world.points < at:
                break
    finally:
        ids.use(None)
    assert at > 60


@pytest.mark.parametrize(("name", "chunk"), [(name, chunk) for name, count in CHUNKS.items() for chunk in range(count)])
def test_every_promise_holds_in_random_schedules(name: str, chunk: int) -> None:
    simulate(MACHINES[name], range(chunk * CHUNK, (chunk + 1) * CHUNK))

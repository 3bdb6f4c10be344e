"""Run random schedules: `python -m tests.unit.durable.simulate --schedules 1000000 --seed 7`."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable

from chalicelib.core import ids
from tests.unit.durable.arrivals import Arrivals, Requests
from tests.unit.durable.counters import Deliveries, Flights
from tests.unit.durable.executions import Executions, HastyExecutions
from tests.unit.durable.polls import Polls
from tests.unit.durable.world import Broken, World

MACHINES: dict[str, type[World]] = {
    "executions": Executions,
    "hasty executions": HastyExecutions,
    "polls": Polls,
    "arrivals": Arrivals,
    "requests": Requests,
    "deliveries": Deliveries,
    "flights": Flights,
}


def simulate(machine: type[World], seeds: Iterable[int], steps: int = 60) -> None:
    """Run one schedule for each seed. Raises Broken naming the seed."""
    seed = -1
    try:
        for seed in seeds:
            machine(seed).run(steps)
    except Broken as error:
        raise Broken(f"{machine.__name__} seed {seed}: {error}") from error
    finally:
        ids.use(None)


def first_broken(machine: type[World], limit: int, seed: int = 0) -> int | None:
    """Say after how many schedules a promise breaks; None when it never does."""
    try:
        for number in range(limit):
            try:
                machine(seed + number).run()
            except Broken:
                return number + 1
    finally:
        ids.use(None)
    return None


def main() -> None:
    """Run every machine in turn and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--schedules", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--machine", choices=sorted(MACHINES))
    options = parser.parse_args()
    chosen = [options.machine] if options.machine else list(MACHINES)
    share = options.schedules // len(chosen)
    for name in chosen:
        began = time.process_time()
        simulate(MACHINES[name], range(options.seed * 10**9, options.seed * 10**9 + share))
        print(f"{name}: {share} schedules, {time.process_time() - began:.1f} s CPU", flush=True)


if __name__ == "__main__":
    main()

"""`python -m infra.sizing`: which quota of one account and region gives way first, from 1 to 10,000 executions/s.

A second at a time is played for each rate: requests arrive in bursts, batches fill as messages wait, functions run as
often at once as their durations make them (Little's law over the drawn times), and every use is held against its
quota. Quotas are AWS's defaults; a third of them can be raised by asking, and the table says which.
"""

from __future__ import annotations

import argparse
import math
import random
from dataclasses import dataclass, replace

from infra import workload
from infra.functions import API, FUNCTIONS, STAGES, Stage
from infra.workload import Execution

RATES = (1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000)
SECONDS = 60
_BURST = 1.5  # the busiest second over the mean


@dataclass(frozen=True)
class Quota:
    """One limit: what of, how much, and what is to be done about it."""

    name: str
    most: float
    remedy: str


@dataclass(frozen=True)
class Uses:
    """Whose figures: an execution, how many workspaces share the load, how many subscribers of one event."""

    one: Execution = workload.TYPICAL
    workspaces: int = 100
    cold_share: float = 0.02


def quotas(stage: Stage) -> dict[str, Quota]:
    """List the quotas: of the account by default, and of our own template.

    Read in 2026 under docs.aws.amazon.com: gateway (apigateway/latest/developerguide/limits.html; 2,500 and 1,250 in
    the newer regions), Lambda (lambda/latest/dg/scaling-behavior.html, lambda/latest/operatorguide/
    scaling-concurrency.html), SQS (AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-queues.html), DynamoDB
    (amazondynamodb/latest/developerguide/warm-throughput-scenarios.html). Not verified: 40,000 of a table, KMS.
    """
    rows = {function.name: function for function in FUNCTIONS}
    return {
        "throttle": Quota("API throttle of the stage (ours)", stage.requests_per_s, "infra/functions.py, STAGES"),
        "gateway": Quota("API Gateway, requests/s of a region", 10_000, "ask AWS; a second region beyond 30,000"),
        "gateway_burst": Quota("API Gateway, burst", 5_000, "AWS sets it with the rate"),
        "lambda": Quota("Lambda, functions at once", 1_000, "ask AWS: tens of thousands are usual"),
        "lambda_ramp": Quota("Lambda, new instances of a function in 10 s", 1_000, "fixed: let load rise over minutes"),
        "fan_out": Quota("mapping of fan_out, at once (ours)", rows["fan_out"].most_in(stage), "infra/functions.py"),
        "deliver": Quota("mapping of deliver, at once (ours)", rows["deliver"].most_in(stage), "infra/functions.py"),
        "in_flight": Quota("SQS, messages in flight of a queue", 120_000, "fixed for the default: split the queue"),
        "table_writes": Quota("DynamoDB, writes/s of a table", 40_000, "ask AWS; warm the table before"),
        "table_reads": Quota("DynamoDB, reads/s of a table", 40_000, "ask AWS; warm the table before"),
        "fresh_writes": Quota("DynamoDB, writes/s of a new table", 4_000, "set warm throughput before the peak"),
        "fresh_reads": Quota("DynamoDB, reads/s of a new table", 12_000, "set warm throughput before the peak"),
        "partition": Quota("DynamoDB, writes/s of one partition", 1_000, "events and deliveries spread by id"),
        "kms": Quota("KMS, calls/s of a region", 10_000, "ask AWS; data keys are kept by process"),
        "control": Quota("Lambda, invocations/s of the account", 10_000, "ten times functions at once"),
    }


def uses(rate: float, of: Uses, chance: random.Random) -> dict[str, float]:
    """Play some seconds at a rate and give the highest use of each quota."""
    highest: dict[str, float] = {}
    waiting = 0.0
    for _ in range(SECONDS):
        arrived = rate * chance.uniform(2 - _BURST, _BURST) if rate >= 1 else float(chance.random() < rate)
        waiting += arrived
        batch = min(10.0, max(1.0, waiting / max(1.0, rate / of.one.batch)))
        for name, value in _second(arrived, rate, batch, of, chance).items():
            highest[name] = max(highest.get(name, 0.0), value)
        waiting = max(0.0, waiting - rate)
    return highest


def _second(arrived: float, rate: float, batch: float, of: Uses, chance: random.Random) -> dict[str, float]:
    one = of.one
    slow = chance.lognormvariate(0.0, 0.25)  # receivers and tables have good and bad seconds
    at_once = {
        API: arrived * one.api_requests * one.api_ms / 1000,
        "fan_out": arrived * one.fan_out_ms / 1000 * slow + arrived / batch * 0.02,
        "deliver": arrived / batch * (one.deliver_ms / 1000 * slow + 0.02),
    }
    starting = of.cold_share * sum(at_once.values())
    return {
        "throttle": arrived * one.api_requests,
        "gateway": arrived * one.api_requests,
        "gateway_burst": arrived * one.api_requests / 2,
        "lambda": sum(at_once.values()) + starting,
        "lambda_ramp": max(at_once.values()) * (_BURST - 1) * 2,
        "fan_out": at_once["fan_out"],
        "deliver": at_once["deliver"],
        "in_flight": arrived * (one.deliver_ms / 1000 * slow + 1),
        "table_writes": arrived * one.writes_kb / 2,
        "table_reads": arrived * one.reads_4kb,
        "fresh_writes": arrived * one.writes_kb / 2,
        "fresh_reads": arrived * one.reads_4kb,
        "partition": arrived * one.writes_kb / 2 / max(1.0, min(rate * 3, of.workspaces * 16)),
        "kms": starting * 2 + arrived * one.kms_calls,
        "control": arrived * (one.api_requests + one.messages / batch),
    }


def passed(rate: float, of: Uses, stage: Stage) -> list[tuple[Quota, float]]:
    """List the quotas that a rate passes, by how far, worst first."""
    found = uses(rate, of, random.Random(rate))  # noqa: S311 the same rate plays the same seconds
    over = [(quota, found[name]) for name, quota in quotas(stage).items() if found[name] > quota.most]
    return sorted(over, key=lambda pair: pair[1] / pair[0].most, reverse=True)


def first_limit(of: Uses, stage: Stage) -> tuple[float, Quota, float]:
    """Find the lowest rate at which a quota gives way, the quota, and its use there."""
    low, high = 1.0, 1e6
    while high / low > 1.01:
        middle = math.sqrt(low * high)
        low, high = (low, middle) if passed(middle, of, stage) else (middle, high)
    quota, used = passed(high, of, stage)[0]
    return high, quota, used


def main() -> None:
    """Print what gives way at each rate, and the first limit."""
    parser = argparse.ArgumentParser(prog="infra.sizing", description=__doc__)
    parser.add_argument("--stage", choices=STAGES, default="prod")
    parser.add_argument("--deliver-ms", type=float, default=workload.TYPICAL.deliver_ms, help="a receiver's answer")
    parser.add_argument("--workspaces", type=int, default=100)
    chosen = parser.parse_args()
    of = Uses(replace(workload.TYPICAL, deliver_ms=chosen.deliver_ms), workspaces=chosen.workspaces)
    stage = STAGES[chosen.stage]
    print(f"{'executions/s':>12}  {'at once':>8}  gives way")
    for rate in RATES:
        over = passed(rate, of, stage)
        shown = "; ".join(f"{quota.name}: {used:,.0f} of {quota.most:,.0f}" for quota, used in over) or "nothing"
        print(f"{rate:>12,}  {uses(rate, of, random.Random(rate))['lambda']:>8,.0f}  {shown}")  # noqa: S311
    rate, quota, used = first_limit(of, stage)
    print(f"\nfirst limit: {quota.name}, at {rate:,.0f} executions/s ({used:,.0f} of {quota.most:,.0f}).")
    print(f"  then: {quota.remedy}")


if __name__ == "__main__":
    main()

"""The single list of the twenty acceptance figures: target, the command that proves it, where its result stands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.figures import batches, commands, deletion, endpoints, keys, polling, refreshing
from benchmarks.figures.finding import Finding

HERE = "docs/FIGURES.md"
RESULTS = "benchmarks/RESULTS.md"


@dataclass(frozen=True)
class Figure:
    """One figure. `proof` measures it in full; None: `command` does, a command of its own."""

    number: int
    name: str
    target: str
    command: str
    stands_in: str
    proof: Callable[[], list[Finding]] | None = None


def _own(number: int, name: str, target: str, proof: Callable[[], list[Finding]]) -> Figure:
    return Figure(number, name, target, f"python -m benchmarks.figures {number}", HERE, proof)


FIGURES = [
    Figure(
        1,
        "kills of the server",
        "20 SIGKILLs under 2,000 accepted events: 0 lost, 0 under two ids, doubles under 5 %, back in 20 s",
        "python -m benchmarks kills",
        RESULTS,
    ),
    _own(
        2,
        "kills of a worker",
        "at every point of an execution: each transition once, every effect under the same key, right end",
        commands.kills,
    ),
    _own(
        3,
        "sick endpoints",
        "12 faults: every owed delivery made, signatures valid, ids stable, Retry-After kept, a healthy one in 1 s",
        endpoints.measure,
    ),
    _own(
        4,
        "idempotency keys",
        "8 racing sends: one effect; the same a day later; another body is refused; on every surface",
        keys.measure,
    ),
    _own(
        5,
        "model of the protocol",
        "1,000,000 random schedules without a violation; each removed rule is caught",
        commands.model,
    ),
    Figure(
        6,
        "hostile HTTP",
        "at least 800 bad requests: refused cleanly, no 5xx, one shape, the slowest in 1 s",
        "make attack",
        "printed",
    ),
    Figure(
        7,
        "forbidden addresses",
        "at least 150 spellings, redirects, names, rebinding: nothing forbidden is dialled",
        "make attack",
        "printed",
    ),
    Figure(
        8,
        "hostile JavaScript",
        "at least 100 scripts: each over in 6 s, the next unaffected, under 600 MB, reads in 1 s beside 8 loops",
        "make attack",
        "printed",
    ),
    Figure(
        9,
        "tenants and secrets",
        "every operation: 0 leaks, 0 forged fields, 0 secrets in answers, logs and tables",
        "make attack",
        "printed",
    ),
    _own(
        10,
        "waits",
        "10,000 from 1 s to 90 days: none lost or early, p99 late 2 s and 60 s, a missed hour caught up in 5 min",
        commands.waits,
    ),
    Figure(
        11,
        "fan-out",
        "1 event to 10,000 subscriptions, killed 5 times: one message id each, 500 deliveries a second",
        "python -m benchmarks fan_out",
        RESULTS,
    ),
    Figure(
        12,
        "load",
        "300 events a second for 10 min without an error, p99 accept 100 ms; 100,000 waiting cost at most 10 %",
        "python -m benchmarks sustained waiting",
        RESULTS,
    ),
    _own(13, "polling", "10,000 records, 50 kills, pages in no order: 0 gaps, 0 doubles", polling.measure),
    _own(
        14,
        "refresh of tokens",
        "100 at once: 1 call; provider slow 12 s, crash after its answer, race with invalid_grant: right end",
        refreshing.measure,
    ),
    _own(15, "import", "100,000 rows, 10 kills: every row once, the report of errors exact", batches.measure),
    Figure(
        16,
        "faults of table and queue",
        "throttled, lost, cancelled, stale, unprocessed at 10 % each, messages doubled at 20 %: all holds",
        "make chaos",
        "printed",
    ),
    Figure(
        17, "floors", "no act writes, reads or sends more than twice its floor", "python -m benchmarks calls", RESULTS
    ),
    _own(
        18,
        "deletion of a service",
        "1,000 executions and 1,000 due deliveries: 404 at once, no call after 5 s, only the tombstone stays",
        deletion.measure,
    ),
    Figure(
        19,
        "clocks",
        "5 s apart between processes, and a jump of an hour: figures 1 and 2 hold",
        "make chaos",
        "printed",
    ),
    Figure(
        20,
        "audit and mutations",
        "no known vulnerability; at least 90 % of mutated guards are caught",
        "make audit; python -m tests.attack.mutations",
        "printed",
    ),
]

"""Every row of every surface refuses what is hostile: clearly, in its own shape, without a 5xx, and at once."""

from __future__ import annotations

import itertools
import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest

import app as _app  # noqa: F401 registers every row
from chalicelib.edge.failures import BOTPRESS, CONTACTFLOW, INTERACTOR, NOVU
from chalicelib.edge.route import ROWS
from tests.attack.figures import Figures
from tests.attack.hostile_requests import Case, Maker
from tests.attack.platform import Platform
from tests.attack.sending import Reply, Wire

SURFACES = (INTERACTOR, NOVU, BOTPRESS, CONTACTFLOW)
LEAST = 800  # requests for each surface
SLOWEST_MS = 1_000
THREADS = 4
MARKS = ("Traceback", "chalicelib", "site-packages", 'File "', "sqlite", "pydantic", "moto")
NOTHING_TO_DO = {  # operations that say so of an id nobody has, as their contract asks: operation -> the whole answer
    "cancelTriggered": (200, b'{"data":false}'),
    "deleteSubscriberCredentials": (204, b""),
}


@dataclass
class Findings:
    """What came of all requests: counts, and whatever was not as it must be."""

    sent: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    wrong: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    idle: int = 0
    slowest_ms: float = 0.0
    slowest: str = ""

    def take(self, case: Case, reply: Reply) -> None:
        """Judge one answer."""
        self.sent[case.surface] += 1
        self.statuses[reply.status] += 1
        what = f"{case.operation}: {case.name}: {reply.status} {reply.body[:160]!r}"
        if reply.ms > self.slowest_ms:
            self.slowest_ms, self.slowest = reply.ms, what
        if reply.status >= 500:
            self.wrong["5xx"].append(what)
        elif NOTHING_TO_DO.get(case.operation) == (reply.status, reply.body):
            self.idle += 1
        elif not 400 <= reply.status < 500:
            self.wrong["accepted"].append(what)
        elif not is_shaped(case, reply):
            self.wrong["shape"].append(what)
        if any(mark in reply.body.decode("utf-8", "replace") for mark in MARKS):
            self.wrong["inside shown"].append(what)


def is_shaped(case: Case, reply: Reply) -> bool:
    """Say whether a refusal has the shape of its surface, or of the HTTP layer where that refuses."""
    body = reply.json
    if case.name == "verb HEAD" and reply.body == b"":
        return True
    if not isinstance(body, dict):
        return False
    if case.by_gateway or reply.status == 413:  # a path of no surface may lie below one, and then has its shape
        return any(shape(body, reply.status) for shape in _SHAPES.values())
    return _SHAPES[case.surface](body, reply.status)


def _is_interactor(body: dict[str, Any], status: int) -> bool:
    return bool(body.get("error")) and bool(body.get("type")) and body.get("status") == status


_SHAPES = {
    INTERACTOR: _is_interactor,
    NOVU: lambda body, status: bool(body.get("message")) and body.get("statusCode") == status and "path" in body,
    BOTPRESS: lambda body, status: (
        bool(body.get("message") and body.get("type") and body.get("id")) and body.get("code") == status
    ),
    CONTACTFLOW: lambda body, _: bool(body.get("message") and body.get("logref")),
}


@pytest.fixture(scope="module")
def findings(platform: Platform, every: int, figures: Figures) -> Findings:
    """Send everything, over a few connections."""
    world = platform.world()
    cases = itertools.chain.from_iterable(Maker(world, surface, row).cases() for surface, row in ROWS)
    chosen = list(itertools.islice(cases, 0, None, every))
    found = Findings()
    with ThreadPoolExecutor(THREADS) as threads:
        for batch in threads.map(lambda some: list(_sent(platform, some)), _dealt(chosen)):
            for case, reply in batch:
                found.take(case, reply)
    for surface in SURFACES:
        figures.note(f"hostile requests, {surface}", found.sent[surface], "refused")
    bad = {kind: len(cases) for kind, cases in found.wrong.items()}
    figures.note(
        "hostile requests, whole", sum(found.sent.values()), f"slowest {found.slowest_ms:.0f} ms, wrong: {bad or 0}"
    )
    print(f"\n{dict(sorted(found.statuses.items()))}, slowest: {found.slowest[:120]}")
    return found


def _dealt(cases: list[Case]) -> list[list[Case]]:
    return [cases[first::THREADS] for first in range(THREADS)]


def _sent(platform: Platform, cases: list[Case]) -> Iterator[tuple[Case, Reply]]:
    wire = Wire(platform.port)
    for case in cases:
        yield case, _quickest(wire, case)
    wire.close()


def _quickest(wire: Wire, case: Case) -> Reply:
    """Send it; what takes too long is sent twice more: a busy machine is slow once, a slow answer always."""
    try:
        reply = wire.exchange(case.raw)
        for _ in range(2):
            if reply.ms > SLOWEST_MS:
                again = wire.exchange(case.raw)
                reply = again if again.ms < reply.ms else reply
    except OSError as error:
        return Reply(599, {}, f"no answer: {error}".encode(), 0)
    finally:
        if case.by_gateway:
            wire.close()
    return reply


def test_enough_was_sent(findings: Findings, every: int) -> None:
    assert {surface: count for surface, count in findings.sent.items() if count < LEAST // every} == {}
    assert set(findings.sent) == set(SURFACES)


@pytest.mark.parametrize("kind", ["5xx", "accepted", "shape", "inside shown"])
def test_nothing_is_answered_in_a_wrong_way(findings: Findings, kind: str) -> None:
    wrong = findings.wrong[kind]
    assert not wrong, f"{len(wrong)}:\n" + "\n".join(wrong[:40])


def test_every_refusal_comes_at_once(findings: Findings) -> None:
    assert findings.slowest_ms < SLOWEST_MS, findings.slowest


def test_the_platform_is_well_afterwards(platform: Platform, findings: Findings) -> None:
    assert findings.sent
    assert platform.stack.is_up()
    lines = [line for line in platform.stack.log.read_text().splitlines() if line.startswith("{")]
    bugs = [line for line in map(json.loads, lines) if line["message"].endswith(".bug")]
    assert bugs == []

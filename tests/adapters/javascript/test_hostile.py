"""Every hostile script ends within its limit, says why, and leaves nothing behind for the next run."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from chalicelib.adapters.javascript import Outcome, Script
from chalicelib.adapters.javascript.sandbox import Runner
from chalicelib.core.errors import LogicFailed
from tests.adapters.javascript.fakes import Web
from tests.adapters.javascript.hostile import FAILING, HARMLESS

LIMIT_S = 0.5  # for those that only a limit ends
PATIENCE_S = 4.0  # for those that end by themselves, so that a busy machine does not fail the test
MEMORY_MB = 32
AFTER = """return [
  1 + 1, typeof leak, ({}).polluted === undefined, JSON.stringify({a: 1}), typeof Promise.prototype.then,
  $.lodash.sum([1, 2]), (await $.axios('http://x/')).status,
  $.crypto.createHash('sha1').update('').digest('hex').slice(0, 4),
]"""
AFTER_VALUE = [2, "undefined", True, '{"a":1}', "function", 3, 200, "da39"]


def attack(sandbox: Runner, code: str, limit_s: float) -> tuple[Outcome | LogicFailed, float, Any]:
    started = time.monotonic()
    script = Script("globalThis.leak = 1;" + code, {"input": {"a": 1}}, timeout_s=limit_s, memory_mb=MEMORY_MB)
    end: Outcome | LogicFailed
    try:
        end = sandbox.run("tenant", script, Web())
    except LogicFailed as failed:
        end = failed
    took_s = time.monotonic() - started
    return end, took_s, sandbox.run("tenant", Script(AFTER, {}), Web()).value


@pytest.fixture(scope="module")
def ends(sandbox: Runner) -> Iterator[dict[str, Any]]:
    """All attacks, four at a time."""
    codes = {name: (code, LIMIT_S if "timeout" in kinds else PATIENCE_S) for name, (kinds, code) in FAILING.items()}
    codes |= {name: (code, PATIENCE_S) for name, (code, _) in HARMLESS.items()}
    with ThreadPoolExecutor(4) as threads:
        yield {name: threads.submit(attack, sandbox, *code) for name, code in codes.items()}


def test_there_are_enough_of_them() -> None:
    assert len(FAILING) + len(HARMLESS) >= 150


@pytest.mark.parametrize("name", FAILING)
def test_a_hostile_script_fails_in_time_with_a_clear_kind(ends: dict[str, Any], name: str) -> None:
    end, took_s, after = ends[name].result()
    assert after == AFTER_VALUE
    assert took_s < 6  # the limit itself is 0.5 s; the rest is the patience a busy machine needs
    assert isinstance(end, LogicFailed), end
    assert end.kind in FAILING[name][0], (end.kind, end.message)
    assert end.message
    assert len(end.message) < 9000
    assert not [word for word in ("Traceback", "python", ".py") if word in end.message]


@pytest.mark.parametrize("name", HARMLESS)
def test_a_harmless_one_yields_the_value_it_should(ends: dict[str, Any], name: str) -> None:
    end, took_s, after = ends[name].result()
    assert after == AFTER_VALUE
    assert took_s < 6
    assert isinstance(end, Outcome), end
    assert end.value == HARMLESS[name][1]
    assert len(end.logs) <= 200
    assert sum(len(line["message"]) for line in end.logs) <= 65_536

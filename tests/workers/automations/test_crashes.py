"""The worker dies before and after every write, read, send and call of an execution that has steps of every type."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.adapters import javascript
from chalicelib.automations import lanes, packing, usage
from chalicelib.automations.models import BELL
from chalicelib.automations.rules import language
from chalicelib.core import cache, clock, config
from tests.workers.automations.world import W, World

URL = "https://api.example"
STEPS: list[Any] = [
    {"id": "code", "type": "code", "code": "return {n: 2, r: Math.random(), at: Date.now()}"},
    {"id": "http", "type": "http", "method": "POST", "url": f"{URL}/first", "body": "${steps.code.output}"},
    {"id": "act", "type": "action", "service": "s", "action": "a", "atMostOnce": False},
    {
        "id": "each",
        "type": "repeat",
        "over": [1, 2, 3],
        "parallelism": 2,
        "steps": [{"id": "item_call", "type": "http", "url": URL + "/items/${item}"}],
    },
    {
        "id": "iff",
        "type": "if",
        "condition": "steps.code.output.n == 2",
        "then": [
            {
                "id": "same",
                "type": "ifValue",
                "value": "${steps.code.output.n}",
                "equals": 2,
                "then": [{"id": "inner", "type": "http", "url": f"{URL}/inner"}],
            }
        ],
    },
    {"id": "count", "type": "code", "code": "return (steps.count ? steps.count.output : 0) + 1"},
    {
        "id": "case",
        "type": "case",
        "branches": [
            {
                "condition": {"left": "${steps.count.output}", "operator": "<", "right": 2},
                "steps": [{"id": "back", "type": "goto", "target": "count"}],
            }
        ],
    },
    {
        "id": "byValue",
        "type": "caseValue",
        "value": "${steps.count.output}",
        "branches": [{"equals": 2, "steps": [{"id": "wait", "type": "wait", "seconds": 30}]}],
    },
    {"id": "check", "type": "condition", "service": "s", "condition": "c", "then": []},
    {"id": "heard", "type": "waitForEvent", "event": "go", "timeoutSeconds": 86_400},
    {"id": "child", "type": "automation", "automationId": "child"},
    {"id": "last", "type": "http", "method": "PUT", "url": f"{URL}/last", "body": "${steps.child.output}"},
    {"id": "end", "type": "return", "value": ["${steps.count.output}", "${steps.heard.output.payload}"]},
]
EFFECTS = {
    f"POST {URL}/first", "action act", f"GET {URL}/items/1", f"GET {URL}/items/2", f"GET {URL}/items/3",
    f"GET {URL}/inner", "condition check", f"GET {URL}/child", f"PUT {URL}/last",
}  # fmt: skip


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Iterator[World]:
    monkeypatch.setenv("MILLRACE_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("MILLRACE_LOG_LEVEL", "CRITICAL")
    config.forget()
    lanes.forget()
    yield World(monkeypatch)
    clock.use(None)
    config.forget()
    cache.forget_all()
    usage._open.clear()
    javascript.shutdown()


def play(world: World) -> str:
    """Run the execution to its end, an event coming once it waits for it."""
    world.define("main", STEPS)
    world.define("child", [{"id": "in_child", "type": "http", "url": f"{URL}/child"}])
    execution = world.begin("main")

    def waits() -> bool:
        row = world.row(execution)
        return row["st"] == "WAIT" and row.get("aw") == BELL and "heard" in str(row["memo"])

    world.settle(waits)
    world.tell(execution, "go", 7)
    world.settle(lambda: world.has_ended(execution))
    world.settle(lambda: not world.messages)
    return execution


def story(world: World, execution: str) -> list[tuple[str, str, Any]]:
    journal = packing.journal_of(W, execution, world.row(execution))
    return [(one.address, one.status.value, one.output) for one in journal.records.values()]


def test_the_execution_has_steps_of_every_type() -> None:
    def kinds(steps: list[Any]) -> set[str]:
        found = set()
        for step in steps:
            found.add(step["type"])
            inner = [step.get(name, []) for name in language.BRANCHES]
            inner += [branch["steps"] for branch in step.get("branches", ())]
            for part in inner:
                found |= kinds(part)
        return found

    assert kinds(STEPS) == set(language.STEPS)


def reset(world: World) -> None:
    world.tables.clear()
    world.messages.clear()
    world.calls.clear()
    world.point = world.kills = 0
    world.now_ms = 1_767_268_800_000
    lanes.forget()


def test_every_transition_happens_once_and_every_effect_has_one_key_wherever_the_worker_dies(world: World) -> None:
    execution = play(world)
    expected, points = story(world, execution), world.point
    assert world.row(execution)["st"] == "DONE"
    assert set(world.calls) == EFFECTS
    keys = {name: made[0] for name, made in world.calls.items()}
    assert points > 80
    for point in range(points):
        reset(world)
        world.kill_at = point
        execution = play(world)
        where = f"killed {world.last[1]} {world.last[0]}, call {point}"
        if not world.kills:  # side by side, steps may need a call less than the first time
            assert point > points - 10
            break
        row = world.row(execution)
        assert (row["st"], row["res"]) == ("DONE", {"v": [2, 7]}), where
        assert without_times(story(world, execution)) == without_times(expected), where
        assert all(len(set(made)) == 1 for made in world.calls.values()), where
        assert all(world.calls[name][0] == key for name, key in keys.items() if not name.endswith("/child")), where
        assert set(world.calls) == EFFECTS, where
        repeated = [name for name, made in world.calls.items() if len(made) > 1]
        assert all(len(made) <= 2 for made in world.calls.values()), where
        assert len(repeated) <= 2, where  # one step, or the two that ran side by side


def without_times(told: list[tuple[str, str, Any]]) -> list[Any]:
    return sorted((address, status, None if address == "code" else str(output)) for address, status, output in told)


def test_a_step_that_must_not_happen_twice_ends_in_doubt_when_its_worker_died(world: World) -> None:
    step = {"id": "once", "type": "http", "method": "POST", "url": f"{URL}/once", "atMostOnce": True}
    world.define("main", [step])
    execution = world.begin("main")
    world.settle(lambda: world.has_ended(execution))
    points, outcomes = world.point, set()
    for point in range(points):
        reset(world)
        world.kill_at = point
        execution = world.begin("main")
        world.settle(lambda: world.has_ended(execution))  # noqa: B023
        made = len(world.calls.get(f"POST {URL}/once", ()))
        row = world.row(execution)
        assert made <= 1, (point, world.last)
        outcomes.add((row["st"], made, (row.get("err") or {}).get("type")))
    assert outcomes == {("DONE", 1, None), ("FAILED", 0, "Unknown"), ("FAILED", 1, "Unknown")}


def test_an_execution_that_kills_its_workers_ends_as_poison(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from chalicelib.automations import effects
    from tests.workers.automations.world import Crash

    def die(_work: Any) -> Any:
        raise Crash

    world.define("main", [{"id": "bad", "type": "action", "service": "s", "action": "a"}])
    monkeypatch.setitem(effects._KINDS, "action", die)
    execution = world.begin("main")
    world.settle(lambda: world.has_ended(execution))
    assert (world.row(execution)["st"], world.row(execution)["err"]["type"]) == ("FAILED", "Poison")


def test_no_wait_from_a_second_to_ninety_days_is_lost_or_early(world: World) -> None:
    """10,000 of them: python -m benchmarks.automations waits."""
    import random

    rng = random.Random(4)
    world.define("main", [{"id": "w", "type": "wait", "seconds": "${input.s}"}])
    wanted = {}
    for number in range(24):
        seconds = int(86_400 * 90 ** rng.random()) if number % 2 else rng.randrange(1, 3_000)
        wanted[world.begin("main", str(number), {"s": seconds})] = seconds * 1000
    world.tick()
    while world.step():
        continue
    while open_ones := [world.row(one) for one in wanted if not world.has_ended(one)]:
        soonest = min(row["due"] for row in open_ones)
        world.now_ms = max(world.now_ms + 60_000, soonest // 60_000 * 60_000 - 600_000)
        world.tick()
        for _ in range(11):
            while world.step():
                continue
            world.now_ms += 60_000
            world.tick()
    for execution, wait_ms in wanted.items():
        row = world.row(execution)
        late_ms = row["fin"] - row["at"] - wait_ms
        assert row["st"] == "DONE"
        assert 0 <= late_ms <= 130_000, (wait_ms, late_ms)

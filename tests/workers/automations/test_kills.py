"""A worker is ended by `os._exit` before and after every write, message and request of an execution; another goes on.

`make test` takes a fixed sample of the points, each kind of call on both sides; MILLRACE_EVERY_POINT=1 takes them all
(about two minutes). The processes and the places where they die are those of killed.py.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chalicelib.automations.rules import language
from tests.workers.automations import scenario
from tests.workers.automations.killed import KILLED, sample

ROOT = Path(__file__).parents[3]
STEP = 1 if os.environ.get("MILLRACE_EVERY_POINT") else 0


def play(folder: Path, scene: str, step: int = 1) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "tests.workers.automations.killed", str(folder), scene, str(step)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def lives(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """Play them all once; the first has no end but its own."""
    return play(tmp_path_factory.mktemp("lives"), "whole", STEP)


def test_the_execution_has_steps_of_every_type() -> None:
    assert scenario.kinds(scenario.steps("http://localhost")) == set(language.STEPS)


def test_a_life_without_a_fall_does_every_step_once(lives: list[dict[str, Any]]) -> None:
    whole = lives[0]
    assert (whole["state"], whole["output"]) == ("DONE", scenario.OUTPUT)
    assert set(whole["calls"]) == scenario.EFFECTS
    assert all(len(keys) == 1 for keys in whole["calls"].values())
    assert set(Counter(map(tuple, whole["transitions"])).values()) == {1}
    assert len(whole["names"]) > 110


def test_wherever_it_falls_each_transition_happens_once_and_each_effect_keeps_its_key(
    lives: list[dict[str, Any]], record_property: Callable[[str, object], None]
) -> None:
    whole = lives[0]
    accepted = whole["names"].index("after PutItem")  # from there on a repeat of the request means the same execution
    most_repeated = 0
    assert {life["died"] for life in lives[1:]} == set(whole["names"])
    assert len(lives) - 1 == (len(whole["names"]) if STEP else len(sample(whole["names"])))
    for life in lives[1:]:
        where = f"fell {life['died']}, point {life['point']}"
        assert life["codes"] == [KILLED, 0], where
        assert (life["state"], life["output"]) == ("DONE", scenario.OUTPUT), where
        assert sorted(life["transitions"]) == sorted(whole["transitions"]), where
        assert life["memo"] == list(range(life["seq"])), where
        for places in life["seqs"].values():  # as the table answered them: it only ever went on by one
            assert set(places) == set(range(places[-1] + 1)), where
            assert places == sorted(places), where
        assert set(life["calls"]) == scenario.EFFECTS, where
        assert all(len(set(keys)) == 1 for keys in life["calls"].values()), where
        own = scenario.EFFECTS - {"/child"}  # the child's id says when it was begun, its keys follow from it
        if life["point"] >= accepted:
            assert all(life["calls"][path][0] == whole["calls"][path][0] for path in own), where
        repeated = sum(len(keys) - 1 for keys in life["calls"].values())
        assert repeated <= 2, where  # the step under way, or the two that ran side by side
        assert (life["left"], life["due"], life["owes"]) == (0, [], False), where
        most_repeated = max(most_repeated, repeated)
    record_property("workers that fell, each at a point of its own", len(lives) - 1)
    record_property("points there are", len(whole["names"]))
    record_property("transitions, each once in every life", len(whole["transitions"]))
    record_property("effects repeated after a fall under the same key, at most", most_repeated)


def test_wherever_it_falls_what_it_used_is_summed_once(lives: list[dict[str, Any]]) -> None:
    assert lives[0]["usage"] == {"executions": 2, "done": 2, "failed": 0, "cancelled": 0}
    assert {life["died"]: life["usage"] for life in lives[1:] if life["usage"] != lives[0]["usage"]} == {}


def test_a_step_that_must_not_happen_twice_ends_in_doubt_when_its_worker_fell_around_it(tmp_path: Path) -> None:
    whole, *fallen = play(tmp_path, "once")
    assert (whole["state"], len(whole["calls"]["/only"])) == ("DONE", 1)
    outcomes = {(life["state"], len(life["calls"].get("/only", ())), life["error"]) for life in fallen}
    assert outcomes == {("DONE", 1, None), ("FAILED", 0, "Unknown"), ("FAILED", 1, "Unknown")}


def test_an_execution_that_ends_its_workers_ends_as_poison(tmp_path: Path) -> None:
    _, life = play(tmp_path, "poison")
    assert life["codes"][:-1] == [KILLED] * (len(life["codes"]) - 1)
    assert (life["codes"][-1], 3 < len(life["codes"]) <= 9) == (0, True)
    assert (life["state"], life["error"], life["calls"]) == ("FAILED", "Poison", {})
    assert life["usage"] == {"executions": 1, "done": 0, "failed": 1, "cancelled": 0}


def test_whenever_it_is_cancelled_it_ends_so_and_nothing_new_is_begun(tmp_path: Path) -> None:
    step = STEP or 17
    whole, *lives = play(tmp_path, "cancel", step)
    assert len(lives) == -(-len(whole["names"]) // step)
    seen = set()
    for life in lives:
        where = f"cancelled {life['died']}, point {life['point']}"
        assert life["codes"] == [0], where
        order = life["order"]
        is_cancelled = "CANCELLED" in order
        assert life["state"] in (("CANCELLED", "DONE") if is_cancelled else ("DONE",)), where
        if life["state"] == "CANCELLED":  # the step under way may happen, or the two side by side
            assert len(order) - order.index("CANCELLED") - 1 <= 2, where
        assert set(life["others"]) <= {"done", "cancelled"}, where
        assert (life["left"], life["due"], life["owes"]) == (0, [], False), where
        seen.add(life["state"])
    assert seen == {"CANCELLED", "DONE"}

"""The auditor sees what it is there to see: each violation, planted, is reported, and nothing else is."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.chaos import invariants
from tests.chaos.sinks import RETRY_AFTER_S, Ill
from tests.chaos.surfaces import interactor
from tests.unit.chaos import planted
from tests.unit.chaos.planted import CHILD, EXECUTION, NOW_MS, World

ROW = "chaos#X#a#0"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


def findings(world: World) -> list[str]:
    everywhere = invariants.of_all(world.store, NOW_MS) + invariants.given_up(world.store)
    return world.surface.audit(world.store) + everywhere


def two_steps(world: World) -> None:
    text = json.dumps({"r": [{"a": "step0", "z": "done"}]})
    world.put("work", planted.execution(EXECUTION, memo={"0": text, "1": text}))


def second_id(world: World) -> None:
    world.surface.good.received.append(planted.message("/interactor/good", {"number": 1}, "msg_other"))


def second_key(world: World) -> None:
    world.surface.effects.received.append(planted.effect("first", 7, "another"))


def stray(world: World) -> None:
    world.surface.sinks.strays.append(planted.message("/stray", {}, "msg_1"))


def pending(world: World) -> None:
    row = planted.due_row("chaos#DL#good", "1#msg_9", NOW_MS + 1000)
    world.put("delivery", row | {"st": "pending"})


PLANTED: dict[str, tuple[Callable[[World], None], str]] = {
    "an execution is lost": (lambda world: world.drop("work", ROW, EXECUTION), "a.main is not in the store"),
    "an execution too many": (lambda world: world.put("work", planted.execution("a.more")), "5 executions for 4"),
    "an execution failed": (
        lambda world: world.put("work", planted.execution(CHILD, st="FAILED")),
        "a.child is FAILED",
    ),
    "a transition is missing": (lambda world: world.put("work", planted.execution(CHILD, seq=3)), "journal has gaps"),
    "a step was settled twice": (two_steps, "settled step0 2 times"),
    "a delivery never came": (lambda world: world.surface.good.received.clear(), "/interactor/good never got 1"),
    "a record never came": (lambda world: world.surface.polled.received.clear(), "never got record-0"),
    "the ill receiver never got it": (
        lambda world: world.surface.ill[Ill.ERROR].received.pop(),  # type: ignore[arg-type,return-value]
        f"{planted.RISKY} never got 2",
    ),
    "one message under two ids": (second_id, "got 1 under ['msg_1', 'msg_other']"),
    "a forged signature": (lambda world: setattr(world.surface.good, "forged", 1), "a wrong signature"),
    "an effect under two keys": (second_key, "came under 2 keys"),
    "an effect never happened": (lambda world: world.surface.effects.received.clear(), "the effect sync of 9 never"),
    "a redirect was followed": (stray, "a redirect was followed"),
    "a delivery is still pending": (pending, "is pending"),
    "a counter is wrong": (lambda world: setattr(world.surface.client, "executions", 5), "usage says 5"),
    "a lease is held for ever": (
        lambda world: world.put("chat", {"pk": "w#L#b", "sk": "in", "until": NOW_MS + 86_400_000}),
        "held for another 86400 s",
    ),
    "nobody took over": (
        lambda world: world.put("channels", {"pk": "w#T", "sk": "J", "st": "RUN", "until": NOW_MS - 600_000}),
        "taken by somebody who is gone",
    ),
    "a due time passed unswept": (
        lambda world: world.put("journeys", planted.due_row("w#N", "T", NOW_MS - 600_000)),
        "was due 600 s ago",
    ),
    "half an entry of the index": (
        lambda world: world.put("work", {"pk": "w#P#s", "sk": "P", "dueB": "poll#1#0"}),
        "stands half in the due index",
    ),
    "a message nobody takes": (lambda world: world.send("chat_deliver", {"b": "x"}), "a message lies in chat_deliver"),
    "a buried message": (
        lambda world: world.put("work", {"pk": "chaos#DEAD", "sk": "1#m", "doc": {"message": {"x": 1}}}),
        "a queue gave up {'x': 1}",
    ),
    "an event that was dropped": (
        lambda world: world.put("work", {"pk": "chaos#DEAD", "sk": "1#e", "doc": {"event": "e", "reason": "no route"}}),
        "an event reached nobody: {'event': 'e', 'reason': 'no route'}",
    ),
    "a dead letter": (lambda world: world.send("dead_letters", {"b": "x"}), "dead letter: {'b': 'x'}"),
}


def test_a_healthy_world_has_no_violations(world: World) -> None:
    assert findings(world) == []


@pytest.mark.parametrize("name", PLANTED)
def test_what_is_planted_is_reported(world: World, name: str) -> None:
    plant, sentence = PLANTED[name]
    plant(world)
    late = invariants.of_all(world.store) if "message" in name or "letter" in name else []
    assert any(sentence in found for found in findings(world) + late), findings(world)


def test_retry_after_is_held_against_the_next_attempt() -> None:
    sink = planted.sink("/interactor/too_many", Ill.TOO_MANY)
    sink.received.append(planted.message(sink.path, {"number": 1}, "msg_1", Ill.TOO_MANY, at=10.0))
    sink.received.append(planted.message(sink.path, {"number": 1}, "msg_1", at=10.0 + RETRY_AFTER_S))
    assert interactor.early(sink) == []
    sink.received.append(planted.message(sink.path, {"number": 2}, "msg_2", Ill.TOO_MANY, at=20.0))
    sink.received.append(planted.message(sink.path, {"number": 2}, "msg_2", at=20.0 + RETRY_AFTER_S - 1))
    assert len(interactor.early(sink)) == 1

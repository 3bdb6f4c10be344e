"""What automations and steps have counted, for those who show it or depend on it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from chalicelib.core import clock
from chalicelib.journeys.models import automations as stored
from chalicelib.journeys.models import counters
from chalicelib.journeys.models.automations import Automation
from chalicelib.journeys.models.counters import WHOLE

Json = dict[str, Any]


def standing(counted: Counter[str]) -> int:
    """Say how many tokens stand on a step: those that entered and did nothing else."""
    left = counted["passed"] + counted["stopped"] + counted["removed"] + counted["expired"]
    return counted["entered"] - left


def in_step(workspace_id: str, node: str, automation: str, steps: Iterable[str]) -> dict[str, int]:
    """Say how many tokens stand on each of these steps now."""
    wanted = list(steps)
    found = counters.read_some(workspace_id, node, automation, wanted)
    return {step: standing(found.get(step, Counter())) for step in wanted}


def has_entered(workspace_id: str, node: str, automation: str) -> bool:
    """Say whether anybody ever entered."""
    return counters.read_some(workspace_id, node, automation, []).get(WHOLE, Counter())["total"] > 0


def in_flight(workspace_id: str, node: str, automation: str) -> int:
    """Say how many tokens have not ended."""
    counted = counters.read_some(workspace_id, node, automation, [WHOLE]).get(WHOLE, Counter())
    return counted["total"] - counted["completed"] - counted["error"] - counted["other"]


def statistics(
    workspace_id: str, node: str, automations: Iterable[Automation], *, whole: bool = True
) -> dict[str, Json]:
    """Give the statistics of automations by their uuid, as the contract shows them; `whole` adds every step."""
    heads = list(automations)
    if not whole:
        totals = counters.totals(workspace_id, node, [head.id for head in heads])
        return {head.id: shown(totals.get(head.id, Counter())) for head in heads}
    made = {}
    for head in heads:
        found, graph = counters.read(workspace_id, node, head.id), stored.newest_graph(head)
        steps = [step_shown(step["uuid"], found.get(step["uuid"], Counter())) for step in graph.steps]
        made[head.id] = shown(found.get(WHOLE, Counter())) | {"steps": steps}
    return made


def shown(counted: Counter[str]) -> Json:
    """Render what an automation counts as a whole."""
    ended = {name: counted[name] for name in ("completed", "error", "other")}
    last = counted["last"]
    return {
        "total": counted["total"],
        "running": counted["total"] - sum(ended.values()),
        **ended,
        "discarded": counted["discarded"],
        "lastEntered": clock.iso_ms(last) if last else None,
        "updated": clock.iso_ms(clock.now_ms()),
    }


def step_shown(step: str, counted: Counter[str]) -> Json:
    """Render what a step counts, in short."""
    names = ("entered", "passed", "failed")
    return {"stepUuid": step, **{name: counted[name] for name in names}, "inStep": standing(counted)}

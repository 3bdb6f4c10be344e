"""Steps that choose: if, ifValue, case, caseValue. What was chosen is noted, so that it is chosen once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chalicelib.automations.rules import conditions
from chalicelib.automations.rules.journal import Json, Status
from chalicelib.automations.rules.machine.flow import Fail, Flow, Scope, Task
from chalicelib.automations.rules.machine.walk import Walk


def if_(walk: Walk, step: Json, address: str, scope: Scope) -> Flow:
    """Follow `then` or `else`, by a condition."""
    return _branching(walk, step, address, scope, [(step["condition"], "then")], "else")


def if_value(walk: Walk, step: Json, address: str, scope: Scope) -> Flow:
    """Follow `then` or `else`, by whether two values are equal."""

    def choose() -> str:
        value, wanted = walk.resolve(step["value"], scope), walk.resolve(step["equals"], scope)
        return "then" if conditions.same(value, wanted) else "else"

    return _chosen(walk, step, address, scope, choose)


def case(walk: Walk, step: Json, address: str, scope: Scope) -> Flow:
    """Follow the first branch whose condition holds, else `default`."""
    branches = [(branch["condition"], str(number)) for number, branch in enumerate(step["branches"])]
    return _branching(walk, step, address, scope, branches, "default")


def case_value(walk: Walk, step: Json, address: str, scope: Scope) -> Flow:
    """Follow the first branch whose value is equal, else `default`."""

    def choose() -> str:
        value = walk.resolve(step["value"], scope)
        for number, branch in enumerate(step["branches"]):
            if conditions.same(value, walk.resolve(branch["equals"], scope)):
                return str(number)
        return "default"

    return _chosen(walk, step, address, scope, choose)


def _branching(
    walk: Walk, step: Json, address: str, scope: Scope, branches: list[tuple[Any, str]], otherwise: str
) -> Flow:
    """Try conditions in order; those in JavaScript are run first, each under an address of its own."""
    if walk.journal.get(address) is None:
        for number, (condition, name) in enumerate(branches):
            place = f"{address}?{number}"
            if isinstance(condition, str):
                asked = walk.journal.get(place)
                if asked is None:
                    task = Task(step, place, "expression", scope, code=f"return (\n{condition}\n)")
                    walk.frontier.tasks.append(task)
                    return None
                if asked.status is Status.FAILED:
                    return Fail(asked.error or {}, step["id"])
                is_met = conditions.is_true(walk.load(asked))
            else:
                is_met = conditions.holds(walk.resolve(condition, scope))
            if is_met:
                return _chosen(walk, step, address, scope, lambda name=name: name)  # type: ignore[misc]
    return _chosen(walk, step, address, scope, lambda: otherwise)


def _chosen(walk: Walk, step: Json, address: str, scope: Scope, choose: Callable[[], str]) -> Flow:
    record = walk.journal.get(address)
    if record is None:
        record = walk.note(step, address, Status.OK, output={"branch": choose()})
    name = walk.load(record)["branch"]  # what is stored may lie sealed
    steps = step["branches"][int(name)]["steps"] if name.isdecimal() else step.get(name, [])
    return walk.sequence(steps, f"{address}/{name}/", scope)

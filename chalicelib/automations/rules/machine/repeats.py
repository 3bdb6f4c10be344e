"""Repetitions: items side by side, as many at once as the step allows, and what each of them came to."""

from __future__ import annotations

from typing import Any

from chalicelib.automations.rules import retries
from chalicelib.automations.rules.journal import Json, Status
from chalicelib.automations.rules.language import MAX_ITEMS
from chalicelib.automations.rules.machine.flow import Fail, Flow, Loop, Next, Scope
from chalicelib.automations.rules.machine.walk import Walk


def repeat(walk: Walk, step: Json, address: str, scope: Scope) -> Flow:
    """Go on with a repetition; its output lists the last value of each item."""
    record = walk.journal.get(address)
    if record is not None and record.is_settled:
        return walk.settled(record)
    loop = walk.loops.get(address)
    if loop is None:
        items = _items(walk, step, scope)
        if isinstance(items, str):
            walk.note(step, address, Status.FAILED, error=retries.failure("InvalidInput", items))
            return Fail(retries.failure("InvalidInput", items), step["id"])
        loop = walk.loops[address] = Loop(items)
        if record is None:
            walk.note(step, address, Status.BEGUN, shown={"items": len(items)})
    flow = _turn(walk, step, address, scope, loop)
    if isinstance(flow, Fail):
        walk.drop(address)
        walk.note(step, address, Status.FAILED, error=flow.error)
    if flow is None or len(loop.results) < len(loop.items):
        return flow
    output = [loop.results[number] for number in range(len(loop.items))]
    walk.note(step, address, Status.OK, output=output)
    return Next(output)


def _turn(walk: Walk, step: Json, address: str, scope: Scope, loop: Loop) -> Flow:
    """Walk each item that is under way once, and those that take the places of items that are over."""
    found = list(loop.active)
    while len(loop.results) < len(loop.items):
        found += _begun(step, scope, loop)
        if not found:
            return None
        for number in found:
            flow = walk.sequence(step["steps"], f"{address}[{number}]/", loop.scopes[number])
            if flow is None:
                continue
            if isinstance(flow, Fail) and step.get("itemErrors") == "collect":
                flow = Next({"error": flow.error})
            if not isinstance(flow, Next):
                return flow
            loop.results[number] = flow.value
            loop.active.remove(number)
        found = []
    return Next()


def _begun(step: Json, scope: Scope, loop: Loop) -> list[int]:
    """Begin items for which there is room."""
    begun = []
    while len(loop.active) < step.get("parallelism", 1) and loop.following < len(loop.items):
        number, loop.following = loop.following, loop.following + 1
        item = loop.items[number]
        names = {"item": item, "index": number, **({step["as"]: item} if "as" in step else {})}
        loop.scopes[number] = Scope(scope, names)
        loop.active.append(number)
        begun.append(number)
    return begun


def _items(walk: Walk, step: Json, scope: Scope) -> list[Any] | str:
    if "over" in step:
        items = walk.resolve(step["over"], scope)
        items = [{"key": name, "value": one} for name, one in items.items()] if isinstance(items, dict) else items
        if not isinstance(items, list):
            return "over does not name a list"
    else:
        count = walk.resolve(step["count"], scope)
        if not isinstance(count, int | float) or isinstance(count, bool) or count < 0 or count != int(count):
            return "count is not a whole number"
        items = list(range(int(min(count, MAX_ITEMS + 1))))
    return items if len(items) <= MAX_ITEMS else f"a repetition may have at most {MAX_ITEMS} items"

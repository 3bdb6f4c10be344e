"""Is this a version that can run? Every fault with its path, before anything is stored."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import chain, islice
from typing import Any

from chalicelib.automations.rules import cron, references
from chalicelib.automations.rules.language import (
    COMMON,
    EFFECTS,
    IDENTIFIER,
    MAX_ATTEMPTS,
    MAX_DEPTH,
    MAX_FACTOR,
    MAX_ITEMS,
    MAX_PARALLEL,
    MAX_STEPS,
    MAX_WAIT_S,
    OF_EFFECTS,
    OPERATORS,
    SCHEDULE,
    STEPS,
    TRIGGER,
    Field,
)
from chalicelib.automations.rules.walking import Order
from chalicelib.core.errors import Fault

_IDENTIFIER = re.compile(IDENTIFIER.removesuffix("$") + r"\Z")
_TOP = frozenset({"trigger", "variables", "steps"})
ROOTS = frozenset({"steps", "input", "trigger", "variables", "execution"})
_OF_ITEM = frozenset({"item", "index"})
_REFUSED_IDS = ROOTS | _OF_ITEM | {"service", "connector", "credential", "__proto__", "constructor", "prototype"}
_MAX_FAULTS = 50
Faults = Iterator[Fault]


def faults_of(definition: Any, where: str = "body.definition") -> list[Fault]:
    """List what is wrong with a definition, at most 50 faults."""
    if not isinstance(definition, dict):
        return [Fault(where, "must be an object", "type")]
    check = _Check(definition, where)
    found = list(islice(check.top(definition, where), _MAX_FAULTS))
    return list(islice(chain(found, check.links()), _MAX_FAULTS))


class _Check:
    """One walk through a definition; what can be checked only when all ids are known is kept for `links`."""

    def __init__(self, definition: dict[str, Any], where: str) -> None:
        self.order = Order(definition.get("steps"), f"{where}.steps")
        self.ids: dict[str, str] = {}
        self.values: list[tuple[str, str, Any, frozenset[str]]] = []
        self.jumps: list[tuple[str, str, frozenset[str]]] = []

    def top(self, definition: dict[str, Any], where: str) -> Faults:
        yield from _unknown(definition, _TOP, where)
        if definition.get("trigger") is not None:
            yield from self._trigger(definition["trigger"], f"{where}.trigger")
        if not isinstance(definition.get("variables", {}), dict):
            yield Fault(f"{where}.variables", "must be an object", "type")
        yield from self.steps(definition.get("steps"), f"{where}.steps", 1, frozenset(), frozenset())

    def links(self) -> Faults:
        """Check references and jumps against the ids there are."""
        for where, target, known in self.jumps:
            if target not in known:
                yield Fault(where, f"no step {target} in this list or one around it", "reference")
        for step, where, value, names in self.values:
            try:
                for place, path in references.paths_in(value, where):
                    if path[0] not in ROOTS | names:
                        listed = ", ".join(sorted(ROOTS | names))
                        yield Fault(place, f"there is no {path[0][:64]} here; known: {listed}", "root")
                    elif path[0] == "steps" and len(path) > 1:
                        problem = self.order.problem_of(step, path[1])
                        if problem is not None:
                            yield Fault(place, problem, "reference")
            except references.BadPath as error:
                yield Fault(str(error), "holds something that is not a path", "reference")

    def steps(self, steps: Any, where: str, depth: int, jumps: frozenset[str], names: frozenset[str]) -> Faults:
        """Check one list of steps. `jumps` are the ids around it that goto may name, `names` what items are called."""
        if not isinstance(steps, list):
            yield Fault(where, "must be a list of steps", "type")
            return
        if depth > MAX_DEPTH:
            yield Fault(where, f"may be nested at most {MAX_DEPTH} deep", "depth")
            return
        jumps |= {step["id"] for step in steps if isinstance(step, dict) and isinstance(step.get("id"), str)}
        for number, step in enumerate(steps):
            yield from self._step(step, f"{where}.{number}", depth, jumps, names)

    def _step(self, step: Any, where: str, depth: int, jumps: frozenset[str], names: frozenset[str]) -> Faults:
        if not isinstance(step, dict):
            yield Fault(where, "must be an object", "type")
            return
        kind = step.get("type")
        if not isinstance(kind, str) or kind not in STEPS:
            yield Fault(f"{where}.type", f"must be one of: {', '.join(STEPS)}", "enum")
            return
        yield from self._id(step.get("id"), where)
        yield from self._fields(step, COMMON | STEPS[kind], where, names)
        if kind == "repeat":
            yield from _one_of(step, ("count", "over"), where)
            names |= _OF_ITEM | ({step["as"]} if isinstance(step.get("as"), str) else set())
        if kind == "wait":
            yield from _one_of(step, ("seconds", "until"), where)
        for name in OF_EFFECTS:
            if name in step and kind not in EFFECTS:
                yield Fault(f"{where}.{name}", f"a step of type {kind} takes none", "unknown")
        inner_jumps = frozenset() if kind == "repeat" else jumps
        yield from self._inside(step, where, depth, inner_jumps, names)
        if kind == "goto" and isinstance(step.get("target"), str):
            self.jumps.append((f"{where}.target", step["target"], jumps))
        if isinstance(step.get("onError"), dict) and isinstance(step["onError"].get("goto"), str):
            self.jumps.append((f"{where}.onError.goto", step["onError"]["goto"], jumps))

    def _inside(self, step: Any, where: str, depth: int, jumps: frozenset[str], names: frozenset[str]) -> Faults:
        for name in ("then", "else", "default", "steps"):
            if name in step and name in STEPS[step["type"]]:
                yield from self.steps(step[name], f"{where}.{name}", depth + 1, jumps, names)
        branches = step.get("branches")
        if isinstance(branches, list) and "branches" in STEPS[step["type"]]:
            for number, branch in enumerate(branches):
                if isinstance(branch, dict):
                    inner = f"{where}.branches.{number}.steps"
                    yield from self.steps(branch.get("steps"), inner, depth + 1, jumps, names)

    def _id(self, given: Any, where: str) -> Faults:
        if not isinstance(given, str):
            return
        if given in self.ids:
            yield Fault(f"{where}.id", f"is taken by {self.ids[given]}", "taken")
        elif given in _REFUSED_IDS:
            yield Fault(f"{where}.id", "is a name that means something else here", "name")
        self.ids.setdefault(given, where)
        if len(self.ids) == MAX_STEPS + 1:
            yield Fault(where, f"a version may have at most {MAX_STEPS} steps", "too_many")

    def _trigger(self, trigger: Any, where: str) -> Faults:
        if not isinstance(trigger, dict):
            yield Fault(where, "must be an object", "type")
            return
        yield from self._fields(trigger, SCHEDULE if "cron" in trigger else TRIGGER, where, None)
        if isinstance(trigger.get("cron"), str):
            for name, message in cron.faults_of(trigger["cron"], trigger.get("timeZone", "UTC")):
                yield Fault(f"{where}.{name}", message, "schedule")

    def _fields(self, given: Any, fields: dict[str, Field], where: str, names: frozenset[str] | None) -> Faults:
        yield from _unknown(given, frozenset(fields), where)
        for name, one in fields.items():
            if name not in given:
                if one.required:
                    yield Fault(f"{where}.{name}", "is required", "missing")
                continue
            place = f"{where}.{name}"
            yield from _CHECKS[one.kind](given[name], place)
            if names is None or one.kind in ("steps", "code", "branches", "value_branches"):
                continue
            if not (one.kind == "condition" and isinstance(given[name], str)):
                self.values.append((where, place, given[name], names))
        for branch in given.get("branches", ()) if isinstance(given.get("branches"), list) else ():
            for part in ("condition", "equals"):
                if names is not None and isinstance(branch, dict) and not isinstance(branch.get(part, ""), str):
                    self.values.append((where, f"{where}.branches", branch[part], names))


def _unknown(given: Any, known: frozenset[str], where: str) -> Faults:
    for name in given:
        if name not in known:
            yield Fault(f"{where}.{str(name)[:100]}", "is not a field here", "unknown")


def _one_of(step: dict[str, Any], names: tuple[str, str], where: str) -> Faults:
    if sum(name in step for name in names) != 1:
        yield Fault(where, f"needs exactly one of {names[0]} and {names[1]}", "missing")


def _a(what: type | tuple[type, ...], message: str) -> Callable[[Any, str], Faults]:
    def check(value: Any, where: str) -> Faults:
        if not isinstance(value, what):
            yield Fault(where, message, "type")

    return check


def _text(most: int) -> Callable[[Any, str], Faults]:
    def check(value: Any, where: str) -> Faults:
        if not isinstance(value, str) or not 1 <= len(value) <= most:
            yield Fault(where, f"must be a text of 1 to {most} characters", "type")

    return check


def _identifier(value: Any, where: str) -> Faults:
    if not isinstance(value, str) or not _IDENTIFIER.match(value):
        yield Fault(where, "must begin with a letter and hold letters, digits and _ only, at most 64", "name")


def _is_made(value: Any) -> bool:
    """Say whether a value is made while running: a reference, or a text that holds one."""
    if isinstance(value, dict):
        return value.get("@type") == "reference"
    return isinstance(value, str) and "${" in value


def _amount(most: int, *, whole: bool = False) -> Callable[[Any, str], Faults]:
    def check(value: Any, where: str) -> Faults:
        if _is_made(value):
            return
        is_number = isinstance(value, int if whole else int | float) and not isinstance(value, bool)
        if not is_number:
            yield Fault(where, f"must be a {'whole ' if whole else ''}number, or a reference to one", "type")
        elif not 0 <= value <= most:
            yield Fault(where, f"must be from 0 to {most}", "range")

    return check


def _moment(value: Any, where: str) -> Faults:
    if _is_made(value):
        return
    if isinstance(value, str):
        try:
            datetime.fromisoformat(value)
        except ValueError:
            yield Fault(where, "must be a time in ISO 8601, or milliseconds since 1970", "format")
    elif not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**47:
        yield Fault(where, "must be a time in ISO 8601, or milliseconds since 1970", "type")


def _among(*values: Any) -> Callable[[Any, str], Faults]:
    def check(value: Any, where: str) -> Faults:
        if value not in values:
            yield Fault(where, f"must be one of: {', '.join(map(str, values))}", "enum")

    return check


def _whole(low: int, high: int) -> Callable[[Any, str], Faults]:
    def check(value: Any, where: str) -> Faults:
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            yield Fault(where, f"must be a whole number from {low} to {high}", "range")

    return check


def _condition(value: Any, where: str) -> Faults:
    if isinstance(value, str):
        yield from _text(10_000)(value, where)
        return
    if not isinstance(value, dict):
        yield Fault(where, "must be a JavaScript expression or {left, operator, right}", "type")
        return
    joined = [word for word in ("all", "any", "not") if word in value]
    if len(joined) == 1 and len(value) == 1:
        parts = [value["not"]] if joined == ["not"] else value[joined[0]]
        if not isinstance(parts, list) or not parts or not all(isinstance(part, dict) for part in parts):
            yield Fault(f"{where}.{joined[0]}", "must hold conditions of the form {left, operator, right}", "type")
            return
        for number, part in enumerate(parts):
            yield from _condition(part, f"{where}.{joined[0]}" + ("" if joined == ["not"] else f".{number}"))
        return
    yield from _unknown(value, frozenset({"left", "operator", "right"}), where)
    yield from _among(*OPERATORS)(value.get("operator"), f"{where}.operator")


def _branch_list(part: str) -> Callable[[Any, str], Faults]:
    def check(value: Any, where: str) -> Faults:
        if not isinstance(value, list) or not value:
            yield Fault(where, "must be a list of at least one branch", "type")
            return
        for number, branch in enumerate(value):
            place = f"{where}.{number}"
            if not isinstance(branch, dict):
                yield Fault(place, "must be an object", "type")
                continue
            yield from _unknown(branch, frozenset({part, "steps"}), place)
            if part not in branch:
                yield Fault(f"{place}.{part}", "is required", "missing")
            elif part == "condition":
                yield from _condition(branch[part], f"{place}.{part}")

    return check


def _retry(value: Any, where: str) -> Faults:
    if not isinstance(value, dict):
        yield Fault(where, "must be an object", "type")
        return
    yield from _unknown(value, frozenset({"maxAttempts", "backoff"}), where)
    yield from _whole(1, MAX_ATTEMPTS)(value.get("maxAttempts"), f"{where}.maxAttempts")
    backoff = value.get("backoff", {})
    if not isinstance(backoff, dict):
        yield Fault(f"{where}.backoff", "must be an object: seconds, factor, maxSeconds", "type")
        return
    yield from _unknown(backoff, frozenset({"seconds", "factor", "maxSeconds"}), f"{where}.backoff")
    for name, amount in backoff.items():
        low, high = (1, MAX_FACTOR) if name == "factor" else (0, 86_400)
        if not isinstance(amount, int | float) or isinstance(amount, bool) or not low <= amount <= high:
            yield Fault(f"{where}.backoff.{str(name)[:100]}", f"must be a number from {low} to {high}", "range")


def _on_error(value: Any, where: str) -> Faults:
    if isinstance(value, dict) and set(value) == {"goto"}:
        yield from _identifier(value["goto"], f"{where}.goto")
    elif value not in ("fail", "continue"):
        yield Fault(where, 'must be "fail", "continue" or {"goto": step}', "enum")


def _nothing(_value: Any, _where: str) -> Faults:
    return iter(())


_CHECKS: dict[str, Callable[[Any, str], Faults]] = {
    "text": _text(10_000),
    "code": _text(100_000),
    "identifier": _identifier,
    "type": _nothing,
    "any": _nothing,
    "object": _a(dict, "must be an object"),
    "flag": _a(bool, "must be true or false"),
    "count": _amount(MAX_ITEMS, whole=True),
    "seconds": _amount(MAX_WAIT_S),
    "moment": _moment,
    "parallelism": _whole(1, MAX_PARALLEL),
    "item_errors": _among("fail", "collect"),
    "steps": _nothing,
    "condition": _condition,
    "branches": _branch_list("condition"),
    "value_branches": _branch_list("equals"),
    "retry": _retry,
    "on_error": _on_error,
}

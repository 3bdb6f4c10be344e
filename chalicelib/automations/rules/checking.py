"""Is this a version that can run? Every fault with its path, before anything is stored."""

from __future__ import annotations

from itertools import chain, islice
from typing import Any

from chalicelib.automations.rules import cron, references
from chalicelib.automations.rules.fields import CHECKS, Faults, unknown
from chalicelib.automations.rules.language import (
    COMMON,
    EFFECTS,
    MAX_DEPTH,
    MAX_STEPS,
    OF_EFFECTS,
    SCHEDULE,
    STEPS,
    TRIGGER,
    Field,
)
from chalicelib.automations.rules.walking import Order
from chalicelib.core.errors import Fault

_TOP = frozenset({"trigger", "variables", "steps"})
ROOTS = frozenset({"steps", "input", "trigger", "variables", "execution"})
_OF_ITEM = frozenset({"item", "index"})
_REFUSED_IDS = ROOTS | _OF_ITEM | {"service", "connector", "credential", "__proto__", "constructor", "prototype"}
_REFUSED_NAMES = ROOTS | {"index", "globalThis", "undefined", "NaN", "Infinity", "constructor", "console"}  # of items
_MAX_FAULTS = 50


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
        yield from unknown(definition, _TOP, where)
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
            if isinstance(step.get("as"), str) and step["as"] in _REFUSED_NAMES:
                yield Fault(f"{where}.as", "is a name that means something else here", "name")
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
        yield from unknown(given, frozenset(fields), where)
        for name, one in fields.items():
            if name not in given:
                if one.required:
                    yield Fault(f"{where}.{name}", "is required", "missing")
                continue
            place = f"{where}.{name}"
            yield from CHECKS[one.kind](given[name], place)
            if names is None or one.kind in ("steps", "code", "branches", "value_branches"):
                continue
            if not (one.kind == "condition" and isinstance(given[name], str)):
                self.values.append((where, place, given[name], names))
        branches = given.get("branches")
        for number, branch in enumerate(branches if isinstance(branches, list) else ()):
            place = f"{where}.branches.{number}"
            if names is None or not isinstance(branch, dict):
                continue
            if "equals" in branch:
                self.values.append((where, f"{place}.equals", branch["equals"], names))
            if isinstance(branch.get("condition"), dict):
                self.values.append((where, f"{place}.condition", branch["condition"], names))


def _one_of(step: dict[str, Any], names: tuple[str, str], where: str) -> Faults:
    if sum(name in step for name in names) != 1:
        yield Fault(where, f"needs exactly one of {names[0]} and {names[1]}", "missing")

"""Lists of steps, jumps, failures that are dealt with, time limits; and the table of kinds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from chalicelib.automations.rules import retries
from chalicelib.automations.rules.journal import Journal, Json, Record, Status
from chalicelib.automations.rules.machine import acts, branches, repeats, waits
from chalicelib.automations.rules.machine.flow import Fail, Flow, Frontier, Jump, Next, Return, Scope, TooMany
from chalicelib.automations.rules.machine.walk import MAX_RECORDS, Walk
from chalicelib.core.errors import TooLarge

MAX_JUMPS = 1_000


@dataclass
class _Spot:
    """How far a list of steps has come."""

    index: int = 0
    visits: dict[str, int] = field(default_factory=dict)
    value: Any = None


class Machine(Walk):
    """One execution in memory. `data` are the roots that references know beside steps; `load` fetches big outputs."""

    def __init__(self, steps: list[Json], journal: Journal, data: Json, load: Callable[[Record], Any]) -> None:
        super().__init__(journal, data, load)
        self._steps, self._scope = steps, Scope()
        self._spots: dict[str, _Spot] = {}
        self._jumps = 0

    def decide(self, now_ms: int) -> Frontier:
        """Walk to the frontier. Notes are in the journal already, and have to be stored with the next commit."""
        self.now, self.frontier = now_ms, Frontier()
        try:
            flow = self.sequence(self._steps, "", self._scope)
            if self.journal.count > MAX_RECORDS and flow is None:
                raise TooMany("")
        except TooMany as many:
            flow = Fail(retries.failure("TooManySteps", f"more than {MAX_RECORDS} steps in one execution"), many.step)
        if isinstance(flow, Jump):
            flow = Fail(retries.failure("NoSuchStep", f"there is no step {flow.target} to go to"), flow.target)
        self.frontier.end = flow
        return self.frontier

    def sequence(self, steps: list[Json], where: str, scope: Scope) -> Flow:
        """Walk through a list of steps whose addresses begin with `where`, jumps within it included."""
        spot = self._spots.setdefault(where, _Spot())
        while spot.index < len(steps):
            step = steps[spot.index]
            visit = spot.visits.get(step["id"], 0) + 1
            address = where + step["id"] + (f"~{visit}" if visit > 1 else "")
            flow = self._step(step, address, scope)
            if flow is None:
                return None
            spot.visits[step["id"]] = visit
            if isinstance(flow, Jump):
                self._jumps += 1
                if self._jumps > MAX_JUMPS:
                    text = f"more than {MAX_JUMPS} jumps: this looks endless"
                    return Fail(retries.failure("EndlessLoop", text), step["id"])
                places = [number for number, one in enumerate(steps) if one["id"] == flow.target]
                if not places:
                    return flow
                spot.index = places[0]
                continue
            if not isinstance(flow, Next):
                return flow
            spot.index, spot.value = spot.index + 1, flow.value
        return Next(spot.value)

    def _step(self, step: Json, address: str, scope: Scope) -> Flow:
        try:
            flow = self._guarded(step, address, scope)
        except TooLarge as error:
            flow = self.settled(self.note(step, address, Status.FAILED, error=retries.error_of(error)))
        if isinstance(flow, Fail) and step.get("onError", "fail") != "fail":
            record = self.journal.get(address)
            output = None if record is None or record.status is not Status.OK else self.load(record)
            scope.results[step["id"]] = {"output": output, "error": flow.error, "status": "failed"}
            return Next(None) if step["onError"] == "continue" else Jump(step["onError"]["goto"])
        record = self.journal.get(address)
        if flow is not None and record is not None:
            scope.results[step["id"]] = record
        return flow

    def _guarded(self, step: Json, address: str, scope: Scope) -> Flow:
        """Run a step within its time, where it has steps or executions of its own inside."""
        kind = step["type"]
        limit = step.get("timeoutSeconds")
        if limit is None or kind in ("action", "code", "http", "waitForEvent", "return", "goto"):
            return _KINDS[kind](self, step, address, scope)
        begun = f"{address}!"
        record = self.journal.get(begun) or self.note(step, begun, Status.BEGUN, due=self.now + self.ms(limit, scope))
        if record.status is Status.FAILED:
            return Fail(record.error or {}, step["id"])
        flow = _KINDS[kind](self, step, address, scope)
        if flow is not None or record.due is None:
            return flow
        if self.now >= record.due:
            error = retries.failure("Timeout", f"not over within {limit} seconds")
            self.drop(address, error)
            self.note(step, begun, Status.FAILED, error=error)
            return Fail(error, step["id"])
        self.frontier.until(record.due)
        return None


def _return(walk: Walk, step: Json, address: str, scope: Scope) -> Flow:
    record = walk.journal.get(address)
    if record is None:
        record = walk.note(step, address, Status.OK, output=walk.resolve(step.get("value"), scope))
    return Return(walk.load(record))


def _goto(walk: Walk, step: Json, address: str, _scope: Scope) -> Flow:
    if walk.journal.get(address) is None:
        walk.note(step, address, Status.OK, output={"target": step["target"]})
    return Jump(step["target"])


_KINDS: dict[str, Callable[[Walk, Json, str, Scope], Flow]] = {
    "action": acts.effect,
    "code": acts.effect,
    "http": acts.effect,
    "automation": acts.effect,
    "datatype": acts.effect,
    "condition": acts.checked,
    "repeat": repeats.repeat,
    "if": branches.if_,
    "ifValue": branches.if_value,
    "case": branches.case,
    "caseValue": branches.case_value,
    "wait": waits.wait,
    "waitForEvent": waits.event,
    "return": _return,
    "goto": _goto,
}

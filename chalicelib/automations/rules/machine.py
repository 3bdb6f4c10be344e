"""What to do next: decided from a version and the journal alone, so that every worker decides alike.

The machine walks the tree of steps. Steps without effects are settled on the way; their records are notes, folded
into the next commit. The walk ends at its frontier: tasks to run now, waits that are not over, or the end.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from chalicelib.automations.rules import conditions, references, retries
from chalicelib.automations.rules.journal import Journal, Json, Record, Status
from chalicelib.automations.rules.language import EFFECTS, MAX_ITEMS, MAX_WAIT_S

MAX_JUMPS, MAX_RECORDS = 1_000, 10_000
_LAST_MS = 253_402_300_799_999


@dataclass(frozen=True)
class Next:
    """A step is over: go on."""

    value: Any = None


@dataclass(frozen=True)
class Return:
    """The execution is to end with this value."""

    value: Any


@dataclass(frozen=True)
class Jump:
    """Go on with another step."""

    target: str


@dataclass(frozen=True)
class Fail:
    """A step failed, and nobody around it has dealt with that."""

    error: Json
    step: str


Flow = Next | Return | Jump | Fail | None  # None: not over yet


class _TooMany(Exception):
    """The journal is full."""

    def __init__(self, step: str) -> None:
        super().__init__(step)
        self.step = step


@dataclass
class Scope:
    """What steps of one list can name: results by step id, and the item of the repetition around them."""

    around: Scope | None = None
    names: Json = field(default_factory=dict)
    results: dict[str, Record | Json] = field(default_factory=dict)

    def find(self, step: str) -> Record | Json | None:
        """Find a step's result here or around."""
        found = self.results.get(step)
        return found if found is not None or self.around is None else self.around.find(step)

    def all_names(self) -> Json:
        """Collect items and their names, the inner ones first."""
        return {**({} if self.around is None else self.around.all_names()), **self.names}

    def all_results(self) -> dict[str, Record | Json]:
        """Collect results by step id, the inner ones first."""
        return {**({} if self.around is None else self.around.all_results()), **self.results}


@dataclass(frozen=True)
class Task:
    """Something to run now. `kind` is the step's type, or `expression` for a condition in JavaScript."""

    step: Json
    address: str
    kind: str
    scope: Scope
    attempt: int = 1
    code: str = ""

    @property
    def is_effect(self) -> bool:
        """Say whether it touches the world; code counts as soon as it calls out, which nobody knows before."""
        return self.kind in EFFECTS and self.kind != "code"


@dataclass
class Frontier:
    """Where a walk ended."""

    tasks: list[Task] = field(default_factory=list)
    notes: list[Record] = field(default_factory=list)
    orphans: list[str] = field(default_factory=list)  # executions started by steps that are over by now
    due: int | None = None
    awaits: bool = False
    end: Next | Return | Fail | None = None

    def until(self, due: int | None) -> None:
        """Note when to look again."""
        if due is not None:
            self.due = due if self.due is None else min(self.due, due)


@dataclass
class _Spot:
    """How far a list of steps has come."""

    index: int = 0
    visits: dict[str, int] = field(default_factory=dict)
    value: Any = None


@dataclass
class _Loop:
    """How far a repetition has come."""

    items: list[Any]
    following: int = 0
    active: list[int] = field(default_factory=list)
    results: dict[int, Any] = field(default_factory=dict)
    scopes: dict[int, Scope] = field(default_factory=dict)


class Machine:
    """One execution in memory. `data` are the roots that references know beside steps; `load` fetches big outputs."""

    def __init__(self, steps: list[Json], journal: Journal, data: Json, load: Callable[[Record], Any]) -> None:
        self.journal = journal
        self._steps, self._data, self._load = steps, data, load
        self._spots: dict[str, _Spot] = {}
        self._loops: dict[str, _Loop] = {}
        self._scope = Scope()
        self._jumps = 0
        self._frontier = Frontier()
        self._now = 0

    def decide(self, now_ms: int) -> Frontier:
        """Walk to the frontier. Notes are in the journal already, and have to be stored with the next commit."""
        self._now, self._frontier = now_ms, Frontier()
        try:
            flow = self._sequence(self._steps, "", self._scope)
            if self.journal.count > MAX_RECORDS and flow is None:
                raise _TooMany("")
        except _TooMany as many:
            flow = Fail(retries.failure("TooManySteps", f"more than {MAX_RECORDS} steps in one execution"), many.step)
        if isinstance(flow, Jump):
            flow = Fail(retries.failure("NoSuchStep", f"there is no step {flow.target} to go to"), flow.target)
        self._frontier.end = flow
        return self._frontier

    # --- data -------------------------------------------------------------------------------------------------

    def resolve(self, value: Any, scope: Scope) -> Any:
        """Replace the references in a value."""
        return references.resolve(value, lambda path: self.look_up(path, scope))

    def look_up(self, path: list[str], scope: Scope) -> Any:
        """Read what a path names, or None."""
        names = scope.all_names()
        if path[0] == "steps":
            return self._of_step(path[1:], scope)
        if path[0] in names:
            return references.look_up(names[path[0]], path[1:])
        return references.look_up(self._data.get(path[0]), path[1:])

    def seen_by(self, task: Task, text: str) -> Json:
        """Build what a script sees; of the steps only those whose ids its text holds."""
        known = task.scope.all_results()
        steps = {one: self._result(found) for one, found in known.items() if one in text}
        return {**self._data, "steps": steps, **task.scope.all_names()}

    def _of_step(self, path: list[str], scope: Scope) -> Any:
        if not path:
            return {one: self._result(found) for one, found in scope.all_results().items()}
        found = scope.find(path[0])
        return None if found is None else references.look_up(self._result(found), path[1:])

    def _result(self, found: Record | Json) -> Json:
        if isinstance(found, Record):
            return {"output": self._load(found), "error": found.error, "status": found.status.value}
        return found

    # --- lists of steps ---------------------------------------------------------------------------------------

    def _sequence(self, steps: list[Json], where: str, scope: Scope) -> Flow:
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
        flow = self._guarded(step, address, scope)
        if isinstance(flow, Fail) and step.get("onError", "fail") != "fail":
            record = self.journal.get(address)
            output = None if record is None or record.status is not Status.OK else self._load(record)
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
        if limit is None or kind in ("action", "code", "http", "waitForEvent", "wait", "return", "goto"):
            return self._kinds[kind](self, step, address, scope)
        begun = f"{address}!"
        record = self.journal.get(begun) or self._note(
            step, begun, Status.BEGUN, due=self._now + self._ms(limit, scope)
        )
        if record.status is Status.FAILED:
            return Fail(record.error or {}, step["id"])
        flow = self._kinds[kind](self, step, address, scope)
        if flow is not None or record.due is None:
            return flow
        if self._now >= record.due:
            error = retries.failure("Timeout", f"not over within {limit} seconds")
            self._drop(address, error)
            self._note(step, begun, Status.FAILED, error=error)
            return Fail(error, step["id"])
        self._frontier.until(record.due)
        return None

    def _drop(self, address: str, error: Json | None = None) -> None:
        """Take back what is under way inside a step that is over; with an error the step itself, too."""
        inside = f"{address}/", f"{address}["
        kept = [task for task in self._frontier.tasks if task.address != address]
        self._frontier.tasks = [task for task in kept if not task.address.startswith(inside)]
        around = retries.failure("Abandoned", "the step around it is over")
        for one in [one for one in self.journal.records.values() if not one.is_settled and "!" not in one.address]:
            reason = around if one.address.startswith(inside) else error if one.address == address else None
            if reason is None:
                continue
            if one.status is Status.CHILD and one.child is not None:
                self._frontier.orphans.append(one.child)
            over = replace(one, status=Status.FAILED, ended=self._now, due=None, error=reason, logs=[], used={})
            self._frontier.notes.append(self.journal.add(over))

    # --- kinds of steps ---------------------------------------------------------------------------------------

    def _effect(self, step: Json, address: str, scope: Scope) -> Flow:
        record = self.journal.get(address)
        if record is None:
            self._frontier.tasks.append(Task(step, address, step["type"], scope))
            return None
        if record.status is Status.RETRY:
            if record.due is not None and record.due > self._now:
                self._frontier.until(record.due)
            else:
                self._frontier.tasks.append(Task(step, address, step["type"], scope, record.attempt + 1))
            return None
        if record.status is Status.CHILD:
            self._frontier.awaits = True
            return None
        if record.status is Status.FAILED and record.kind == "automation" and record.error is not None:
            return self._called_again(step, record)
        return self._settled(record)

    def _called_again(self, step: Json, record: Record) -> Flow:
        """Let an execution that failed be started once more, where its failure may pass and the step says so."""
        pause_ms = retries.delay_ms(step, record.attempt, {"retryable": False, **(record.error or {})})
        if pause_ms is None:
            return self._settled(record)
        due = record.ended + pause_ms
        self._note(step, record.address, Status.RETRY, attempt=record.attempt, error=record.error, due=due)
        self._frontier.until(due)
        return None

    def _settled(self, record: Record) -> Flow:
        if record.status is Status.FAILED:
            return Fail(record.error or {}, record.step)
        return Next(self._load(record))

    def _checked(self, step: Json, address: str, scope: Scope) -> Flow:
        flow = self._effect(step, address, scope)
        if not isinstance(flow, Next):
            return flow
        chosen = "then" if conditions.is_true(flow.value) else "else"
        inner = self._sequence(step.get(chosen, []), f"{address}/{chosen}/", scope)
        return Next(flow.value) if isinstance(inner, Next) and not step.get(chosen) else inner

    def _if(self, step: Json, address: str, scope: Scope) -> Flow:
        return self._branching(step, address, scope, [(step["condition"], "then")], "else")

    def _if_value(self, step: Json, address: str, scope: Scope) -> Flow:
        def choose() -> str:
            value, wanted = self.resolve(step["value"], scope), self.resolve(step["equals"], scope)
            return "then" if conditions.same(value, wanted) else "else"

        return self._chosen(step, address, scope, choose)

    def _case(self, step: Json, address: str, scope: Scope) -> Flow:
        branches = [(branch["condition"], str(number)) for number, branch in enumerate(step["branches"])]
        return self._branching(step, address, scope, branches, "default")

    def _case_value(self, step: Json, address: str, scope: Scope) -> Flow:
        def choose() -> str:
            value = self.resolve(step["value"], scope)
            for number, branch in enumerate(step["branches"]):
                if conditions.same(value, self.resolve(branch["equals"], scope)):
                    return str(number)
            return "default"

        return self._chosen(step, address, scope, choose)

    def _branching(
        self, step: Json, address: str, scope: Scope, branches: list[tuple[Any, str]], otherwise: str
    ) -> Flow:
        """Try conditions in order; those in JavaScript are run first, each under an address of its own."""
        if self.journal.get(address) is None:
            for number, (condition, name) in enumerate(branches):
                place = f"{address}?{number}"
                if isinstance(condition, str):
                    asked = self.journal.get(place)
                    if asked is None:
                        task = Task(step, place, "expression", scope, code=f"return (\n{condition}\n)")
                        self._frontier.tasks.append(task)
                        return None
                    if asked.status is Status.FAILED:
                        return Fail(asked.error or {}, step["id"])
                    is_met = conditions.is_true(self._load(asked))
                else:
                    is_met = conditions.holds(self.resolve(condition, scope))
                if is_met:
                    return self._chosen(step, address, scope, lambda name=name: name)  # type: ignore[misc]
        return self._chosen(step, address, scope, lambda: otherwise)

    def _chosen(self, step: Json, address: str, scope: Scope, choose: Callable[[], str]) -> Flow:
        record = self.journal.get(address)
        if record is None:
            record = self._note(step, address, Status.OK, output={"branch": choose()})
        name = record.output["branch"]
        steps = step["branches"][int(name)]["steps"] if name.isdecimal() else step.get(name, [])
        return self._sequence(steps, f"{address}/{name}/", scope)

    def _repeat(self, step: Json, address: str, scope: Scope) -> Flow:
        record = self.journal.get(address)
        if record is not None and record.is_settled:
            return self._settled(record)
        loop = self._loops.get(address)
        if loop is None:
            items = self._items(step, scope)
            if isinstance(items, str):
                self._note(step, address, Status.FAILED, error=retries.failure("InvalidInput", items))
                return Fail(retries.failure("InvalidInput", items), step["id"])
            loop = self._loops[address] = _Loop(items)
            if record is None:
                self._note(step, address, Status.BEGUN, shown={"items": len(items)})
        flow = self._turn(step, address, scope, loop)
        if isinstance(flow, Fail):
            self._drop(address)
            self._note(step, address, Status.FAILED, error=flow.error)
        if flow is None or len(loop.results) < len(loop.items):
            return flow
        output = [loop.results[number] for number in range(len(loop.items))]
        self._note(step, address, Status.OK, output=output)
        return Next(output)

    def _turn(self, step: Json, address: str, scope: Scope, loop: _Loop) -> Flow:
        width = step.get("parallelism", 1)
        while len(loop.results) < len(loop.items):
            while len(loop.active) < width and loop.following < len(loop.items):
                number, loop.following = loop.following, loop.following + 1
                item = loop.items[number]
                names = {"item": item, "index": number, **({step["as"]: item} if "as" in step else {})}
                loop.scopes[number] = Scope(scope, names)
                loop.active.append(number)
            has_moved = False
            for number in list(loop.active):
                flow = self._sequence(step["steps"], f"{address}[{number}]/", loop.scopes[number])
                if flow is None:
                    continue
                if isinstance(flow, Fail) and step.get("itemErrors") == "collect":
                    flow = Next({"error": flow.error})
                if not isinstance(flow, Next):
                    return flow
                loop.results[number], has_moved = flow.value, True
                loop.active.remove(number)
            if not has_moved:
                return None
        return Next()

    def _items(self, step: Json, scope: Scope) -> list[Any] | str:
        if "over" in step:
            items = self.resolve(step["over"], scope)
            items = [{"key": name, "value": one} for name, one in items.items()] if isinstance(items, dict) else items
            if not isinstance(items, list):
                return "over does not name a list"
        else:
            count = self.resolve(step["count"], scope)
            if not isinstance(count, int | float) or isinstance(count, bool) or count < 0 or count != int(count):
                return "count is not a whole number"
            items = list(range(int(min(count, MAX_ITEMS + 1))))
        return items if len(items) <= MAX_ITEMS else f"a repetition may have at most {MAX_ITEMS} items"

    def _wait(self, step: Json, address: str, scope: Scope) -> Flow:
        record = self.journal.get(address)
        if record is None:
            due = self._due(step, scope)
            if isinstance(due, str):
                self._note(step, address, Status.FAILED, error=retries.failure("InvalidInput", due))
                return Fail(retries.failure("InvalidInput", due), step["id"])
            record = self._note(step, address, Status.WAITING, due=due, shown={"untilMs": due})
        if record.is_settled:
            return self._settled(record)
        if record.due is not None and record.due > self._now:
            self._frontier.until(record.due)
            return None
        self._note(step, address, Status.OK)
        return Next()

    def _due(self, step: Json, scope: Scope) -> int | str:
        if "seconds" in step:
            seconds = self.resolve(step["seconds"], scope)
            if not isinstance(seconds, int | float) or isinstance(seconds, bool) or not 0 <= seconds <= MAX_WAIT_S:
                return "seconds must be a number from 0 to a year's"
            return self._now + int(seconds * 1000)
        until = self.resolve(step["until"], scope)
        if isinstance(until, str):
            try:
                at = datetime.fromisoformat(until)
            except ValueError:
                return "until is not a time in ISO 8601"
            until = (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1000
        if not isinstance(until, int | float) or isinstance(until, bool) or not 0 <= until <= _LAST_MS:
            return "until is not a time"
        if until > self._now + MAX_WAIT_S * 1000:
            return "until is more than a year away"
        return int(until)

    def _event(self, step: Json, address: str, scope: Scope) -> Flow:
        record = self.journal.get(address)
        if record is None:
            limit = step.get("timeoutSeconds")
            due = None if limit is None else self._now + self._ms(limit, scope)
            match = self.resolve(step.get("match", {}), scope)
            name = str(self.resolve(step["event"], scope))
            record = self._note(step, address, Status.WAITING, due=due, shown={"event": name, "match": match})
        if record.is_settled:
            return self._settled(record)
        self._frontier.awaits = True
        self._frontier.until(record.due)
        return None

    def _return(self, step: Json, address: str, scope: Scope) -> Flow:
        record = self.journal.get(address)
        if record is None:
            record = self._note(step, address, Status.OK, output=self.resolve(step.get("value"), scope))
        return Return(self._load(record))

    def _goto(self, step: Json, address: str, _scope: Scope) -> Flow:
        if self.journal.get(address) is None:
            self._note(step, address, Status.OK, output={"target": step["target"]})
        return Jump(step["target"])

    def _ms(self, seconds: Any, scope: Scope) -> int:
        value = self.resolve(seconds, scope)
        is_number = isinstance(value, int | float) and not isinstance(value, bool) and value >= 0
        return int(min(value, MAX_WAIT_S) * 1000) if is_number else 0

    def _note(self, step: Json, address: str, status: Status, **fields: Any) -> Record:
        ended = 0 if status in (Status.WAITING, Status.BEGUN) else self._now
        record = Record(address, step["id"], step["type"], status, self._now, ended, **fields)
        if self.journal.count > MAX_RECORDS:  # a walk without effects would go on for a long time yet
            raise _TooMany(step["id"])
        self._frontier.notes.append(record)
        return self.journal.add(record)

    _kinds: dict[str, Callable[[Machine, Json, str, Scope], Flow]] = {  # noqa: RUF012
        "action": _effect,
        "code": _effect,
        "http": _effect,
        "automation": _effect,
        "datatype": _effect,
        "condition": _checked,
        "repeat": _repeat,
        "if": _if,
        "ifValue": _if_value,
        "case": _case,
        "caseValue": _case_value,
        "wait": _wait,
        "waitForEvent": _event,
        "return": _return,
        "goto": _goto,
    }

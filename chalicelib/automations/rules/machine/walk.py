"""One walk: the journal, data and references, notes, and what is taken back."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from chalicelib.automations.rules import references, retries
from chalicelib.automations.rules.journal import Journal, Json, Record, Status
from chalicelib.automations.rules.language import MAX_WAIT_S
from chalicelib.automations.rules.machine.flow import Fail, Flow, Frontier, Loop, Next, Scope, Task, TooMany

MAX_RECORDS = 10_000
_ANY_STEP = re.compile(r"""(?<![.\w$])steps\b(?!\s*(?:\?\.|\.)\s*[A-Za-z_]|\s*(?:\?\.)?\[\s*["'])""")


class Walk(ABC):
    """What the kinds of steps need. `data` are the roots beside steps; `load` fetches big outputs; times in ms."""

    def __init__(self, journal: Journal, data: Json, load: Callable[[Record], Any]) -> None:
        self.journal, self.load = journal, load
        self.frontier, self.now = Frontier(), 0
        self.loops: dict[str, Loop] = {}  # repetitions by address
        self._data = data

    @abstractmethod
    def sequence(self, steps: list[Json], where: str, scope: Scope) -> Flow:
        """Walk through a list of steps whose addresses begin with `where`."""

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
        """Build what a script sees: what its text may name, for there is a limit to how much it can be given.

        Of the steps those whose ids the text holds; all, where it does more with `steps` than to name one of them.
        """
        known, is_any = task.scope.all_results(), bool(_ANY_STEP.search(text))
        steps = {one: self._result(found) for one, found in known.items() if is_any or one in text}
        data = {name: value for name, value in self._data.items() if name in text}
        return {**data, "steps": steps, **task.scope.all_names()}

    def _of_step(self, path: list[str], scope: Scope) -> Any:
        if not path:
            return {one: self._result(found) for one, found in scope.all_results().items()}
        found = scope.find(path[0])
        return None if found is None else references.look_up(self._result(found), path[1:])

    def _result(self, found: Record | Json) -> Json:
        if isinstance(found, Record):
            return {"output": self.load(found), "error": found.error, "status": found.status.value}
        return found

    # --- records ----------------------------------------------------------------------------------------------

    def note(self, step: Json, address: str, status: Status, **fields: Any) -> Record:
        """Write a record about a step that has no effect; it is stored with the next commit. Raises TooMany."""
        ended = 0 if status in (Status.WAITING, Status.BEGUN) else self.now
        record = Record(address, step["id"], step["type"], status, self.now, ended, **fields)
        if self.journal.count > MAX_RECORDS:  # a walk without effects would go on for a long time yet
            raise TooMany(step["id"])
        self.frontier.notes.append(record)
        return self.journal.add(record)

    def settled(self, record: Record) -> Flow:
        """Say what a step that is over came to."""
        if record.status is Status.FAILED:
            return Fail(record.error or {}, record.step)
        return Next(self.load(record))

    def drop(self, address: str, error: Json | None = None) -> None:
        """Take back what is under way inside a step that is over; with an error the step itself, too."""
        inside = f"{address}/", f"{address}["
        tasks, self.frontier.tasks = self.frontier.tasks, []
        for task in tasks:
            is_over = task.address == address or task.address.startswith(inside)
            (self.frontier.dropped if is_over else self.frontier.tasks).append(task)
        around = retries.failure("Abandoned", "the step around it is over")
        for one in [one for one in self.journal.records.values() if not one.is_settled and "!" not in one.address]:
            reason = around if one.address.startswith(inside) else error if one.address == address else None
            if reason is None:
                continue
            if one.status is Status.CHILD and one.child is not None:
                self.frontier.orphans.append(one.child)
            over = replace(one, status=Status.FAILED, ended=self.now, due=None, error=reason, logs=[], used={})
            self.frontier.notes.append(self.journal.add(over))

    def ms(self, seconds: Any, scope: Scope) -> int:
        """Resolve seconds into milliseconds, at most a year; what is no time is 0."""
        value = self.resolve(seconds, scope)
        is_number = isinstance(value, int | float) and not isinstance(value, bool) and value >= 0
        return int(min(value, MAX_WAIT_S) * 1000) if is_number else 0

"""What a step comes to, what steps can name, and where a walk ends."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from chalicelib.automations.rules.journal import Json, Record
from chalicelib.automations.rules.language import EFFECTS


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


class TooMany(Exception):
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
        """Say whether it touches the world; code counts as soon as it calls out, which nobody knows before.

        Code that must not happen twice counts from the start.
        """
        return self.kind in EFFECTS and (self.kind != "code" or bool(self.step.get("atMostOnce")))


@dataclass
class Frontier:
    """Where a walk ended."""

    tasks: list[Task] = field(default_factory=list)
    notes: list[Record] = field(default_factory=list)
    orphans: list[str] = field(default_factory=list)  # executions started by steps that are over by now
    dropped: list[Task] = field(default_factory=list)  # that will not be run: the step around them is over
    due: int | None = None
    awaits: bool = False
    end: Next | Return | Fail | None = None

    def until(self, due: int | None) -> None:
        """Note when to look again."""
        if due is not None:
            self.due = due if self.due is None else min(self.due, due)


@dataclass
class Loop:
    """How far a repetition has come."""

    items: list[Any]
    following: int = 0
    active: list[int] = field(default_factory=list)
    results: dict[int, Any] = field(default_factory=dict)
    scopes: dict[int, Scope] = field(default_factory=dict)

"""One action of one token in this worker's hands, and what may become of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from chalicelib.core import ids
from chalicelib.journeys.models import tokens
from chalicelib.journeys.models.automations import Automation
from chalicelib.journeys.models.nodes import Node
from chalicelib.journeys.rules.entry import Identity
from chalicelib.storage.expressions import Row

Json = dict[str, Any]


@dataclass(frozen=True)
class Job:
    """An action to be done for a token: its row, its automation and node, the step and its parameters."""

    row: Row
    head: Automation
    node: Node
    step: Json
    parameters: Json
    now_ms: int

    @property
    def token(self) -> str:
        """The token's uuid."""
        return tokens.parts_of(self.row["pk"])[2]

    @property
    def key(self) -> str:
        """The key of this visit: the same for every attempt, another for the next visit."""
        return f"{self.token}:{self.row['v']}"

    @property
    def message_id(self) -> str:
        """What a message of this visit is called where a provider wants an id."""
        return ids.derived_uuid(self.head.workspace_id, "journey-message", self.token, str(self.row["v"]))

    @property
    def attempt(self) -> int:
        """Which attempt this is, from 1."""
        return int(self.row.get("n", 0)) + 1

    @property
    def identity(self) -> Identity:
        """Whose token it is."""
        return tokens.identity_of(self.row)

    @property
    def attributes(self) -> dict[str, str]:
        """The values for placeholders."""
        return dict(self.row["doc"].get("attributes") or {})

    @property
    def event(self) -> Json | None:
        """The last event that a trigger matched, else the one that let the customer in."""
        return self.row["doc"].get("matched") or self.row["doc"].get("event")


@dataclass(frozen=True)
class Done:
    """It is done, or rightly left out: the token goes on. `counts` are added to the step's counters."""

    counts: Mapping[str, int] = field(default_factory=dict)
    is_sent: bool = False  # a message went out: feedback on it may come
    number: str | None = None  # the one it went to, when it was a text


@dataclass(frozen=True)
class Failed:
    """It will never work for this token."""

    message: str
    counts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Later:
    """It did not work now and may later; counts as an attempt."""

    message: str
    retry_after_s: float | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    most: int = 5


@dataclass(frozen=True)
class Throttled:
    """Nothing was tried: there is no room at the moment. Does not count as an attempt."""

    retry_after_s: float


@dataclass(frozen=True)
class Broken:
    """It can work for no token: the automation must stop until somebody repairs what is wrong."""

    reason: str


Outcome = Done | Failed | Later | Throttled | Broken

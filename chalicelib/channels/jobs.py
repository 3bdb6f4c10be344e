"""One notification in this worker's hands, and what became of each of its steps."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from chalicelib.channels.models.people import Subscriber
from chalicelib.core import clock

Event = dict[str, Any]
SUCCESS, WARNING, FAILED, PENDING = "Success", "Warning", "Failed", "Pending"
TAKEN, REFUSED, DEFERRED = "taken", "refused", "deferred"
MAX_RAW_CHARS, MAX_DETAILS, LEAST_CHARS = 2_000, 20, 100
MOST_ROOM, ROOM_OF_ALL = 40_000, 90_000  # of a notification's row, beside what a digest collects
LEAST_HELD_MS, SPARE_MS = 30_000, 5_000


def held_until(deadline_ms: int, now_ms: int) -> int:
    """Say until when a notification is held: as long as this worker can live, and for any one step at least."""
    return max(deadline_ms + SPARE_MS, now_ms + LEAST_HELD_MS)


@dataclass(frozen=True)
class Run:
    """A notification at one of its steps. `at_ms` is when the step began, the same when it is repeated.

    `deadline_ms` is when this worker must be done. `events` are the payloads of a digest that closed before, in order;
    None without one. `actor` is who set the event off, where it says so;
    `variant` the template that stands in for the step's own.
    """

    workspace_id: str
    event: Event
    subscriber: Subscriber
    notification_id: str
    position: int
    at_ms: int
    deadline_ms: int
    events: list[dict[str, Any]] | None = None
    actor: Subscriber | None = None
    variant: dict[str, Any] | None = None

    @property
    def transaction_id(self) -> str:
        """The event's own id."""
        return str(self.event["tx"])

    @property
    def step(self) -> dict[str, Any]:
        """The step at hand."""
        step = dict(self.event["steps"][self.position])
        return step if self.variant is None else {**step, "template": self.variant}

    @property
    def payload(self) -> dict[str, Any]:
        """What came with the event."""
        return dict(self.event["payload"])

    @property
    def room(self) -> int:
        """How many bytes of its row what became of a step may take."""
        return min(MOST_ROOM, ROOM_OF_ALL // len(self.event["steps"]))

    def facts(self) -> dict[str, Any]:
        """What conditions and templates may look at by name."""
        from chalicelib.channels import subscribers

        own = subscribers.view(self.subscriber)
        step: dict[str, Any] = {"digest": self.events is not None}
        if self.events is not None:
            step |= {"events": self.events, "total_count": len(self.events)}
        facts = {"subscriber": own, "payload": self.payload, "step": step}
        facts["tenant"] = self.event.get("tenant") or {}
        return facts

    def data(self) -> dict[str, Any]:
        """What templates read: the payload at the top, and the names of facts beside it."""
        from chalicelib.channels import subscribers

        made = {**self.payload, **self.facts()}
        if self.actor is not None:
            made["actor"] = subscribers.view(self.actor)
        return made

    def overrides(self, channel: str, provider_id: str = "") -> dict[str, Any]:
        """What the event says otherwise for a channel, and for one provider of it."""
        found: dict[str, Any] = {}
        for name in (channel, provider_id):
            value = self.event["overrides"].get(name) if name else None
            found |= value if isinstance(value, dict) else {}
        return found


@dataclass
class Job:
    """What became of a step. `stops` says that the steps after it do not run.

    `outcomes` tells by integration whether it took the message; a step with deferred ones is tried again, `attempt`
    says how often it was, `wish_s` what the providers asked to wait.
    """

    status: str = "completed"
    details: list[dict[str, Any]] = field(default_factory=list)
    provider_id: str = ""
    message_ids: list[str] = field(default_factory=list)
    stops: bool = False
    outcomes: dict[str, str] = field(default_factory=dict)
    attempt: int = 0
    wish_s: int = 0

    @classmethod
    def continued(cls, stored: dict[str, Any] | None) -> Job:
        """Go on with a step that was tried before, or begin one."""
        if stored is None or "n" not in stored:
            return cls()
        kept = {"outcomes": stored["o"], "attempt": stored["n"], "message_ids": stored.get("m", [])}
        return cls(details=stored["d"], provider_id=stored.get("p", ""), **kept)

    @property
    def is_deferred(self) -> bool:
        """Whether a provider is to be asked again."""
        return DEFERRED in self.outcomes.values()

    def settle(self) -> Job:
        """Let the outcomes say what became of the step: it failed when nobody took the message."""
        if self.is_deferred:
            self.status = "queued"
        else:
            self.status = "completed" if TAKEN in self.outcomes.values() else "failed"
        return self

    def note(self, detail: str, status: str = SUCCESS, **more: Any) -> Job:
        """Add an execution detail."""
        entry = {"detail": detail, "status": status, "at": clock.now_ms(), **{k: v for k, v in more.items() if v}}
        if "raw" in entry:
            entry["raw"] = str(entry["raw"])[:MAX_RAW_CHARS]
        self.details.append(entry)
        return self

    def failed(self, detail: str, **more: Any) -> Job:
        """Add an execution detail that says why the step failed."""
        self.status = "failed"
        return self.note(detail, FAILED, **more)

    def stored(self, room: int = MOST_ROOM) -> dict[str, Any]:
        """Render it for the row, in about as many bytes as there is room for; long answers of providers are cut."""
        kept = self.details[-MAX_DETAILS:]
        most = max(LEAST_CHARS, room // (2 * max(1, len(kept))))
        short = [
            {name: value[:most] if isinstance(value, str) else value for name, value in one.items()} for one in kept
        ]
        made: dict[str, Any] = {"st": self.status, "d": short, "at": clock.now_ms()}
        if self.provider_id:
            made["p"] = self.provider_id
        if self.message_ids:
            made["m"] = self.message_ids
        if self.is_deferred:
            made |= {"n": self.attempt, "o": self.outcomes}
        return made

"""The journal: what every step of an execution came to, by the step's address.

An address is the way to a step: `notify`, `each[3]/notify`, `again~2` (the second visit after a jump). One record
stands at each; a later one takes its place and keeps when the first began.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any

Json = dict[str, Any]


class Status(StrEnum):
    """Where a step stands."""

    OK = "ok"
    FAILED = "failed"
    RETRY = "retry"  # failed, tried again at `due`
    WAITING = "waiting"  # for `due`, or for an event
    CHILD = "child"  # for the execution it started
    BEGUN = "begun"  # a container whose steps are under way


SETTLED = frozenset({Status.OK, Status.FAILED})


@dataclass(frozen=True)
class Record:
    """What a step came to. `shown` is its input as its owner may see it; `used` what it cost; times in milliseconds.

    A big output lies in the store of big values under `blob`; one that holds a secret lies sealed.
    """

    address: str
    step: str
    kind: str
    status: Status
    began: int
    ended: int = 0
    attempt: int = 1
    shown: Any = None
    output: Any = None
    blob: str | None = None
    sealed: str | None = None
    error: Json | None = None
    due: int | None = None
    event: str | None = None
    child: str | None = None
    logs: list[Json] = field(default_factory=list)
    used: Json = field(default_factory=dict)

    @property
    def is_settled(self) -> bool:
        """Say whether the step is over."""
        return self.status in SETTLED

    def stored(self) -> Json:
        """Render it short: what is empty is left out."""
        return {_SHORT[name]: value for name, value in asdict(self).items() if value not in (None, [], {}, "")}

    @classmethod
    def of(cls, stored: Json) -> Record:
        """Read one back."""
        fields = {_LONG[name]: value for name, value in stored.items()}
        return cls(**{**fields, "status": Status(fields["status"])})


_SHORT = {
    "address": "a", "step": "s", "kind": "k", "status": "z", "began": "b", "ended": "e", "attempt": "n", "shown": "i",
    "output": "o", "blob": "h", "sealed": "y", "error": "x", "due": "d", "event": "v", "child": "c", "logs": "l",
    "used": "u",
}  # fmt: skip
_LONG = {short: name for name, short in _SHORT.items()}


class Journal:
    """Records by address, in the order in which their steps began. `now` is the time that logic is given."""

    def __init__(self, now_ms: int, records: Iterable[Record] = ()) -> None:
        self.now = now_ms
        self.records: dict[str, Record] = {}
        self.count = 0
        for record in records:
            self.add(record)

    def get(self, address: str) -> Record | None:
        """Find the record of a step."""
        return self.records.get(address)

    def add(self, record: Record) -> Record:
        """Take in a record; the logs and costs of earlier attempts stay with it."""
        known = self.records.get(record.address)
        if known is not None:
            used = {name: known.used.get(name, 0) + amount for name, amount in record.used.items()}
            record = replace(record, began=known.began, logs=[*known.logs, *record.logs], used={**known.used, **used})
            record = replace(record, shown=known.shown if record.shown is None else record.shown)
        self.records[record.address] = record
        self.count += 1
        return record

    def waiting(self, status: Status) -> list[Record]:
        """List the records of steps in a state."""
        return [record for record in self.records.values() if record.status is status]

    def consumed(self) -> set[str]:
        """List the events that steps have taken."""
        found = (record.event for record in self.records.values() if record.kind == "waitForEvent")
        return {event for event in found if event is not None}

"""What callers of the automation operations send and see."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from chalicelib.core import clock
from chalicelib.edge.schema import AtMs, CamelIn, CamelOut, Name, Object, Text


class AutomationIn(CamelIn):
    """A new automation; with a definition it gets its first version at once."""

    name: Name
    description: Text | None = None
    definition: Object | None = None


class AutomationPatch(CamelIn):
    """What may change of an automation."""

    name: Name = Field(default="")
    description: Text | None = None


class AutomationOut(CamelOut):
    """An automation. `userId` is the identifier the platform chose for its user."""

    id: str
    user_key: str = Field(alias="userId")
    name: str
    description: str | None
    is_enabled: bool = Field(alias="enabled")
    live_version: str | None = Field(alias="liveVersionId")
    inserted_at: AtMs
    updated_at: AtMs


class VersionIn(CamelIn):
    """A new version."""

    name: Name | None = None
    definition: Object


class VersionPatch(CamelIn):
    """What may change of a draft."""

    name: Name = Field(default="")
    definition: Object = Field(default={})


class VersionOut(CamelOut):
    """A version."""

    id: str
    automation_id: str
    name: str
    definition: Object
    is_published: bool = Field(alias="published")
    inserted_at: AtMs
    updated_at: AtMs


class ImportIn(CamelIn):
    """What `export` gives: an automation and one version of it."""

    name: Name
    description: Text | None = None
    definition: Object
    version: Name | None = None


class EnableIn(CamelIn):
    """Which version to run; without one the last that was published."""

    version: Name | None = None


class ExecuteIn(CamelIn):
    """What the first step gets."""

    input: Object = Field(default={})


class ReplayIn(CamelIn):
    """Where to begin: nothing for the whole, `failed` for the step that failed, or the id of a step."""

    from_: Name | None = Field(default=None, alias="from")
    version: Name | None = None


class EventIn(CamelIn):
    """An event for executions that wait for it."""

    name: Name
    payload: Any = None


def put_off_by(row: dict[str, Any]) -> str | None:
    """Say why an execution was put off, while it waits for nothing else."""
    held_until, why = row.get("held", (None, None))
    return why if row["st"] == "WAIT" and held_until is not None and row.get("due") == held_until else None


def summary(row: dict[str, Any], used: dict[str, Any]) -> dict[str, Any]:
    """Show an execution in a few lines."""
    doc, ended = row["doc"], row.get("fin")
    return {
        "id": row["sk"],
        "automationId": None if "d" in doc else doc["a"],
        "versionId": None if "d" in doc else doc["v"],
        "userId": doc["uk"],
        "state": STATES[row["st"]],
        "startedBy": doc["k"],
        "startedAt": clock.iso_ms(row["at"]),
        "endedAt": None if ended is None else clock.iso_ms(ended),
        "durationMs": None if ended is None else ended - row["at"],
        "wakesAt": clock.iso_ms(row["due"]) if row["st"] == "WAIT" and "due" in row else None,
        "waitReason": put_off_by(row),
        "cancelRequested": "cancel" in row and ended is None,
        "error": row.get("err"),
        "replayOf": doc.get("replayOf"),
        "parentId": doc.get("parent"),
        "usage": used,
    }


STATES = {
    "READY": "queued",
    "RUN": "running",
    "WAIT": "waiting",
    "DONE": "done",
    "FAILED": "failed",
    "CANCELLED": "cancelled",
}

"""One action, or the choices of a datatype, run as an execution of its own: its definition is that one step.

It lies under its service instead of an automation, and carries the definition itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from chalicelib.automations import lanes, starts
from chalicelib.core.call import Call
from chalicelib.edge.route import Answer
from chalicelib.identity import public as identity

_WRAPPED = "const it = steps.datatype.output; return Array.isArray(it) ? {values: it} : it || {values: []}"


@dataclass(frozen=True)
class Alone:
    """What to run: kind is action or datatype; `name` and `version` are ids; `data` was checked already."""

    kind: str
    service: str
    version: str | None
    name: str
    user_id: str
    data: Any
    user_credential_id: str | None = None
    query: Mapping[str, str] = field(default_factory=dict)


def begin(call: Call, work: Alone) -> Answer:
    """Start it for the workers; 202 with the execution's id. Raises NotFound without the user, RateLimited."""
    lanes.check_rate(call.workspace_id)
    user = identity.find_user(call.workspace_id, work.user_id)
    execution = starts.fresh(call.workspace_id, work.service, call.idempotency_key)
    starts.create_queued(
        starts.Start(
            call.workspace_id,
            execution,
            user.id,
            user.user_id,
            work.service,
            work.version or "",
            "",
            "api",
            work.data,
            more={"d": {"steps": _steps(work)}},
        )
    )
    return Answer({"executionId": execution, "state": "queued"}, 202)


def _steps(work: Alone) -> list[dict[str, Any]]:
    given = {"serviceVersion": work.version, "userCredentialId": work.user_credential_id, "query": dict(work.query)}
    step = {"id": work.kind, "type": work.kind, "service": work.service, work.kind: work.name, "input": "${input}"}
    first = {**step, **{name: value for name, value in given.items() if value}}
    if work.kind == "action":
        return [first]
    return [first, {"id": "end", "type": "code", "code": _WRAPPED}]

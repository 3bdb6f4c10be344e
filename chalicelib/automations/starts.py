"""Ways in: what makes an execution. Its id says what made it, so that the same cause makes it once (rule R4)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

import orjson

from chalicelib.adapters import queue
from chalicelib.automations import lanes, loading, models, packing
from chalicelib.automations.models import Automation, Version
from chalicelib.automations.rules.journal import Json
from chalicelib.core import clock
from chalicelib.core.errors import PlatformError, TooLarge
from chalicelib.durable import steps
from chalicelib.durable.leases import Lease, NotTaken
from chalicelib.storage.expressions import Row
from chalicelib.storage.tables import WORK

MAX_HOPS = 10
MAX_INPUT_BYTES = 1_000_000


@dataclass(frozen=True)
class Start:
    """What an execution begins with. `kind` is what started it: api, trigger, schedule, automation, replay."""

    workspace_id: str
    execution: str
    user_id: str
    user_key: str
    automation_id: str
    version_id: str
    hash: str
    kind: str
    input: Any
    hop: int = 0
    more: Json = field(default_factory=dict)
    secrets: Collection[str] = ()  # that may be in the input


class LoopRefused(PlatformError):
    """Executions start one another without an end."""

    http_status = 422


def of_version(automation: Automation, version: Version, execution: str, kind: str, given: Any, **more: Any) -> Start:
    """Describe the start of a version; a draft is kept as it is now."""
    if not version.is_published:
        models.freeze(version)
    return Start(
        automation.workspace_id,
        execution,
        automation.user_id,
        automation.user_key,
        automation.id,
        version.id,
        version.hash,
        kind,
        given,
        **more,
    )


def row_of(start: Start) -> Row:
    """Build the row of a new execution. Raises TooLarge for its input, LoopRefused when too deep in a chain."""
    if start.hop > MAX_HOPS:
        raise LoopRefused(f"more than {MAX_HOPS} automations started one another in a chain")
    if len(orjson.dumps(start.input)) > MAX_INPUT_BYTES:
        raise TooLarge(f"the input may have at most {MAX_INPUT_BYTES} bytes")
    doc = {
        "a": start.automation_id,
        "v": start.version_id,
        "h": start.hash,
        "u": start.user_id,
        "uk": start.user_key,
        "k": start.kind,
        "hop": start.hop,
        "input": packing.pack_value(start.workspace_id, start.input, start.execution, start.secrets),
        **start.more,
    }
    key = models.execution_key(start.workspace_id, start.execution)
    return steps.new_row(key, {"doc": doc, "at": clock.now_ms(), "f0": 0})


def create_taken(start: Start, lease_ms: int) -> Lease | NotTaken:
    """Store an execution and take it in the same write; a message for it must be on its way already."""
    return steps.create(WORK, row_of(start), clock.now_ms(), lease_ms)


def create_queued(start: Start) -> bool:
    """Store an execution for the workers to take; False when it was there before. Its message is sent either way."""
    is_new = models.insert(row_of(start))
    send(start.workspace_id, start.execution)
    return is_new


def send(workspace_id: str, execution: str, delay_s: float = 0) -> None:
    """Send the message that moves an execution on, by the lane its workspace is in."""
    queue.send(lanes.lane_of(workspace_id), {"w": workspace_id, "x": execution}, delay_s)


def create_failed(start: Start, error: Json) -> None:
    """Store an execution that could not begin, so that its owner sees why."""
    now_ms = clock.now_ms()
    row = row_of(start) | {"st": "FAILED", "fin": now_ms, "err": error, "exp": now_ms // 1000 + models.KEEP_S}
    models.insert(row)


def start_child(
    workspace_id: str,
    parent: Json,
    parent_id: str,
    key: str,
    name: str,
    version: str | None,
    given: Json,
    at_ms: int,
    secrets: Collection[str] = (),
) -> tuple[str, bool]:
    """Start an automation of the same user on behalf of an execution; give the child, and whether it was there before.

    It was when a former worker fell before it wrote down that it had started it.
    """
    automation = loading.automation_named(workspace_id, parent["u"], name)
    found = loading.version_named(workspace_id, automation.id, version) if version else loading.live_version(automation)
    execution = child_id(workspace_id, automation.id, at_ms, parent_id, key)
    hop = int(parent.get("hop", 0)) + 1
    more = {"parent": parent_id}
    start = of_version(automation, found, execution, "automation", given, hop=hop, more=more, secrets=secrets)
    is_new = create_queued(start)
    return execution, not is_new


def child_id(workspace_id: str, automation_id: str, at_ms: int, parent_id: str, key: str) -> str:
    """Derive the id of an execution from the step that starts it; `at_ms` is the time of the parent's last commit."""
    return models.execution_id(workspace_id, automation_id, at_ms, parent_id, key)


def derived(workspace_id: str, automation_id: str, at_ms: int, cause: str) -> str:
    """Derive the id of an execution from what caused it."""
    return models.execution_id(workspace_id, automation_id, at_ms, automation_id, cause)


def fresh(workspace_id: str, automation_id: str, key: str | None) -> str:
    """Make the id of an execution asked for; the same one when the request is repeated under its key within a day."""
    at_ms = clock.now_ms()
    if key is None:
        return models.execution_id(workspace_id, automation_id, at_ms)
    first_ms = models.first_asked(workspace_id, automation_id, key, at_ms)
    return models.execution_id(workspace_id, automation_id, first_ms, automation_id, f"request|{key}")

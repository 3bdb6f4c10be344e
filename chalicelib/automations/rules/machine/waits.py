"""Waits: for a time, or for an event."""

from __future__ import annotations

from datetime import UTC, datetime

from chalicelib.automations.rules import resolved, retries
from chalicelib.automations.rules.journal import Json, Status
from chalicelib.automations.rules.language import MAX_WAIT_S
from chalicelib.automations.rules.machine.flow import Fail, Flow, Next, Scope
from chalicelib.automations.rules.machine.walk import Walk
from chalicelib.core.errors import InvalidInput

_LAST_MS = 253_402_300_799_999


def wait(walk: Walk, step: Json, address: str, scope: Scope) -> Flow:
    """Wait for a time."""
    record = walk.journal.get(address)
    if record is None:
        due = _due(walk, step, scope)
        if isinstance(due, str):
            walk.note(step, address, Status.FAILED, error=retries.failure("InvalidInput", due))
            return Fail(retries.failure("InvalidInput", due), step["id"])
        record = walk.note(step, address, Status.WAITING, due=due, shown={"untilMs": due})
    if record.is_settled:
        return walk.settled(record)
    if record.due is not None and record.due > walk.now:
        walk.frontier.until(record.due)
        return None
    walk.note(step, address, Status.OK)
    return Next()


def event(walk: Walk, step: Json, address: str, scope: Scope) -> Flow:
    """Wait for an event; hearing.py finds it."""
    record = walk.journal.get(address)
    if record is None:
        limit = step.get("timeoutSeconds")
        due = None if limit is None else walk.now + walk.ms(limit, scope)
        try:
            match = resolved.checked({**step, "match": walk.resolve(step.get("match", {}), scope)})["match"]
            name = resolved.name(walk.resolve(step["event"], scope), "event")
        except InvalidInput as error:
            return walk.settled(walk.note(step, address, Status.FAILED, error=retries.error_of(error)))
        record = walk.note(step, address, Status.WAITING, due=due, shown={"event": name, "match": match})
    if record.is_settled:
        return walk.settled(record)
    walk.frontier.awaits = True
    walk.frontier.until(record.due)
    return None


def _due(walk: Walk, step: Json, scope: Scope) -> int | str:
    if "seconds" in step:
        seconds = walk.resolve(step["seconds"], scope)
        if not isinstance(seconds, int | float) or isinstance(seconds, bool) or not 0 <= seconds <= MAX_WAIT_S:
            return "seconds must be a number from 0 to a year's"
        return walk.now + int(seconds * 1000)
    until = walk.resolve(step["until"], scope)
    if isinstance(until, str):
        try:
            at = datetime.fromisoformat(until)
        except ValueError:
            return "until is not a time in ISO 8601"
        until = (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1000
    if not isinstance(until, int | float) or isinstance(until, bool) or not 0 <= until <= _LAST_MS:
        return "until is not a time"
    if until > walk.now + MAX_WAIT_S * 1000:
        return "until is more than a year away"
    return int(until)

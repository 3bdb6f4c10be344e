"""Executions as their owners use them: start, wait for, list, cancel."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from chalicelib.adapters import queue
from chalicelib.adapters.javascript import quota
from chalicelib.automations import (
    automations,
    effects,
    engine,
    lanes,
    loading,
    meter,
    models,
    packing,
    queues,
    starts,
    transitions,
    usage,
    versions,
)
from chalicelib.automations.meter import Meter
from chalicelib.automations.models import Automation
from chalicelib.automations.rules import walking
from chalicelib.automations.rules.journal import Json
from chalicelib.automations.schemas import STATES, put_off_by, summary
from chalicelib.core import clock, errors, paging
from chalicelib.core.call import Call
from chalicelib.core.errors import Conflict, InvalidInput, NotFound, PlatformError, Unavailable, UpstreamTimeout
from chalicelib.durable import steps
from chalicelib.durable.leases import NotTaken
from chalicelib.durable.steps import ENDED, State
from chalicelib.edge import failures
from chalicelib.edge.resource import whole_number
from chalicelib.edge.route import Answer
from chalicelib.storage.expressions import Row
from chalicelib.storage.tables import WORK

LOOK_EVERY_S = 0.2
LEAVE_MS = 1_000  # of a request's time, to answer in
SUM_EVERY_MS = 1_000
MAX_LISTED = 200
FORGOTTEN_MS = 300_000
_sleep: Callable[[float], None] = time.sleep


def use_sleep(sleep: Callable[[float], None] | None) -> None:
    """Replace how a caller's wait passes (tests); None restores it."""
    global _sleep
    _sleep = sleep or time.sleep


class ExecutionTimedOut(UpstreamTimeout):
    """The execution goes on, but the caller's time is over."""

    http_status = 500

    def __init__(self, execution: str) -> None:
        super().__init__("Timeout")
        self.details["executionId"] = execution


class ExecutionPutOff(PlatformError):
    """The workspace's quota of the day was used up on the way; the execution goes on by itself after midnight (UTC)."""

    http_status = 429

    def __init__(self, execution: str, why: str, wakes_ms: int) -> None:
        super().__init__(why, details={"executionId": execution})
        self.retry_after_s = max(1, -(-(wakes_ms - clock.now_ms()) // 1000))


class ExecutionFailed(PlatformError):
    """A step failed, and the execution with it."""

    http_status = 422


def find_own(call: Call) -> Row:
    """Find the execution the path names, of the user the query names. Raises NotFound."""
    user = automations.user_of(call)
    row = WORK.get(models.execution_key(call.workspace_id, call.path["execution_id"]))
    if row is None or row["doc"]["u"] != user.id or row.get("exp", 2**40) <= clock.now_s():
        raise NotFound("no such execution")
    _nudge(row)
    return row


def _nudge(row: Row) -> None:
    """Send for an execution that was never begun: who stored it may have fallen before the message was sent.

    Its caller was not told that it was accepted; but it must not stay queued for ever either. A message too many does
    no harm.
    """
    if row["st"] == State.READY and row["at"] < clock.now_ms() - FORGOTTEN_MS:
        with suppress(Unavailable):
            starts.send(row["pk"].partition("#")[0], row["sk"])


# --- started ------------------------------------------------------------------------------------------------------


def execute(call: Call) -> Answer:
    """Run a version now and answer with its output; 202 with an id where the caller would rather not wait.

    Raises ExecutionTimedOut after 25 s, ExecutionPutOff: the execution goes on. Raises RateLimited; QuotaExceeded for
    a caller that waits, before anything is begun.
    """
    lanes.check_rate(call.workspace_id)
    item = _automation(call)
    loading.saw(call.workspace_id, item.id)
    version = versions.find(call, item)
    if not call.is_async and walking.runs_scripts(version.definition.get("steps")):
        quota.check(call.workspace_id)
    execution = starts.fresh(call.workspace_id, item.id, call.idempotency_key)
    hop = call.headers.get(effects.HOP_HEADER.lower(), "0")
    start = starts.of_version(
        item, version, execution, "api", call.body.input, hop=int(hop) if hop.isdecimal() and len(hop) < 4 else 0
    )
    if call.is_async:
        starts.create_queued(start)
        return Answer({"executionId": execution, "state": "queued"}, 202)
    with lanes.running(call.workspace_id):
        row = _run_now(start, call.deadline_ms - LEAVE_MS)
    return _answer(call, row)


def _automation(call: Call) -> Automation:
    if "userId" in call.query:
        return automations.find_own(call)
    return Automation.find_by_id(call.workspace_id, call.path["automation_id"])


def _run_now(start: starts.Start, deadline_ms: int) -> Row:
    """Run in this request; a delayed message stands behind it in case this process falls."""
    lease_ms = deadline_ms - clock.now_ms() + transitions.SLACK_MS
    queue.send(queues.ADVANCE, {"w": start.workspace_id, "x": start.execution}, lease_ms / 1000 + 1)
    lease = starts.create_taken(start, lease_ms)
    row: Row | None = None
    if not isinstance(lease, NotTaken):
        counted = Meter()
        counted.add(messages=1)
        row = engine.run(lease, deadline_ms, counted)
        usage.flush(SUM_EVERY_MS)  # what is left over is counted when the message behind it comes
    return _wait(start.workspace_id, start.execution, row, deadline_ms)


def _wait(workspace_id: str, execution: str, row: Row | None, deadline_ms: int) -> Row:
    key = models.execution_key(workspace_id, execution)
    while row is None or row["st"] not in ENDED:
        now_ms = clock.now_ms()
        if row is not None and (why := put_off_by(row)) is not None:
            raise ExecutionPutOff(execution, why, int(row["due"]))
        if now_ms >= deadline_ms:
            raise ExecutionTimedOut(execution)
        is_due = row is not None and row["st"] == State.WAIT and row.get("due", deadline_ms) <= now_ms
        if is_due:
            engine.advance(workspace_id, execution, deadline_ms)
        else:
            _sleep(LOOK_EVERY_S)
        row = WORK.get(key)
    return row


def _answer(call: Call, row: Row) -> Answer:
    doc = row["doc"]
    if row["st"] == State.DONE:
        load = packing.Loader(call.workspace_id, row["sk"])
        body = {"input": effects.hidden(load.value(doc["input"])), "output": load.value(row.get("res"))}
        return Answer(body, 200, {"X-Execution-Id": row["sk"]})
    error = row.get("err") or {"type": "Cancelled", "message": "cancelled"}
    failed = ExecutionFailed(error["message"], details={"executionId": row["sk"], **error})
    failed.http_status = _status(error)
    raise failed


def _status(error: Json) -> int:
    if error["message"] in ("Timeout", "Connector token is unauthorized"):
        return 500
    if error["type"] == "Cancelled":
        return 409
    kind = getattr(errors, error["type"], None)
    if error["type"] == "HttpRefused":
        return 502
    return failures.STATUS.get(kind, 422) if isinstance(kind, type) else 422


# --- listed -------------------------------------------------------------------------------------------------------


def list_of_automation(call: Call) -> list[dict[str, Any]]:
    """List executions, the newest first: query `state`, `from`, `to` (times), `limit`, `cursor`."""
    item = automations.find_own(call)
    low, high, limit = _time(call, "from", 0), _time(call, "to", 2**47), _limit(call)
    state = call.query.get("state")
    if state is not None and state not in STATES.values():
        raise InvalidInput.at("query.state", f"must be one of: {', '.join(STATES.values())}", "enum")
    before = f"{high:012x}"
    scope = "/".join(call.path.values()), call.operation
    if "cursor" in call.query:
        before = str(paging.open_token(call.workspace_id, *scope, call.query["cursor"])[0])
    found: list[Row] = []
    while True:
        page, before, is_last = _page(item, f"{low:012x}", before, limit + 1)
        found += [row for row in page if state in (None, STATES[row["st"]]) and row.get("exp", 2**40) > clock.now_s()]
        if is_last or len(found) > limit:
            break
    for row in found[:limit]:
        _nudge(row)
    if len(found) > limit:
        last = found[limit - 1]["sk"].rpartition(".")[2]
        call.answer_headers["X-Next-Cursor"] = paging.seal(call.workspace_id, *scope, [last])
    return [summary(row, meter.shown(row.get("use"))) for row in found[:limit]]


def _page(item: Automation, low: str, before: str, count: int) -> tuple[list[Row], str, bool]:
    """Read the newest executions before a place, from all partitions; and where to go on."""
    if low >= before:
        return [], low, True  # nothing lies between, and DynamoDB refuses to look
    rows: list[Row] = []
    floor = low
    for shard in range(models.SHARDS):
        page = models.executions_between(item.workspace_id, item.id, shard, low, before, count + 1)
        mine = [row for row in page.rows if _tail(row) < before]
        rows += mine
        if page.after is not None and mine:
            floor = max(floor, _tail(mine[-1]))
    rows = sorted((row for row in rows if _tail(row) >= floor), key=_tail, reverse=True)
    return rows, floor, floor == low


def _tail(row: Row) -> str:
    return str(row["sk"].rpartition(".")[2])


def _time(call: Call, name: str, default: int) -> int:
    text = call.query.get(name)
    if text is None:
        return default
    if text.isascii() and text.isdecimal() and len(text) < 15:
        return int(text)
    try:
        at = datetime.fromisoformat(text.upper())
    except ValueError:
        raise InvalidInput.at(f"query.{name}", "must be a time in ISO 8601", "format") from None
    return max(0, int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1000))


def _limit(call: Call) -> int:
    return whole_number(call.query.get("limit", "50"), MAX_LISTED)


# --- stopped ------------------------------------------------------------------------------------------------------


def cancel(call: Call) -> dict[str, Any]:
    """Ask for the end of an execution; a step under way may still happen. Raises Conflict when it has ended."""
    row = find_own(call)
    changed = steps.cancel(WORK, models.execution_key(call.workspace_id, row["sk"]), clock.now_ms())
    if changed is None:
        raise Conflict("this execution has ended")
    queue.send(queues.ADVANCE, {"w": call.workspace_id, "x": row["sk"]})
    return summary(changed, meter.shown(changed.get("use")))

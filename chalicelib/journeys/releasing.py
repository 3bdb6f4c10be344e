"""What becomes of a batch: aged out while open, released page by page once closed, then told of."""

from __future__ import annotations

from typing import Any

import orjson

from chalicelib.adapters import blobs, http_client, logs, queue
from chalicelib.adapters.http_client import Request
from chalicelib.core import clock, ids
from chalicelib.core.errors import PlatformError, Unavailable
from chalicelib.durable import leases
from chalicelib.durable.leases import Lease, LeaseLost, NotTaken
from chalicelib.journeys import dropping, entering, notifications, queues, signing
from chalicelib.journeys.entering import Entry, Fate
from chalicelib.journeys.models import automations
from chalicelib.journeys.models import batches as stored
from chalicelib.journeys.models.batches import NOTIFYING, Status
from chalicelib.journeys.rules import calls, entry
from chalicelib.journeys.rules.entry import Identity
from chalicelib.storage import table
from chalicelib.storage.expressions import Change, OneOf, Row, eq
from chalicelib.storage.table import TransactionFailed, Write
from chalicelib.storage.tables import JOURNEYS

Json = dict[str, Any]
LEASE_MS = 90_000
PAGE = entering.MOST
PAGES_A_MESSAGE = 20
TIMEOUT_S = 15.0
_TIMED = ("due", "dueB", "dueK")
_UNDER_WAY = (Status.OPEN.value, Status.CLOSED.value, *(one.value for one in sorted(NOTIFYING)))


def work_on(body: Json) -> float | None:
    """Do what a batch's time has come for; gives after how long the message is to come again, or None."""
    key = stored.key(body["w"], body["n"], body["b"])
    now_ms = clock.now_ms()
    lease = leases.take(JOURNEYS, key, now_ms, LEASE_MS, when=OneOf("st", _UNDER_WAY))
    if isinstance(lease, NotTaken):
        return lease.hide_s(now_ms)
    row = lease.row
    if row["st"] == Status.OPEN:
        leases.release(JOURNEYS, lease)
        dropping.age_out(row)
    elif row["st"] == Status.CLOSED:
        _release(lease)
    else:
        _notify(lease)
    return None


# --- release --------------------------------------------------------------------------------------------------------


def _release(lease: Lease) -> None:
    """Let a stretch of the customers in, from where the cursor is; then send for the rest."""
    workspace_id, node, source = stored.parts_of(lease.key.pk)
    packets = stored.packets(lease.key)
    row = lease.row
    for _ in range(PAGES_A_MESSAGE):
        place = _place(packets, int(row["cur"]))
        if place is None:
            _finish(lease, row, is_whole=True)
            return
        head = automations.load(workspace_id, node, str(row["a"]), fresh=True)
        is_open = head is not None and entry.accepts_entries(head.status)
        if head is None or not is_open or (head.end_at is not None and head.end_at <= clock.now_ms()):
            _finish(lease, row, is_whole=False)
            return
        entries = _entries(workspace_id, source, *place)
        fates = [one.fate for one in entering.enter(head, entries)]
        row = _advance(lease, row, head, fates)
    leases.release(JOURNEYS, lease)
    queue.send(queues.JOB, stored.message(lease.key.pk, lease.key.sk))


def _place(packets: list[Row], cursor: int) -> tuple[Row, int] | None:
    """Find the packet a cursor stands in, and where in it; None at the end."""
    for packet in packets:
        if cursor < int(packet["n"]):
            return packet, cursor
        cursor -= int(packet["n"])
    return None


def _entries(workspace_id: str, source: str, packet: Row, start: int) -> list[Entry]:
    text = orjson.loads(blobs.blobs().get(workspace_id, packet["blob"]))
    made = []
    for number, one in enumerate(text["customers"][start : start + PAGE], start):
        token = ids.derived_uuid(workspace_id, "journey-token", source, f"{packet['sk']}|{number}")
        made.append(Entry(token, Identity(*one["who"]), one["attributes"], source=source))
    return made


def _advance(lease: Lease, row: Row, head: automations.Automation, fates: list[Fate]) -> Row:
    """Move the cursor and count what became of the page, discards of the automation with it, in one write."""
    discarded = sum(fate is Fate.DISCARDED for fate in fates)
    rejected = sum(fate is Fate.TAKEN for fate in fates)
    enabled = len(fates) - discarded - rejected
    put = {"cur": int(row["cur"]) + len(fates), "until": clock.now_ms() + LEASE_MS}
    add = {"enabled": enabled, "discarded": discarded, "rejected": rejected}
    condition = leases.fenced(lease) & eq("cur", row["cur"])
    change = Change(put=put, add=add)
    if not discarded:
        return leases.write(JOURNEYS, lease, change, condition, lambda found: _is_at(lease, found, put["cur"]))
    try:
        table.transact(
            [Write(JOURNEYS, condition, key=lease.key, change=change), entering.count_discarded(head, discarded)],
            ids.secret_text(24),
        )
    except TransactionFailed as failure:
        raise LeaseLost(failure.failed.get(0)) from None
    return row | put | {name: int(row[name]) + amount for name, amount in add.items()}


def _is_at(lease: Lease, row: Row, cursor: int) -> bool:
    """Whether the cursor stands where this lease moved it to: nobody else could, and an answer may get lost."""
    return row.get("fence") == lease.fence and row["cur"] == cursor


def _finish(lease: Lease, row: Row, *, is_whole: bool) -> None:
    """End the release: told of at once if somebody wants to know. What the packets held is needed no more."""
    now_ms, notification = clock.now_ms(), row.get("notify")
    is_good = is_whole and int(row["rejected"]) == 0
    status = Status.ENABLED
    if notification:
        status = Status.OK_NOTIFYING if is_good else Status.ERROR_NOTIFYING
    put: Json = {
        "st": status.value,
        "until": leases.FREE,
        "good": is_good,
        "n": 0,
        "exp": now_ms // 1000 + stored.KEEP_S,
    }
    if notification:
        put |= stored.timer(lease.key, now_ms, now_ms).attributes
    remove = () if notification else _TIMED
    if not is_whole:
        cut = {"path": "", "message": "the automation was closed before everybody was in", "code": "CUT_SHORT"}
        put["errors"] = [cut, *row.get("errors", ())][: dropping.MAX_ERRORS]
    leases.write(JOURNEYS, lease, Change(put=put, remove=remove), leases.fenced(lease), lambda _: False)
    if notification:
        queue.send(queues.JOB, stored.message(lease.key.pk, lease.key.sk))
    workspace_id, packets = stored.parts_of(lease.key.pk)[0], stored.packets(lease.key)
    for packet in packets:
        blobs.blobs().delete(workspace_id, packet["blob"])
    JOURNEYS.write_many(rows=[{**packet, "exp": put["exp"]} for packet in packets])


# --- notification ---------------------------------------------------------------------------------------------------


def _notify(lease: Lease) -> None:
    """Try to tell the sender of a batch how it went; five times in about an hour."""
    row, attempt = lease.row, int(lease.row["n"])
    is_good = row["st"] == Status.OK_NOTIFYING
    error = _post(lease)
    now_ms = clock.now_ms()
    if error is None:
        status = Status.OK_NOTIFIED if is_good else Status.ERROR_NOTIFIED
        change = Change(put={"st": status.value, "until": leases.FREE}, remove=_TIMED)
    elif attempt + 1 < len(calls.NOTIFY_AFTER_S):
        timer = stored.timer(lease.key, now_ms + calls.NOTIFY_AFTER_S[attempt + 1] * 1000, now_ms)
        put = {"n": attempt + 1, "until": leases.FREE, "err": error, **timer.attributes}
        change = Change(put=put)
    else:
        status = Status.OK_NOT_NOTIFIED if is_good else Status.ERROR_NOT_NOTIFIED
        change = Change(put={"st": status.value, "until": leases.FREE, "err": error}, remove=_TIMED)
        logs.log("batch.not_notified", level="WARNING", batch=stored.parts_of(lease.key.pk)[2], reason=error)
    leases.write(JOURNEYS, lease, change, leases.fenced(lease), lambda _: False)
    if "due" in change.put:
        delay_s = (int(change.put["due"]) - now_ms) / 1000
        if delay_s <= queue.MAX_DELAY_S:
            queue.send(queues.JOB, stored.message(lease.key.pk, lease.key.sk), delay_s)


def _post(lease: Lease) -> str | None:
    """POST the outcome, signed; gives what went wrong, or None."""
    workspace_id, node, source = stored.parts_of(lease.key.pk)
    notification = notifications.unseal(workspace_id, source, lease.row["notify"])
    body = orjson.dumps(outcome_of(lease.row, source, notification.get("reference")))
    message_id = ids.derived_uuid(workspace_id, "batch-outcome", node, source)
    signed = signing.headers(workspace_id, node, message_id, f"batch:{source}", body)
    reserved = {name.lower() for name in signed}
    own = {name: value for name, value in (notification.get("headers") or {}).items() if name.lower() not in reserved}
    headers = {"Content-Type": "application/json", **own, **signed}
    try:
        request = Request("POST", notification["url"], headers, body, timeout_s=TIMEOUT_S, max_redirects=0)
        answer = http_client.send(workspace_id, request)
    except Unavailable:
        raise
    except PlatformError as error:
        return error.message
    return None if 200 <= answer.status < 300 else f"the receiver answered {answer.status}"


def outcome_of(row: Row, source: str, reference: str | None) -> Json:
    """Build what the sender of a batch is told."""
    return {
        "automationUuid": row["a"],
        "sourceUuid": source,
        "sourceLabel": row.get("label"),
        "reference": reference,
        "outcome": "OK" if row["good"] else "ERROR",
        "customers": {name: int(row[name]) for name in ("received", "enabled", "discarded", "rejected")},
        "errors": row.get("errors", []),
        "closed": clock.iso_ms(int(row["closed"])),
    }

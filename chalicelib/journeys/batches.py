"""Batches: packets taken in, an open one dropped, a closed one released customer by customer and told of.

A packet is stored once, however often it is sent: it is known by the hash of its body. Its customers lie in the store
of big values; nobody is in the automation before the batch is released, so a batch that is dropped leaves nothing.
"""

from __future__ import annotations

import hashlib
from typing import Any

import orjson

from chalicelib.adapters import blobs, queue
from chalicelib.core import clock, ids
from chalicelib.core.call import Call
from chalicelib.core.errors import Conflict, InvalidInput, NotFound, TooLarge, Unavailable
from chalicelib.edge.route import Answer
from chalicelib.journeys import automations, customers, dropping, notifications, queues, validity
from chalicelib.journeys.models import batches as stored
from chalicelib.journeys.models.automations import Automation
from chalicelib.journeys.models.batches import Status
from chalicelib.journeys.rules import entry
from chalicelib.storage import table
from chalicelib.storage.expressions import ABSENT, Row, eq
from chalicelib.storage.table import TransactionFailed, Write
from chalicelib.storage.tables import JOURNEYS

Json = dict[str, Any]
SILENCE_MS = 24 * 3_600_000
MAX_PACKETS = 5_000
FIRST, LAST = "FIRST", "LAST"
_ATTEMPTS = 5


def add(call: Call) -> Answer:
    """Take a packet in: 202 once it is stored. Raises Conflict, NotFound, InvalidInput."""
    head, body = automations.find(call), call.body
    if not entry.accepts_entries(head.status):
        raise Conflict(f"an automation that is {head.status} takes no customers", details={"status": head.status})
    source = body.source_uuid
    if source is None and body.packet not in (None, FIRST):
        raise InvalidInput.at("body.sourceUuid", f"is needed with packet {body.packet}", "missing")
    if body.notification is not None:
        validity.check_callable(body.notification.url, "body.notification.url")
    source = source or call.new_id("batch")
    packet = _Packet(call, head, source)
    for _ in range(_ATTEMPTS):
        row = packet.take_in()
        if row is not None:
            if row["st"] == Status.CLOSED:
                queue.send(queues.JOB, stored.message(row["pk"], row["sk"]))
            shown = {"sourceLabel": row.get("label"), "sourceUuid": source, "status": row["st"]}
            return Answer(shown, 202, call.answer_headers)
    raise Unavailable("other packets of this batch came at the same time; try again")


class _Packet:
    """One packet on its way into its batch."""

    def __init__(self, call: Call, head: Automation, source: str) -> None:
        self.head, self.body, self.source = head, call.body, source
        self.workspace_id, self.node = call.workspace_id, head.node
        self.key = stored.key(self.workspace_id, self.node, source)
        self.hash = hashlib.sha256(call.raw_body).hexdigest()[:40]
        self.opens = self.body.packet in (None, FIRST)
        self.closes = self.body.packet in (None, LAST)

    def take_in(self) -> Row | None:
        """Store the packet; gives the batch as it is then, None when another packet came in between."""
        row = JOURNEYS.get(self.key)
        if row is not None and row["a"] != self.head.id:
            row = None if not self.opens else self._refuse("belongs to another automation")
        if row is not None and JOURNEYS.get(stored.packet_key(self.key, self.hash)) is not None:
            return row
        if row is None and not self.opens:
            raise NotFound(f"the automation has no batch {self.source}")
        if row is not None and self.opens:
            self._refuse("was opened before")
        if row is not None and row["st"] != Status.OPEN:
            self._refuse(f"is {row['st']}, it takes no more packets")
        if row is not None and int(row["packets"]) >= MAX_PACKETS:
            raise TooLarge(f"a batch has at most {MAX_PACKETS} packets")
        return self._store(row)

    def _refuse(self, why: str) -> Row:
        raise Conflict(f"the batch {self.source} {why}")

    def _store(self, row: Row | None) -> Row | None:
        now_ms = clock.now_ms()
        base = row or stored.new_row(self.workspace_id, self.node, self.source, self.head.id, now_ms)
        good, errors = self._customers(int(base["packets"]))
        text = orjson.dumps({"of": [self.source, self.hash], "customers": good})
        blob = blobs.blobs().put(self.workspace_id, text)
        packet = {
            **stored.packet_key(self.key, self.hash)._asdict(),
            "no": int(base["packets"]),
            "n": len(good),
            "blob": blob,
        }
        changed = self._changed(base, len(good), errors, now_ms)
        condition = ABSENT if row is None else eq("packets", row["packets"]) & eq("st", Status.OPEN.value)
        writes = [
            Write(JOURNEYS, condition, row=changed),
            Write(JOURNEYS, ABSENT, row=packet),
        ]
        if row is None:
            leading = stored.of_automation_row(self.workspace_id, self.node, self.head.id, self.source)
            JOURNEYS.put(leading)  # first, so that no batch is there that its automation does not know
        try:
            table.transact(writes, ids.secret_text(24))
        except TransactionFailed:
            return None
        return changed

    def _customers(self, number: int) -> tuple[list[Json], list[Json]]:
        """Split the customers into those that can enter and those that cannot, with the reason."""
        good, errors = [], []
        for position, one in enumerate(self.body.customers):
            found, wrong = customers.read(one)
            if found is None:
                place = f"/customers/{position}"
                errors.append({"path": place, "message": wrong, "code": "INVALID_CUSTOMER", "data": {"packet": number}})
            else:
                good.append(found)
        return good, errors

    def _changed(self, base: Row, good: int, errors: list[Json], now_ms: int) -> Row:
        status = Status.CLOSED if self.closes else Status.OPEN
        timer = stored.timer(self.key, now_ms if self.closes else now_ms + SILENCE_MS, now_ms)
        changed = {
            **base,
            "st": status.value,
            "packets": int(base["packets"]) + 1,
            "received": int(base["received"]) + good + len(errors),
            "rejected": int(base["rejected"]) + len(errors),
            "errors": [*base.get("errors", ()), *errors][: dropping.MAX_ERRORS],
            **timer.attributes,
        }
        if self.closes:
            changed["closed"] = now_ms
        if self.opens and self.body.source_label is not None:
            changed["label"] = self.body.source_label
        if self.body.notification is not None:
            changed["notify"] = notifications.seal(self.workspace_id, self.source, self.body.notification)
        return changed


# --- dropping -------------------------------------------------------------------------------------------------------


def drop(call: Call) -> None:
    """Drop a batch that was never closed. Raises NotFound, Conflict when it is closed."""
    head = automations.find(call)
    source = call.required_query("sourceUuid").lower()
    if not ids.is_uuid(source):
        raise InvalidInput.at("query.sourceUuid", "must be a UUID", "uuid")
    key = stored.key(call.workspace_id, head.node, source)
    row = JOURNEYS.get(key)
    if row is None or row["a"] != head.id:
        raise NotFound(f"the automation has no batch {source}")
    if row["st"] != Status.OPEN or not dropping.erase_open(row):
        raise Conflict(f"the batch is {row['st']}, it can no longer be dropped")

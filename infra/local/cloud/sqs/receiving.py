"""ReceiveMessage, DeleteMessage, ChangeMessageVisibility, their batches, and moving to and from dead-letter queues.

A receipt handle names the message and the claim of the receive that gave it out; a later receive makes a new claim,
so an old handle no longer does anything.
"""

import os
import threading
import time
from collections.abc import Callable
from typing import Any

import orjson

from infra.local.cloud.catalog import Catalog
from infra.local.cloud.errors import CloudError
from infra.local.cloud.sqs.bell import NEVER, Bell
from infra.local.cloud.sqs.contents import attributes_digest, chosen_attributes, text_digest
from infra.local.cloud.sqs.entries import failure_of, read_entries
from infra.local.cloud.sqs.errors import bad_parameter, missing
from infra.local.cloud.sqs.queues import ACCOUNT, ARN_HEAD, RANGES, Body, Queue, name_in_arn, need_queue
from infra.local.cloud.sqs.sending import new_message_id
from infra.local.cloud.store import Connection, Store, placeholders

RECEIVE_MAX = 10
VISIBILITY_MAX_S = RANGES["VisibilityTimeout"][1]
WAIT_MAX_S = RANGES["ReceiveMessageWaitTimeSeconds"][1]


class Receiving:
    """The operations that take messages out of a queue."""

    def __init__(self, store: Store, queues: Catalog[Queue], bell: Bell, now_ms: Callable[[], int]) -> None:
        self._store = store
        self._queues = queues
        self._bell = bell
        self._now_ms = now_ms
        self._locks: dict[str, threading.Lock] = {}

    def receive_message(self, connection: Connection, body: Body) -> Body:
        """ReceiveMessage; waits for messages when asked to."""
        queue = need_queue(self._queues, connection, body)
        count = _number(body, "MaxNumberOfMessages", 1, 1, RECEIVE_MAX)
        visibility_s = _number(body, "VisibilityTimeout", queue.visibility_s, 0, VISIBILITY_MAX_S)
        wait_s = _number(body, "WaitTimeSeconds", queue.wait_s, 0, WAIT_MAX_S)
        end_s, end_ms = time.monotonic() + wait_s, self._now_ms() + wait_s * 1000
        while True:
            ticket = self._bell.ticket(queue.name)
            rows = self._take(connection, queue, count, visibility_s)
            if rows:
                return {"Messages": [_shown(row, body) for row in rows]}
            left_s = end_s - time.monotonic()
            if left_s <= 0 or self._now_ms() >= end_ms or not self._bell.wait(queue.name, ticket, left_s):
                return {}
            queue = need_queue(self._queues, connection, body)

    def delete_message(self, connection: Connection, body: Body) -> Body:
        """DeleteMessage; an old handle is accepted and does nothing."""
        queue = need_queue(self._queues, connection, body)
        connection.execute(queue.sql_delete, _handle(body))
        return {}

    def delete_message_batch(self, connection: Connection, body: Body) -> Body:
        """DeleteMessageBatch, as one statement."""
        queue = need_queue(self._queues, connection, body)
        done, failed = [], []
        pairs: list[int] = []
        for entry in read_entries(body, "DeleteMessageBatchRequestEntry"):
            try:
                pairs += _handle(entry)
                done.append({"Id": entry["Id"]})
            except CloudError as error:
                failed.append(failure_of(entry, error))
        if pairs:
            which = " OR ".join(["(id = ? AND claim = ?)"] * len(done))
            connection.execute(f"DELETE FROM {queue.relation} WHERE {which}", pairs)
        return {"Successful": done, "Failed": failed} if failed else {"Successful": done}

    def change_message_visibility(self, connection: Connection, body: Body) -> Body:
        """ChangeMessageVisibility."""
        self._change(connection, need_queue(self._queues, connection, body), body)
        return {}

    def change_message_visibility_batch(self, connection: Connection, body: Body) -> Body:
        """ChangeMessageVisibilityBatch."""
        queue = need_queue(self._queues, connection, body)
        done, failed = [], []
        for entry in read_entries(body, "ChangeMessageVisibilityBatchRequestEntry"):
            try:
                self._change(connection, queue, entry)
                done.append({"Id": entry["Id"]})
            except CloudError as error:
                failed.append(failure_of(entry, error))
        return {"Successful": done, "Failed": failed} if failed else {"Successful": done}

    def start_message_move_task(self, connection: Connection, body: Body) -> Body:
        """StartMessageMoveTask, done before it answers: messages go home, or to DestinationArn, as new ones."""
        source = self._queues.read(connection, name_in_arn(body.get("SourceArn") or ""))
        if source is None:
            raise CloudError(
                "ResourceNotFoundException", "The resource that you specified for SourceArn doesn't exist."
            )
        wished = name_in_arn(body.get("DestinationArn") or "")
        if wished and self._queues.read(connection, wished) is None:
            raise CloudError(
                "ResourceNotFoundException", "The resource that you specified for DestinationArn doesn't exist."
            )
        with self._store.transaction(connection):
            names = self._move_home(connection, source, wished)
        for name, count in names.items():
            self._bell.ring(name, count)
        return {"TaskHandle": new_message_id()}

    def due_at(self, name: str) -> int:
        """Say when a queue's next message becomes visible."""
        return self._store.run(self._due_at, name)

    def _due_at(self, connection: Connection, name: str) -> int:
        queue = self._queues.find(connection, name)
        if queue is None:
            return 0  # whoever waits shall look and see that it is gone
        oldest = self._now_ms() - queue.retention_ms
        sql = f"SELECT visible_at FROM {queue.relation} WHERE sent_at > ? ORDER BY visible_at LIMIT 1"
        row = connection.execute(sql, (oldest,)).fetchone()
        return int(row[0]) if row else NEVER

    def _take(self, connection: Connection, queue: Queue, count: int, visibility_s: int) -> list[Any]:
        """Claim up to count visible messages; gives their rows and the claim."""
        lock = self._locks.get(queue.name) or self._locks.setdefault(queue.name, threading.Lock())
        with lock:
            while True:
                now = self._now_ms()
                rows = connection.execute(queue.sql_due, (now, now - queue.retention_ms, count)).fetchall()
                if not rows:
                    return []
                poison = queue.receives_max and any(row[1] >= queue.receives_max for row in rows)
                if poison and self._bury(connection, queue, now):
                    continue
                claimed = self._claim(connection, queue, rows, now, visibility_s)
                if claimed:
                    return claimed

    def _claim(self, connection: Connection, queue: Queue, rows: list[Any], now: int, visibility_s: int) -> list[Any]:
        claim = int.from_bytes(os.urandom(7), "big")
        ids = [row[0] for row in rows]
        which = f"id IN ({placeholders(len(ids))})"
        done = connection.execute(
            f"UPDATE {queue.relation} SET visible_at = ?, receives = receives + 1, claim = ?, "
            f"first_received_at = coalesce(first_received_at, ?) WHERE {which} AND visible_at <= ?",
            (now + visibility_s * 1000, claim, now, *ids, now),
        )
        if done.rowcount < len(rows):  # another process was quicker with some
            sql = f"SELECT id FROM {queue.relation} WHERE {which} AND claim = ?"
            mine = {row[0] for row in connection.execute(sql, (*ids, claim))}
            rows = [row for row in rows if row[0] in mine]
        return [(*row, claim, now) for row in rows]

    def _bury(self, connection: Connection, queue: Queue, now: int) -> bool:
        """Move the messages received too often to the dead-letter queue; False when there is none."""
        grave = self._queues.read(connection, queue.dead_letter_name)
        if grave is None:
            return False
        which = "WHERE visible_at <= ? AND receives >= ?"
        with self._store.transaction(connection):
            moved = connection.execute(
                f"INSERT INTO {grave.relation} (visible_at, sent_at, receives, claim, message_id, origin, extras, body)"
                f" SELECT ?, sent_at, 0, 0, message_id, ?, extras, body FROM {queue.relation} {which}",
                (now, queue.name, now, queue.receives_max),
            )
            connection.execute(f"DELETE FROM {queue.relation} {which}", (now, queue.receives_max))
        self._bell.ring(grave.name, moved.rowcount)
        return True

    def _move_home(self, connection: Connection, source: Queue, wished: str) -> dict[str, int]:
        now = self._now_ms()
        moved: dict[str, int] = {}
        rows = connection.execute(
            f"SELECT id, origin, extras, body FROM {source.relation} WHERE visible_at <= ? ORDER BY id", (now,)
        ).fetchall()
        for identifier, origin, extras, text in rows:
            home = self._queues.read(connection, wished or origin or "")
            if home is None:
                continue
            row = (now, now, new_message_id(), text, extras)
            connection.execute(home.sql_send_head + "(?, ?, ?, ?, ?, 0, 0)", row)
            connection.execute(f"DELETE FROM {source.relation} WHERE id = ?", (identifier,))
            moved[home.name] = moved.get(home.name, 0) + 1
        return moved

    def _change(self, connection: Connection, queue: Queue, body: Body) -> None:
        if body.get("VisibilityTimeout") is None:
            raise missing("VisibilityTimeout")
        visibility_s = _number(body, "VisibilityTimeout", 0, 0, VISIBILITY_MAX_S)
        identifier, claim = _handle(body)
        now = self._now_ms()
        done = connection.execute(
            f"UPDATE {queue.relation} SET visible_at = ? WHERE id = ? AND claim = ? AND visible_at > ?",
            (now + visibility_s * 1000, identifier, claim, now),
        )
        if done.rowcount:
            if not visibility_s:
                self._bell.ring(queue.name)
            return
        sql = f"SELECT 1 FROM {queue.relation} WHERE id = ? AND claim = ?"
        if connection.execute(sql, (identifier, claim)).fetchone():
            raise CloudError("MessageNotInflight", "The specified message isn't in flight.")
        raise bad_parameter(
            f"Value {body['ReceiptHandle']} for parameter ReceiptHandle is invalid. Reason: Message does not exist or "
            "is not available for visibility timeout change."
        )


def _shown(row: Any, body: Body) -> Body:
    identifier, receives, message_id, sent_at, first_received_at, text, extras, origin, claim, now = row
    message: Body = {
        "MessageId": message_id,
        "ReceiptHandle": f"{identifier:x}.{claim:x}",
        "MD5OfBody": text_digest(text),
        "Body": text,
    }
    more = orjson.loads(extras) if extras else {}
    wished = (body.get("MessageSystemAttributeNames") or []) + (body.get("AttributeNames") or [])
    if wished:
        known = {
            "SenderId": ACCOUNT,
            "SentTimestamp": str(sent_at),
            "ApproximateReceiveCount": str(receives + 1),
            "ApproximateFirstReceiveTimestamp": str(first_received_at or now),
        }
        if more.get("group"):
            known["MessageGroupId"] = more["group"]
        if origin:
            known["DeadLetterQueueSourceArn"] = ARN_HEAD + origin
        attributes = known if "All" in wished else {name: known[name] for name in wished if name in known}
        if attributes:
            message["Attributes"] = attributes
    if more.get("attributes"):
        chosen = chosen_attributes(more["attributes"], body.get("MessageAttributeNames") or [])
        if chosen:
            message["MessageAttributes"] = chosen
            message["MD5OfMessageAttributes"] = attributes_digest(chosen)
    return message


def _handle(body: Body) -> tuple[int, int]:
    text = body.get("ReceiptHandle")
    if not text:
        raise missing("ReceiptHandle")
    try:
        identifier, claim = text.split(".")
        return int(identifier, 16), int(claim, 16)
    except ValueError:
        raise CloudError("ReceiptHandleIsInvalid", f'The input receipt handle "{text}" is not valid.') from None


def _number(body: Body, parameter: str, default: int, low: int, high: int) -> int:
    value = body.get(parameter)
    if value is None:
        return default
    if not low <= value <= high:
        raise bad_parameter(
            f"Value {value} for parameter {parameter} is invalid. "
            f"Reason: Must be between {low} and {high}, if provided."
        )
    return int(value)

"""Queues: attributes, creation, deletion, listing."""

from collections.abc import Callable
from typing import Any

import orjson

from infra.local.cloud.catalog import Catalog
from infra.local.cloud.errors import CloudError
from infra.local.cloud.sqs.errors import bad_parameter, missing, no_queue
from infra.local.cloud.store import Connection, Store

Body = dict[str, Any]

ACCOUNT = "000000000000"
URL_HEAD = f"https://sqs.local/{ACCOUNT}/"
ARN_HEAD = f"arn:aws:sqs:local:{ACCOUNT}:"
NAME_MAX = 80
LIST_MAX = 1000
MESSAGE_BYTES_MAX = 1024 * 1024
# attribute: lowest, highest, default
RANGES = {
    "VisibilityTimeout": (0, 43200, 30),
    "MessageRetentionPeriod": (60, 1209600, 345600),
    "DelaySeconds": (0, 900, 0),
    "ReceiveMessageWaitTimeSeconds": (0, 20, 0),
    "MaximumMessageSize": (1024, MESSAGE_BYTES_MAX, MESSAGE_BYTES_MAX),
}
KEPT_AS_GIVEN = frozenset(
    {
        "RedrivePolicy",
        "RedriveAllowPolicy",
        "Policy",
        "KmsMasterKeyId",
        "KmsDataKeyReusePeriodSeconds",
        "SqsManagedSseEnabled",
    }
)
SHOWN_ALWAYS = ("QueueArn", "CreatedTimestamp", "LastModifiedTimestamp")
COUNTS = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)
RECEIVES_MAX = 1000


class Queue:
    """One queue: its relation and its attributes as numbers."""

    def __init__(self, name: str, relation: str, spec: dict[str, Any]) -> None:
        self.name = name
        self.relation = relation
        self.spec = spec
        attributes = spec["Attributes"]

        def number(attribute: str) -> int:
            return int(attributes.get(attribute, RANGES[attribute][2]))

        self.visibility_s = number("VisibilityTimeout")
        self.retention_ms = number("MessageRetentionPeriod") * 1000
        self.delay_s = number("DelaySeconds")
        self.wait_s = number("ReceiveMessageWaitTimeSeconds")
        self.bytes_max = number("MaximumMessageSize")
        policy = orjson.loads(attributes.get("RedrivePolicy") or "{}")
        self.dead_letter_name: str = policy.get("deadLetterTargetArn", "").rpartition(":")[2]
        self.receives_max = int(policy.get("maxReceiveCount", 0))
        self.sql_send_head = (
            f"INSERT INTO {relation} (visible_at, sent_at, message_id, body, extras, receives, claim) VALUES "
        )
        self.sql_due = (
            "SELECT id, receives, message_id, sent_at, first_received_at, body, extras, origin "
            f"FROM {relation} WHERE visible_at <= ? AND sent_at > ? ORDER BY visible_at LIMIT ?"
        )
        self.sql_delete = f"DELETE FROM {relation} WHERE id = ? AND claim = ?"

    def definitions(self) -> list[str]:
        """Write the statements that create the relation and its index."""
        return [
            f"CREATE TABLE {self.relation} (id INTEGER PRIMARY KEY, visible_at INTEGER, sent_at INTEGER, "
            "receives INTEGER, first_received_at INTEGER, claim INTEGER, message_id TEXT, origin TEXT, extras TEXT, "
            "body TEXT)",
            f"CREATE INDEX {self.relation}_due ON {self.relation} (visible_at)",
        ]


class Queues:
    """The operations on whole queues."""

    def __init__(self, store: Store, queues: Catalog[Queue], now_ms: Callable[[], int]) -> None:
        self._store = store
        self._queues = queues
        self._now_ms = now_ms

    def create_queue(self, connection: Connection, body: Body) -> Body:
        """CreateQueue; a second time with the same attributes gives the same queue."""
        name = body.get("QueueName") or ""
        wished = body.get("Attributes") or {}
        _check_name(name, wished)
        _check_attributes(wished)
        with self._store.transaction(connection):
            queue = self._queues.read(connection, name)
            if queue is None:
                spec = {"Attributes": wished, "CreatedMs": self._now_ms(), "ModifiedMs": self._now_ms()}
                for statement in self._queues.add(connection, name, spec).definitions():
                    connection.execute(statement)
            else:
                _refuse_difference(queue, wished)
        return {"QueueUrl": URL_HEAD + name}

    def set_queue_attributes(self, connection: Connection, body: Body) -> Body:
        """SetQueueAttributes; an empty RedrivePolicy removes it."""
        wished = body.get("Attributes") or {}
        _check_attributes(wished)
        with self._store.transaction(connection):
            queue = self._need(connection, body)
            attributes = {**queue.spec["Attributes"], **wished}
            if not attributes.get("RedrivePolicy", "-"):
                del attributes["RedrivePolicy"]
            spec = {**queue.spec, "Attributes": attributes, "ModifiedMs": self._now_ms()}
            self._queues.change(connection, queue.name, queue.relation, spec)
        return {}

    def get_queue_attributes(self, connection: Connection, body: Body) -> Body:
        """GetQueueAttributes."""
        queue = self._need(connection, body)
        wished = set(body.get("AttributeNames") or ())
        unknown = wished - RANGES.keys() - KEPT_AS_GIVEN - {*SHOWN_ALWAYS, *COUNTS, "All"}
        if unknown:
            raise CloudError("InvalidAttributeName", f"Unknown Attribute {sorted(unknown)[0]}.")
        shown: dict[str, Any] = {name: default for name, (_, _, default) in RANGES.items()}
        shown.update(queue.spec["Attributes"])
        shown["QueueArn"] = ARN_HEAD + queue.name
        shown["CreatedTimestamp"] = queue.spec["CreatedMs"] // 1000
        shown["LastModifiedTimestamp"] = queue.spec["ModifiedMs"] // 1000
        if "All" in wished or not wished.isdisjoint(COUNTS):
            shown.update(zip(COUNTS, self._counts(connection, queue), strict=True))
        chosen = shown if "All" in wished else {name: shown[name] for name in wished & shown.keys()}
        return {"Attributes": {name: str(value) for name, value in chosen.items()}} if chosen else {}

    def get_queue_url(self, connection: Connection, body: Body) -> Body:
        """GetQueueUrl."""
        name = body.get("QueueName") or ""
        if self._queues.find(connection, name) is None:
            raise no_queue()
        return {"QueueUrl": URL_HEAD + name}

    def list_queues(self, connection: Connection, body: Body) -> Body:
        """ListQueues."""
        limit = body.get("MaxResults") or LIST_MAX
        prefix, after = body.get("QueueNamePrefix") or "", body.get("NextToken") or ""
        names = self._queues.names(connection, prefix, after)
        answer: Body = {"QueueUrls": [URL_HEAD + name for name in names[:limit]]} if names else {}
        if len(names) > limit and body.get("MaxResults"):
            answer["NextToken"] = names[limit - 1]
        return answer

    def delete_queue(self, connection: Connection, body: Body) -> Body:
        """DeleteQueue with everything in it."""
        with self._store.transaction(connection):
            queue = self._need(connection, body)
            self._queues.remove(connection, queue.name, queue.relation)
        return {}

    def purge_queue(self, connection: Connection, body: Body) -> Body:
        """PurgeQueue."""
        connection.execute(f"DELETE FROM {self._need(connection, body).relation}")
        return {}

    def expire(self, connection: Connection) -> int:
        """Delete the messages past their retention; return how many."""
        deleted = 0
        for name in self._queues.names(connection):
            queue = self._queues.read(connection, name)
            if queue is not None:
                too_old = (self._now_ms() - queue.retention_ms,)
                if connection.execute(f"SELECT 1 FROM {queue.relation} WHERE sent_at <= ?", too_old).fetchone():
                    deleted += connection.execute(f"DELETE FROM {queue.relation} WHERE sent_at <= ?", too_old).rowcount
        return deleted

    def oldest_s(self, connection: Connection, name: str) -> float | None:
        """Tell the age of the oldest message of a queue, one in flight included, one not yet shown left out."""
        queue = self._queues.find(connection, name)
        if queue is None:
            return None
        (sent_at,) = connection.execute(
            f"SELECT min(sent_at) FROM {queue.relation} WHERE visible_at <= ?1 OR receives > 0", (self._now_ms(),)
        ).fetchone()
        return None if sent_at is None else max(0.0, (self._now_ms() - sent_at) / 1000)

    def release(self, connection: Connection) -> int:
        """Show again every message a receiver holds; return how many. Only right when no receiver is left."""
        released = 0
        for name in self._queues.names(connection):
            queue = self._queues.read(connection, name)
            if queue is not None:
                held = f"UPDATE {queue.relation} SET visible_at = ?1 WHERE receives > 0 AND visible_at > ?1"
                released += connection.execute(held, (self._now_ms(),)).rowcount
        return released

    def _counts(self, connection: Connection, queue: Queue) -> tuple[int, int, int]:
        now = self._now_ms()
        total, visible, delayed = connection.execute(
            f"SELECT count(*), coalesce(sum(visible_at <= ?1), 0), "
            f"coalesce(sum(visible_at > ?1 AND receives = 0), 0) FROM {queue.relation} WHERE sent_at > ?2",
            (now, now - queue.retention_ms),
        ).fetchone()
        return visible, total - visible - delayed, delayed

    def _need(self, connection: Connection, body: Body) -> Queue:
        return need_queue(self._queues, connection, body, fresh=True)


def need_queue(queues: Catalog[Queue], connection: Connection, body: Body, *, fresh: bool = False) -> Queue:
    """Find the queue a request names by its address; fresh reads its attributes anew."""
    url = body.get("QueueUrl")
    if not url:
        raise missing("QueueUrl")
    name = url.rpartition("/")[2]
    queue = queues.read(connection, name) if fresh else queues.find(connection, name)
    if queue is None:
        raise no_queue()
    return queue


def name_in_arn(arn: str) -> str:
    """Give the queue name at the end of an ARN."""
    return arn.rpartition(":")[2]


def _check_name(name: str, attributes: dict[str, str]) -> None:
    if name.endswith(".fifo") or "FifoQueue" in attributes:
        raise CloudError("UnsupportedOperation", "FIFO queues are not supported here.")
    if not 1 <= len(name) <= NAME_MAX or not name.replace("-", "").replace("_", "").isalnum() or not name.isascii():
        raise bad_parameter("Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length")


def _check_attributes(attributes: dict[str, str]) -> None:
    for name, text in attributes.items():
        if name in RANGES:
            low, high, _ = RANGES[name]
            if not str(text).isdigit() or not low <= int(text) <= high:
                raise _bad_value(name)
        elif name not in KEPT_AS_GIVEN:
            raise CloudError("InvalidAttributeName", f"Unknown Attribute {name}.")
        elif name == "RedrivePolicy" and text:
            _check_redrive(text)


def _check_redrive(text: str) -> None:
    try:
        policy = orjson.loads(text)
        is_right = bool(policy["deadLetterTargetArn"]) and 1 <= int(policy["maxReceiveCount"]) <= RECEIVES_MAX
    except (ValueError, KeyError, TypeError):
        is_right = False
    if not is_right:
        raise _bad_value("RedrivePolicy")


def _refuse_difference(queue: Queue, wished: dict[str, str]) -> None:
    for name, text in wished.items():
        default = RANGES[name][2] if name in RANGES else ""
        if str(queue.spec["Attributes"].get(name, default)) != str(text):
            raise CloudError(
                "QueueNameExists",
                f"A queue already exists with the same name and a different value for attribute {name}",
            )


def _bad_value(name: str) -> CloudError:
    return CloudError("InvalidAttributeValue", f"Invalid value for the parameter {name}.")

"""The local cloud: DynamoDB and SQS inside the process, on one SQLite file that several processes may share.

Botocore clients are used unmodified; `LocalCloud.attach` answers their requests before they are sent. What is
acknowledged survives the death of the process. Not supported: Scan, PartiQL, streams, FIFO queues.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from infra.local.cloud.catalog import Catalog
from infra.local.cloud.checkpoints import Checkpoints
from infra.local.cloud.direct import Shortcut
from infra.local.cloud.dynamodb.batches import Batches
from infra.local.cloud.dynamodb.query import Queries, scan
from infra.local.cloud.dynamodb.schema import Table
from infra.local.cloud.dynamodb.single import SingleItems
from infra.local.cloud.dynamodb.tables import Tables
from infra.local.cloud.dynamodb.transactions import Transactions
from infra.local.cloud.sqs.bell import Bell
from infra.local.cloud.sqs.queues import Queue, Queues
from infra.local.cloud.sqs.receiving import Receiving
from infra.local.cloud.sqs.sending import Sending
from infra.local.cloud.store import Connection, Store
from infra.local.cloud.wire import Fault, FaultHook, Operation, Service

__all__ = ["Fault", "LocalCloud"]


def system_now_ms() -> int:
    """Tell the time."""
    return time.time_ns() // 1_000_000


class LocalCloud:
    """DynamoDB and SQS on the file at path; now_ms is their clock."""

    def __init__(self, path: Path, *, now_ms: Callable[[], int] = system_now_ms) -> None:
        self._store = Store(path)
        self._checkpoints = Checkpoints(self._store)
        tables = Catalog(self._store, "table", Table)
        queues = Catalog(self._store, "queue", Queue)
        self._tables = Tables(self._store, tables, now_ms)
        self._transactions = Transactions(self._store, tables, now_ms)
        self._queues = Queues(self._store, queues, now_ms)
        self._bell = Bell(self._version, lambda name: self._receiving.due_at(name), now_ms)
        self._receiving = Receiving(self._store, queues, self._bell, now_ms)
        sending = Sending(queues, self._bell, now_ms)
        single, batches = SingleItems(self._store, tables), Batches(self._store, tables)
        self._services = {
            "dynamodb": Service(
                "com.amazonaws.dynamodb.v20120810",
                self._operations(
                    GetItem=single.get_item,
                    PutItem=single.put_item,
                    UpdateItem=single.update_item,
                    DeleteItem=single.delete_item,
                    Query=Queries(tables).query,
                    Scan=scan,
                    BatchGetItem=batches.batch_get_item,
                    BatchWriteItem=batches.batch_write_item,
                    TransactWriteItems=self._transactions.transact_write_items,
                    TransactGetItems=self._transactions.transact_get_items,
                    CreateTable=self._tables.create_table,
                    DescribeTable=self._tables.describe_table,
                    DeleteTable=self._tables.delete_table,
                    ListTables=self._tables.list_tables,
                    UpdateTimeToLive=self._tables.update_time_to_live,
                    DescribeTimeToLive=self._tables.describe_time_to_live,
                ),
                "ProvisionedThroughputExceededException",
                is_query=False,
            ),
            "sqs": Service(
                "com.amazonaws.sqs",
                self._operations(
                    SendMessage=sending.send_message,
                    SendMessageBatch=sending.send_message_batch,
                    ReceiveMessage=self._receiving.receive_message,
                    DeleteMessage=self._receiving.delete_message,
                    DeleteMessageBatch=self._receiving.delete_message_batch,
                    ChangeMessageVisibility=self._receiving.change_message_visibility,
                    ChangeMessageVisibilityBatch=self._receiving.change_message_visibility_batch,
                    StartMessageMoveTask=self._receiving.start_message_move_task,
                    CreateQueue=self._queues.create_queue,
                    DeleteQueue=self._queues.delete_queue,
                    PurgeQueue=self._queues.purge_queue,
                    GetQueueUrl=self._queues.get_queue_url,
                    GetQueueAttributes=self._queues.get_queue_attributes,
                    SetQueueAttributes=self._queues.set_queue_attributes,
                    ListQueues=self._queues.list_queues,
                ),
                "RequestThrottled",
                is_query=True,
            ),
        }

    @property
    def fault(self) -> FaultHook | None:
        """The hook which may make a call go wrong: given operation and request, it names a fault or None."""
        return self._services["dynamodb"].fault

    @fault.setter
    def fault(self, hook: FaultHook | None) -> None:
        for service in self._services.values():
            service.fault = hook

    def attach(self, client: Any, *, direct: bool = False) -> None:
        """Answer this botocore client's requests (DynamoDB or SQS; it may be unsigned).

        direct takes the shorter way through botocore, which costs less than half but knows no retries.
        """
        name = client.meta.service_model.service_name
        service = self._services[name]
        if direct:
            client._ruleset_resolver = None  # 40 us a call to find an address that nobody connects to
            client.meta.events.register(f"before-call.{name}", Shortcut(service).answer)
        else:
            client.meta.events.register(f"before-send.{name}", service.answer)

    def expire(self) -> int:
        """Delete items past their time to live, messages past their retention, old tokens; return how many items."""
        self._store.run(self._queues.expire)
        self._store.run(self._transactions.forget_tokens)
        return self._store.run(self._tables.expire)

    def release_in_flight(self) -> int:
        """Show again what receivers that died hold; return how many messages. Call it when none is left."""
        return self._store.run(self._queues.release)

    def oldest_s(self, names: list[str]) -> dict[str, float]:
        """Tell of each queue that holds anything how old its oldest message is."""
        ages = {
            name: self._store.run(lambda connection, name=name: self._queues.oldest_s(connection, name))
            for name in names
        }
        return {name: age for name, age in ages.items() if age is not None}

    def close(self) -> None:
        """Send waiting receivers home and close the file."""
        self._bell.close()
        self._checkpoints.close()
        self._store.close()

    def _operations(self, **methods: Callable[..., Any]) -> dict[str, Operation]:
        run = self._store.run

        def bound(method: Callable[..., Any]) -> Operation:
            return lambda body, **options: run(method, body, **options)

        return {name: bound(method) for name, method in methods.items()}

    def _version(self) -> int:
        return self._store.run(_read_version)


def _read_version(connection: Connection) -> int:
    version: int = connection.execute("PRAGMA data_version").fetchone()[0]
    return version

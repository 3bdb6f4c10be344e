"""Counts what is asked of tables and queues."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from botocore.client import BaseClient

from chalicelib.durable.counts import MARK

WRITES = ("PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems")
SENDS = ("SendMessage", "SendMessageBatch")
READS = ("GetItem", "BatchGetItem", "Query")


@contextmanager
def counting() -> Iterator[Counter[str]]:
    """Count writes row for row, calls that read, and sends; what fails counts too, and sums of workspaces apart."""
    calls: Counter[str] = Counter()
    made = BaseClient._make_api_call

    def count(client: Any, operation: str, request: Any) -> Any:
        if operation == "UpdateItem" and MARK in request["Key"]["pk"]["S"]:
            calls["sums"] += 1  # of what happened, which a whole batch shares
        elif operation in WRITES:
            rows = sum(len(found) for found in request.get("RequestItems", {}).values())
            calls["writes"] += rows + len(request.get("TransactItems", ())) or 1
        elif operation in SENDS:
            calls["sends"] += 1
        elif operation in READS:
            calls["reads"] += 1
        return made(client, operation, request)

    with mock.patch.object(BaseClient, "_make_api_call", count):
        yield calls

"""TransactWriteItems and TransactGetItems: all or nothing, and once per client token."""

from hashlib import blake2b
from typing import Any

import orjson

from infra.local.cloud.catalog import Catalog
from infra.local.cloud.dynamodb import capacity
from infra.local.cloud.dynamodb.requests import Body, Placeholders, table_of
from infra.local.cloud.dynamodb.schema import Table
from infra.local.cloud.dynamodb.writes import (
    Change,
    Check,
    ConditionFailed,
    Delete,
    Put,
    Write,
    attempt,
    checked_key,
)
from infra.local.cloud.errors import CloudError, invalid
from infra.local.cloud.store import Connection, Store

ITEMS_MAX = 100
BYTES_MAX = 4 * 1024 * 1024
TOKEN_MS = 10 * 60 * 1000
TOKEN_LENGTH_MAX = 36
ACTIONS: dict[str, Any] = {"Put": Put, "Update": Change, "Delete": Delete, "ConditionCheck": Check}


class Transactions:
    """The transaction operations; now_ms ages the client tokens."""

    def __init__(self, store: Store, tables: Catalog[Table], now_ms: Any) -> None:
        self._store = store
        self._tables = tables
        self._now_ms = now_ms

    def transact_write_items(self, connection: Connection, body: Body) -> bytes:
        """TransactWriteItems."""
        writes = [self._prepare(connection, entry) for entry in _entries(body)]
        # Only now: preparing has brought every value into its one form.
        digest = blake2b(orjson.dumps(body, option=orjson.OPT_SORT_KEYS), digest_size=16).digest()
        places = {(write.table.relation, write.key) for write in writes}
        if len(places) != len(writes):
            raise invalid("Transaction request cannot include multiple operations on one item")
        token = body.get("ClientRequestToken")
        if token is not None and not 1 <= len(token) <= TOKEN_LENGTH_MAX:
            raise invalid(
                f"1 validation error detected: Value '{token}' at 'clientRequestToken' failed to satisfy constraint: "
                f"Member must have length less than or equal to {TOKEN_LENGTH_MAX}"
            )
        used: dict[str, float] = {}
        with self._store.transaction(connection):
            if token is not None and self._seen(connection, token, digest):
                return b"{}"
            _apply_all(connection, writes, used)
        if not capacity.wanted(body):
            return b"{}"
        return orjson.dumps({"ConsumedCapacity": [capacity.shown(body, name, {"": n}) for name, n in used.items()]})

    def transact_get_items(self, connection: Connection, body: Body) -> bytes:
        """TransactGetItems: all from one state."""
        entries = _entries(body)
        reads = []
        for entry in entries:
            request = entry.get("Get") or {}
            table = table_of(self._tables, connection, request)
            placeholders = Placeholders(request)
            projection = placeholders.projection()
            placeholders.finish()
            reads.append((table, checked_key(table, request), projection))
        if len({(table.relation, key) for table, key, _ in reads}) != len(reads):
            raise invalid("Transaction request cannot include multiple operations on one item")
        connection.execute("BEGIN")
        try:
            rows = [connection.execute(table.sql_get, key).fetchone() for table, key, _ in reads]
        finally:
            connection.execute("COMMIT")
        if sum(row[1] for row in rows if row) > BYTES_MAX:
            raise invalid("The combined size of all items in a transaction exceeds 4 MB")
        answers = []
        for row, (_, _, projection) in zip(rows, reads, strict=True):
            if row is None:
                answers.append(b"{}")
            else:
                text = row[0] if projection is None else orjson.dumps(projection.of(orjson.loads(row[0])))
                answers.append(b'{"Item":' + text + b"}")
        return b'{"Responses":[' + b",".join(answers) + b"]}"

    def forget_tokens(self, connection: Connection) -> int:
        """Delete the tokens which are too old to matter."""
        return connection.execute("DELETE FROM token WHERE at_ms <= ?", (self._now_ms() - TOKEN_MS,)).rowcount

    def _prepare(self, connection: Connection, entry: Body) -> Write:
        if len(entry) != 1 or (action := next(iter(entry))) not in ACTIONS:
            raise invalid("TransactItems can only contain one of Check, Put, Update or Delete")
        request = entry[action]
        write: Write = ACTIONS[action](table_of(self._tables, connection, request), request)
        return write

    def _seen(self, connection: Connection, token: str, digest: bytes) -> bool:
        """Whether this very request was done in the last ten minutes; remember it if not."""
        now = self._now_ms()
        row = connection.execute("SELECT digest, at_ms FROM token WHERE token = ?", (token,)).fetchone()
        if row is not None and row[1] > now - TOKEN_MS:
            if row[0] != digest:
                raise CloudError(
                    "IdempotentParameterMismatchException",
                    "Operation performed with same idempotent token but different parameters",
                )
            return True
        connection.execute("REPLACE INTO token (token, digest, at_ms) VALUES (?, ?, ?)", (token, digest, now))
        return False


def _entries(body: Body) -> list[Any]:
    entries = body.get("TransactItems") or []
    if not 1 <= len(entries) <= ITEMS_MAX:
        raise invalid(
            "1 validation error detected: Value '[...]' at 'transactItems' failed to satisfy constraint: Member must "
            f"have length {f'less than or equal to {ITEMS_MAX}' if entries else 'greater than or equal to 1'}"
        )
    return entries


def _apply_all(connection: Connection, writes: list[Write], used: dict[str, float]) -> None:
    """Apply every write, or raise the cancellation that tells about each."""
    reasons: list[dict[str, Any]] = []
    size = 0
    for write in writes:
        reason: dict[str, Any] = {"Code": "None"}
        try:
            applied = attempt(connection, write)
            if applied is None:
                raise RuntimeError("an item changed under the write lock")
            name = write.table.name
            used[name] = used.get(name, 0.0) + 2 * sum(capacity.write_units(write.table, applied).values())
            size += applied.new_size
        except ConditionFailed as failure:
            reason = {"Code": "ConditionalCheckFailed", "Message": "The conditional request failed"}
            if write.shows_old and failure.item is not None:
                reason["Item"] = failure.item
        except CloudError as error:
            if error.code != "ValidationException":
                raise
            reason = {"Code": "ValidationError", "Message": error.message}
        reasons.append(reason)
    if size > BYTES_MAX:
        raise invalid("Collection size of items in the transaction exceeds 4 MB")
    codes = [reason["Code"] for reason in reasons]
    if any(code != "None" for code in codes):
        raise CloudError(
            "TransactionCanceledException",
            f"Transaction cancelled, please refer cancellation reasons for specific reasons [{', '.join(codes)}]",
            extra={"CancellationReasons": reasons},
        )

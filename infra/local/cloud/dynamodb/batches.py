"""BatchGetItem and BatchWriteItem: many independent items in one call."""

from collections.abc import Iterator
from typing import Any

import orjson

from infra.local.cloud.catalog import Catalog
from infra.local.cloud.dynamodb import capacity
from infra.local.cloud.dynamodb.requests import Body, Placeholders, table_of
from infra.local.cloud.dynamodb.schema import Key, Table
from infra.local.cloud.dynamodb.writes import Delete, Put, checked_key
from infra.local.cloud.errors import CloudError, invalid
from infra.local.cloud.store import Connection, Store

READS_MAX = 100
WRITES_MAX = 25
ANSWER_BYTES_MAX = 16 * 1024 * 1024
REQUEST_BYTES_MAX = 16 * 1024 * 1024


class Batches:
    """The batch operations. The fault "unprocessed" makes them leave the second half undone."""

    def __init__(self, store: Store, tables: Catalog[Table]) -> None:
        self._store = store
        self._tables = tables

    def batch_get_item(self, connection: Connection, body: Body, *, skips: bool = False) -> bytes:
        """BatchGetItem."""
        requests = _request_items(body)
        total = sum(len(request.get("Keys") or ()) for request in requests.values())
        if not total:
            raise invalid(
                "1 validation error detected: Value '{}' at 'requestItems' failed to satisfy constraint: "
                "Member must have length greater than or equal to 1"
            )
        if total > READS_MAX:
            raise invalid("Too many items requested for the BatchGetItem call")
        reads = list(self._reads(connection, requests))
        allowed = total // 2 if skips else total
        found: dict[str, list[bytes]] = {name: [] for name in requests}
        used: dict[str, float] = {}
        unread: Body = {}
        size = 0
        for number, (name, table, placeholders, key, encoded) in enumerate(reads):
            row = connection.execute(table.sql_get, encoded).fetchone() if number < allowed else None
            size += row[1] if row else 0
            if number >= allowed or size > ANSWER_BYTES_MAX:
                allowed = number
                rest = {member: value for member, value in requests[name].items() if member != "Keys"}
                unread.setdefault(name, {**rest, "Keys": []})["Keys"].append(key)
                continue
            consistent = bool(requests[name].get("ConsistentRead"))
            used[name] = used.get(name, 0) + capacity.read_units(row[1] if row else 0, consistent=consistent)
            if row:
                found[name].append(placeholders.shown(row[0]))
        answers = b",".join(orjson.dumps(name) + b":[" + b",".join(texts) + b"]" for name, texts in found.items())
        return (
            b'{"Responses":{' + answers + b'},"UnprocessedKeys":' + orjson.dumps(unread) + _capacity(body, used) + b"}"
        )

    def batch_write_item(self, connection: Connection, body: Body, *, skips: bool = False) -> bytes:
        """BatchWriteItem: at most two statements for each table."""
        requests = _request_items(body)
        total = sum(len(entries) for entries in requests.values())
        if not total or total > WRITES_MAX:
            raise invalid(
                f"1 validation error detected: Value '{{...}}' at 'requestItems' failed to satisfy constraint: Member "
                f"must have length {'less than or equal to 25' if total else 'greater than or equal to 1'}"
            )
        work = [(self._table(connection, name), entries) for name, entries in requests.items()]
        prepared = [(table, _prepare(table, entries)) for table, entries in work]
        allowed = total // 2 if skips else total
        undone: dict[str, list[Any]] = {}
        used: dict[str, float] = {}
        for (table, writes), entries in zip(prepared, requests.values(), strict=True):
            if len(writes) > allowed:
                undone[table.name] = entries[allowed:]
            done = writes[:allowed]
            allowed -= len(done)
            used[table.name] = sum(max(1, -(-write.size // 1024)) if isinstance(write, Put) else 1 for write in done)
            _write(connection, table, done)
        return b'{"UnprocessedItems":' + orjson.dumps(undone) + _capacity(body, used) + b"}"

    def _table(self, connection: Connection, name: str) -> Table:
        return table_of(self._tables, connection, {"TableName": name})

    def _reads(
        self, connection: Connection, requests: dict[str, Body]
    ) -> "Iterator[tuple[str, Table, _Shown, Body, Key]]":
        for name, request in requests.items():
            table = table_of(self._tables, connection, {**request, "TableName": name})
            shown = _Shown(request)
            met = set()
            for key in request["Keys"]:
                encoded = checked_key(table, {"Key": key})
                if encoded in met:
                    raise invalid("Provided list of item keys contains duplicates")
                met.add(encoded)
                yield name, table, shown, key, encoded


class _Shown:
    """How the items of one table are shown."""

    def __init__(self, request: Body) -> None:
        placeholders = Placeholders(request)
        self._projection = placeholders.projection()
        placeholders.finish()

    def shown(self, text: bytes) -> bytes:
        return text if self._projection is None else orjson.dumps(self._projection.of(orjson.loads(text)))


def _request_items(body: Body) -> Any:
    requests = body.get("RequestItems")
    if not requests:
        raise invalid(
            "1 validation error detected: Value '{}' at 'requestItems' failed to satisfy constraint: "
            "Member must have length greater than or equal to 1"
        )
    return requests


def _prepare(table: Table, entries: list[Any]) -> list[Put | Delete]:
    writes: list[Put | Delete] = []
    met = set()
    size = 0
    for entry in entries:
        if len(entry) != 1:
            raise invalid("Supplied AttributeValue has more than one datatypes set, must contain exactly one")
        write: Put | Delete
        if "PutRequest" in entry:
            write = Put(table, {"Item": entry["PutRequest"].get("Item")})
            size += write.size
        else:
            write = Delete(table, {"Key": entry["DeleteRequest"].get("Key")})
        if write.key in met:
            raise invalid("Provided list of item keys contains duplicates")
        met.add(write.key)
        writes.append(write)
    if size > REQUEST_BYTES_MAX:
        raise CloudError("ValidationException", "The batch exceeds 16 MB")
    return writes


def _write(connection: Connection, table: Table, writes: list[Put | Delete]) -> None:
    rows: list[Any] = []
    keys: list[bytes] = []
    for write in writes:
        if isinstance(write, Put):
            rows += (*write.key, orjson.dumps(write.item), write.size, *table.derived_of(write.item))
        else:
            keys += write.key
    if rows:
        count = len(rows) // (4 + len(table.columns))
        connection.execute(table.sql_put_head + ", ".join([table.row_values] * count), rows)
    if keys:
        pairs = " OR ".join(["(pk = ? AND sk = ?)"] * (len(keys) // 2))
        connection.execute(f"DELETE FROM {table.relation} WHERE {pairs}", keys)


def _capacity(body: Body, used: dict[str, float]) -> bytes:
    if not capacity.wanted(body):
        return b""
    return b',"ConsumedCapacity":' + orjson.dumps([capacity.shown(body, name, {"": n}) for name, n in used.items()])

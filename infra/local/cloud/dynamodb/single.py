"""GetItem, PutItem, UpdateItem, DeleteItem."""

import orjson

from infra.local.cloud.catalog import Catalog
from infra.local.cloud.dynamodb import capacity
from infra.local.cloud.dynamodb.requests import Body, Placeholders, choice, table_of
from infra.local.cloud.dynamodb.schema import Table
from infra.local.cloud.dynamodb.writes import (
    Applied,
    Change,
    ConditionFailed,
    Delete,
    Put,
    Write,
    attempt,
    checked_key,
    condition_error,
)
from infra.local.cloud.errors import invalid
from infra.local.cloud.expressions.projections import choose
from infra.local.cloud.store import Connection, Store

SWAP_ATTEMPTS = 6
UPDATE_RETURNS = ("NONE", "ALL_OLD", "ALL_NEW", "UPDATED_OLD", "UPDATED_NEW")


class SingleItems:
    """The operations on one item."""

    def __init__(self, store: Store, tables: Catalog[Table]) -> None:
        self._store = store
        self._tables = tables

    def get_item(self, connection: Connection, body: Body) -> bytes:
        """GetItem: the stored text is the answer, unless a projection asks for less."""
        table = table_of(self._tables, connection, body)
        placeholders = Placeholders(body)
        projection = placeholders.projection()
        placeholders.finish()
        row = connection.execute(table.sql_get, checked_key(table, body)).fetchone()
        tail = b"}"
        if capacity.wanted(body):
            units = capacity.read_units(row[1] if row else 0, consistent=bool(body.get("ConsistentRead")))
            used = orjson.dumps(capacity.shown(body, table.name, {"": units}))
            tail = (b',"ConsumedCapacity":' if row else b'"ConsumedCapacity":') + used + b"}"
        if row is None:
            return b"{" + tail
        text = row[0] if projection is None else orjson.dumps(projection.of(orjson.loads(row[0])))
        return b'{"Item":' + text + tail

    def put_item(self, connection: Connection, body: Body) -> bytes:
        """PutItem; one statement if neither condition nor old item matters."""
        table = table_of(self._tables, connection, body)
        write = Put(table, body)
        returns = _old_or_none(body)
        if write.condition is None and returns == "NONE" and not capacity.wanted(body):
            row = (*write.key, orjson.dumps(write.item), write.size, *table.derived_of(write.item))
            connection.execute(table.sql_put, row)
            return b"{}"
        return self._answer(body, write, self._apply(connection, write), returns)

    def delete_item(self, connection: Connection, body: Body) -> bytes:
        """DeleteItem; one statement if neither condition nor old item matters."""
        table = table_of(self._tables, connection, body)
        write = Delete(table, body)
        returns = _old_or_none(body)
        if write.condition is None and returns == "NONE" and not capacity.wanted(body):
            connection.execute(table.sql_delete, write.key)
            return b"{}"
        return self._answer(body, write, self._apply(connection, write), returns)

    def update_item(self, connection: Connection, body: Body) -> bytes:
        """UpdateItem."""
        table = table_of(self._tables, connection, body)
        write = Change(table, body)
        returns = choice(body, "ReturnValues", UPDATE_RETURNS)
        return self._answer(body, write, self._apply(connection, write), returns)

    def _apply(self, connection: Connection, write: Write) -> Applied:
        """Repeat until nothing came in between; after a few times, lock first."""
        try:
            for _ in range(SWAP_ATTEMPTS):
                applied = attempt(connection, write)
                if applied is not None:
                    return applied
            with self._store.transaction(connection):
                applied = attempt(connection, write)
        except ConditionFailed as failure:
            raise condition_error(write, failure.item) from None
        if applied is None:
            raise RuntimeError("an item changed under the write lock")
        return applied

    def _answer(self, body: Body, write: Write, applied: Applied, returns: str) -> bytes:
        parts = []
        attributes = _returned(write, applied, returns)
        if attributes:
            parts.append(b'"Attributes":' + attributes)
        if capacity.wanted(body):
            units = capacity.write_units(write.table, applied)
            parts.append(b'"ConsumedCapacity":' + orjson.dumps(capacity.shown(body, write.table.name, units)))
        return b"{" + b",".join(parts) + b"}"


def _returned(write: Write, applied: Applied, returns: str) -> bytes | None:
    if returns == "NONE":
        return None
    if returns == "ALL_OLD":
        return applied.old_text
    if returns == "ALL_NEW":
        return applied.new_text
    item = applied.old if returns == "UPDATED_OLD" else applied.new
    update = write.update if isinstance(write, Change) else None
    touched = choose(item, update.tree) if item and update else None
    return orjson.dumps(touched) if touched else None


def _old_or_none(body: Body) -> str:
    returns = choice(body, "ReturnValues", UPDATE_RETURNS)
    if returns not in ("NONE", "ALL_OLD"):
        raise invalid("ReturnValues can only be ALL_OLD or NONE")
    return returns

"""Query: a partition of a table or an index, page by page."""

from dataclasses import dataclass
from typing import Any

import orjson

from infra.local.cloud.catalog import Catalog
from infra.local.cloud.dynamodb import capacity
from infra.local.cloud.dynamodb.ranges import Bounds, bounds_of
from infra.local.cloud.dynamodb.requests import Body, Placeholders, choice, table_of
from infra.local.cloud.dynamodb.schema import Index, KeySchema, Table
from infra.local.cloud.errors import CloudError, constraint, invalid
from infra.local.cloud.expressions.conditions import Condition
from infra.local.cloud.expressions.projections import Projection
from infra.local.cloud.items import Item, Value, key_bytes, measure, measure_item
from infra.local.cloud.store import Connection

PAGE_BYTES = 1024 * 1024
CHUNK_ITEMS = 100
CHUNK_ITEMS_MAX = 1000
SELECTS = ("", "ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES", "SPECIFIC_ATTRIBUTES", "COUNT")


@dataclass(slots=True)
class Page:
    """What one request read: item texts in order, their size, and whether more may follow."""

    texts: list[bytes]
    size_bytes: int
    has_more: bool


@dataclass(slots=True)
class View:
    """How read items are shown: filtered, cut down, or only counted."""

    filter: Condition | None
    values: dict[str, Value]
    attributes: frozenset[str] | None
    projection: Projection | None
    counts_only: bool

    @property
    def is_plain(self) -> bool:
        """Whether stored texts can be answered as they are."""
        return self.filter is None and self.attributes is None and self.projection is None

    def items(self, texts: list[bytes]) -> list[Item]:
        """Filter and cut down the items in these texts."""
        items: list[Item] = orjson.loads(b"[" + b",".join(texts) + b"]")
        if self.attributes is not None:
            kept = self.attributes
            items = [{name: value for name, value in item.items() if name in kept} for item in items]
        if self.filter is not None:
            holds, values = self.filter.holds, self.values
            items = [item for item in items if holds(item, values)]
        return items if self.projection is None else [self.projection.of(item) for item in items]


class Queries:
    """The Query operation."""

    def __init__(self, tables: Catalog[Table]) -> None:
        self._tables = tables

    def query(self, connection: Connection, body: Body) -> bytes:
        """Query."""
        table = table_of(self._tables, connection, body)
        index = _index_of(table, body)
        keys: KeySchema = index or table.keys
        placeholders = Placeholders(body)
        key_condition = placeholders.key_condition()
        view = _view(table, index, placeholders, body)
        placeholders.finish()
        hash_term, range_term = key_condition.split(keys.hash_name, keys.range_name)
        bounds = bounds_of(keys, hash_term, range_term, placeholders.values)
        start = _start_key(table, index, body.get("ExclusiveStartKey"), bounds)
        limit = body.get("Limit")
        if limit is not None and limit < 1:
            raise constraint(limit, "limit", "have value greater than or equal to 1")
        is_forward = body.get("ScanIndexForward") is not False
        page = _read(connection, table, index, _Selection(bounds, start, is_forward), limit)
        return _answer(table, index, body, view, page)


@dataclass(slots=True)
class _Selection:
    bounds: Bounds
    start: tuple[bytes, ...] | None
    is_forward: bool

    def sql(self, table: Table, index: Index | None) -> tuple[str, list[Any]]:
        """Write the statement that reads the next items as one row, and its parameters but the limit."""
        bounds = self.bounds
        if index is None:
            hash_column, range_column, order = "pk", "sk", ["sk"]
        else:
            hash_column, range_column = index.hash_column, index.range_column
            order = [range_column, "pk", "sk"]
        where, parameters = [f"{hash_column} = ?"], [bounds.partition]
        # The start key is the tighter bound on its side; two bounds there would let SQLite pick the wider one.
        if bounds.lower is not None and not (self.start and self.is_forward):
            where.append(f"{range_column} {'>=' if bounds.lower_included else '>'} ?")
            parameters.append(bounds.lower)
        if bounds.upper is not None and not (self.start and not self.is_forward):
            where.append(f"{range_column} {'<=' if bounds.upper_included else '<'} ?")
            parameters.append(bounds.upper)
        if self.start:
            sign = ">" if self.is_forward else "<"
            where.append(f"({', '.join(order)}) {sign} ({', '.join('?' * len(order))})")
            parameters += self.start[-len(order) :]
        direction = "" if self.is_forward else " DESC"
        ordering = ", ".join(column + direction for column in order)
        inner = f"SELECT item, size FROM {table.relation} WHERE {' AND '.join(where)} ORDER BY {ordering} LIMIT ?"
        # One row for all items: every row costs a hand-over of the interpreter lock. JSON texts hold no line feed.
        return f"SELECT CAST(group_concat(item, x'0a') AS BLOB), sum(size), count(*) FROM ({inner})", parameters


def _read(connection: Connection, table: Table, index: Index | None, selection: _Selection, limit: int | None) -> Page:
    page = Page([], 0, False)
    wanted = limit or 1 << 60
    chunk = CHUNK_ITEMS
    while True:
        sql, parameters = selection.sql(table, index)
        asked = min(chunk, wanted - len(page.texts))
        joined, size, count = connection.execute(sql, (*parameters, asked)).fetchone()
        if not count:
            return page
        texts = joined.split(b"\n")
        if page.size_bytes + size > PAGE_BYTES:
            _fill(page, texts)
            page.has_more = True
            return page
        page.texts += texts
        page.size_bytes += size
        if len(page.texts) == wanted:
            page.has_more = True
            return page
        if count < asked:
            return page
        average = page.size_bytes // len(page.texts) + 1
        chunk = min(CHUNK_ITEMS_MAX, (PAGE_BYTES - page.size_bytes) // average + 1)
        selection.start = _position(table, index, orjson.loads(texts[-1]))


def _fill(page: Page, texts: list[bytes]) -> None:
    """Take texts up to the end of the page; always at least one."""
    for text in texts:
        size = measure_item(orjson.loads(text))
        if page.texts and page.size_bytes + size > PAGE_BYTES:
            return
        page.texts.append(text)
        page.size_bytes += size


def _position(table: Table, index: Index | None, item: Item) -> tuple[bytes, ...]:
    pk, sk = table.key_in(item)
    if index is None:
        return pk, sk
    hash_bytes, range_bytes = index.key_of(item)
    return hash_bytes or b"", range_bytes or b"", pk, sk


def _start_key(table: Table, index: Index | None, key: Any, bounds: Bounds) -> tuple[bytes, ...] | None:
    if key is None:
        return None
    types = {**(index.types if index else {}), **table.keys.types}
    for value in key.values():
        measure(value)
    if key.keys() != types.keys():
        if len(key) != len(types):
            raise invalid("Exclusive Start Key must have same size as table's key schema")
        raise invalid("The provided starting key is invalid")
    if any(kind not in key[name] for name, kind in types.items()):
        raise invalid("The provided starting key is invalid: The provided key element does not match the schema")
    keys: KeySchema = index or table.keys
    range_bytes = key_bytes(key[keys.range_name]) if keys.range_name else b""
    if key_bytes(key[keys.hash_name]) != bounds.partition or not bounds.contain(range_bytes):
        raise invalid("The provided starting key is outside query boundaries based on provided conditions")
    return _position(table, index, key)


def _index_of(table: Table, body: Body) -> Index | None:
    name = body.get("IndexName")
    if name is None:
        return None
    index = table.indexes.get(name)
    if index is None:
        raise invalid(f"The table does not have the specified index: {name}")
    if body.get("ConsistentRead") and not index.is_local:
        raise invalid("Consistent reads are not supported on global secondary indexes")
    return index


def _view(table: Table, index: Index | None, placeholders: Placeholders, body: Body) -> View:
    filter_ = placeholders.condition("FilterExpression")
    projection = placeholders.projection()
    select = choice(body, "Select", SELECTS)
    if projection is not None and select not in ("", "SPECIFIC_ATTRIBUTES"):
        raise invalid(f"Cannot specify the ProjectionExpression when choosing to get {select}")
    if select == "SPECIFIC_ATTRIBUTES" and projection is None:
        raise invalid(
            "Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES"
        )
    if select == "ALL_PROJECTED_ATTRIBUTES" and index is None:
        raise invalid("ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName")
    keys: KeySchema = index or table.keys
    if filter_ is not None:
        for name in keys.types:
            if name in filter_.attributes:
                raise invalid(
                    f"Filter Expression can only contain non-primary key attributes: Primary key attribute: {name}"
                )
    attributes = _projected(table, index, select, projection)
    return View(filter_, placeholders.values, attributes, projection, select == "COUNT")


def _projected(table: Table, index: Index | None, select: str, projection: Projection | None) -> frozenset[str] | None:
    """Say which attributes an index holds, None for all."""
    if index is None or index.projection == "ALL":
        return None
    held = frozenset((*index.types, *table.keys.types, *index.included))
    if index.is_local and (select == "ALL_ATTRIBUTES" or projection is not None):
        return None
    if select == "ALL_ATTRIBUTES":
        raise invalid(
            "One or more parameter values were invalid: Select type ALL_ATTRIBUTES is not supported for global "
            f"secondary index {index.name} because its projection type is not ALL"
        )
    missing = projection.attributes - held if projection else frozenset()
    if missing:
        raise invalid(
            f"One or more parameter values were invalid: Global secondary index {index.name} does not project "
            f"[{', '.join(sorted(missing))}]"
        )
    return held


def _answer(table: Table, index: Index | None, body: Body, view: View, page: Page) -> bytes:
    if view.is_plain:
        shown, count = b",".join(page.texts), len(page.texts)
    else:
        items = view.items(page.texts)
        shown, count = orjson.dumps(items)[1:-1], len(items)
    parts = [] if view.counts_only else [b'"Items":[' + shown + b"]"]
    parts.append(b'"Count":%d,"ScannedCount":%d' % (count, len(page.texts)))
    if page.has_more:
        last: Item = orjson.loads(page.texts[-1])
        names = {**(index.types if index else {}), **table.keys.types}
        parts.append(b'"LastEvaluatedKey":' + orjson.dumps({name: last[name] for name in names}))
    if capacity.wanted(body):
        units = capacity.read_units(page.size_bytes, consistent=bool(body.get("ConsistentRead")))
        used = capacity.shown(body, table.name, {index.name if index else "": units})
        parts.append(b'"ConsumedCapacity":' + orjson.dumps(used))
    return b"{" + b",".join(parts) + b"}"


def scan(connection: Connection, body: Body) -> bytes:
    """Scan is refused: nothing in this project reads a whole table."""
    raise CloudError("ValidationException", "Scan is not supported here; give the access pattern a key or an index")

"""CreateTable, DescribeTable, DeleteTable, ListTables, UpdateTimeToLive, DescribeTimeToLive and the expiry sweep."""

from collections.abc import Callable
from typing import Any

import orjson

from infra.local.cloud.catalog import Catalog
from infra.local.cloud.dynamodb.requests import Body, check_table_name
from infra.local.cloud.dynamodb.schema import TTL_AGE_MAX_S, Table
from infra.local.cloud.errors import CloudError, constraint, invalid
from infra.local.cloud.store import Connection, Store

KEPT = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "LocalSecondaryIndexes", "BillingMode")
SWEEP_ROWS = 200
LIST_MAX = 100


class Tables:
    """The operations on whole tables."""

    def __init__(self, store: Store, tables: Catalog[Table], now_ms: Callable[[], int]) -> None:
        self._store = store
        self._tables = tables
        self._now_ms = now_ms

    def create_table(self, connection: Connection, body: Body) -> bytes:
        """CreateTable; the table is usable at once."""
        name = body.get("TableName")
        check_table_name(name)
        assert isinstance(name, str)  # noqa: S101
        _check_definition(body)
        spec = {member: body[member] for member in KEPT if body.get(member)}
        spec["CreatedMs"] = self._now_ms()
        with self._store.transaction(connection):
            if self._tables.read(connection, name) is not None:
                raise CloudError("ResourceInUseException", f"Table already exists: {name}")
            table = self._tables.add(connection, name, spec)
            for statement in table.definitions():
                connection.execute(statement)
        return orjson.dumps({"TableDescription": _description(table, 0, 0)})

    def describe_table(self, connection: Connection, body: Body) -> bytes:
        """DescribeTable."""
        table = self._need(connection, body)
        count, size = connection.execute(f"SELECT count(*), coalesce(sum(size), 0) FROM {table.relation}").fetchone()
        return orjson.dumps({"Table": _description(table, count, size)})

    def delete_table(self, connection: Connection, body: Body) -> bytes:
        """DeleteTable."""
        with self._store.transaction(connection):
            table = self._need(connection, body)
            self._tables.remove(connection, table.name, table.relation)
        return orjson.dumps({"TableDescription": {**_description(table, 0, 0), "TableStatus": "DELETING"}})

    def list_tables(self, connection: Connection, body: Body) -> bytes:
        """ListTables."""
        limit = body.get("Limit") or LIST_MAX
        names = self._tables.names(connection, after=body.get("ExclusiveStartTableName") or "")
        answer: Body = {"TableNames": names[:limit]}
        if len(names) > limit:
            answer["LastEvaluatedTableName"] = names[limit - 1]
        return orjson.dumps(answer)

    def update_time_to_live(self, connection: Connection, body: Body) -> bytes:
        """UpdateTimeToLive: the expiry of every item is computed anew."""
        wish = body.get("TimeToLiveSpecification") or {}
        if not wish.get("AttributeName"):
            raise constraint(None, "timeToLiveSpecification.attributeName", "not be null")
        with self._store.transaction(connection):
            table = self._need(connection, body)
            spec = {member: value for member, value in table.spec.items() if member != "TtlAttribute"}
            if wish.get("Enabled"):
                if table.ttl_name is not None:
                    raise invalid("TimeToLive is already enabled")
                spec["TtlAttribute"] = wish["AttributeName"]
            elif table.ttl_name is None:
                raise invalid("TimeToLive is already disabled")
            changed = self._tables.change(connection, table.name, table.relation, spec)
            _recompute_expiry(connection, table, changed)
        return orjson.dumps({"TimeToLiveSpecification": wish})

    def describe_time_to_live(self, connection: Connection, body: Body) -> bytes:
        """DescribeTimeToLive."""
        table = self._need(connection, body)
        if table.ttl_name is None:
            return b'{"TimeToLiveDescription":{"TimeToLiveStatus":"DISABLED"}}'
        shown = {"TimeToLiveStatus": "ENABLED", "AttributeName": table.ttl_name}
        return orjson.dumps({"TimeToLiveDescription": shown})

    def expire(self, connection: Connection) -> int:
        """Delete the items whose time has passed, a few per transaction; return how many."""
        now_s = self._now_ms() // 1000
        deleted = 0
        for name in self._tables.names(connection):
            table = self._tables.read(connection, name)
            while table is not None and table.ttl_name is not None:
                due = (
                    f"SELECT pk, sk FROM {table.relation} INDEXED BY {_ttl_index(table)} "
                    "WHERE ttl IS NOT NULL AND ttl <= ? AND ttl > ? LIMIT ?"
                )
                parameters = (now_s, now_s - TTL_AGE_MAX_S, SWEEP_ROWS)
                swept = connection.execute(f"DELETE FROM {table.relation} WHERE (pk, sk) IN ({due})", parameters)
                deleted += swept.rowcount
                if swept.rowcount < SWEEP_ROWS:
                    break
        return deleted

    def _need(self, connection: Connection, body: Body) -> Table:
        name = body.get("TableName")
        table = self._tables.read(connection, name) if type(name) is str else None
        if table is None:
            check_table_name(name)
            raise CloudError("ResourceNotFoundException", f"Requested resource not found: Table: {name} not found")
        return table


def _recompute_expiry(connection: Connection, old: Table, table: Table) -> None:
    connection.execute(f"DROP INDEX IF EXISTS {_ttl_index(old)}")
    for pk, sk, text in connection.execute(f"SELECT pk, sk, item FROM {table.relation}").fetchall():
        expiry = table.derived_of(orjson.loads(text))[0]
        connection.execute(f"UPDATE {table.relation} SET ttl = ? WHERE pk = ? AND sk = ?", (expiry, pk, sk))
    if table.ttl_name is not None:
        connection.execute(f"CREATE INDEX {_ttl_index(table)} ON {table.relation} (ttl) WHERE ttl IS NOT NULL")


def _ttl_index(table: Table) -> str:
    return f"{table.relation}_ttl"


def _check_definition(body: Body) -> None:
    definitions = body.get("AttributeDefinitions") or []
    defined = {part["AttributeName"] for part in definitions}
    for part in definitions:
        if part["AttributeType"] not in ("S", "N", "B"):
            raise constraint(
                part["AttributeType"], "attributeDefinitions.member.attributeType", "satisfy enum value set: [B, N, S]"
            )
    indexes = [*(body.get("GlobalSecondaryIndexes") or []), *(body.get("LocalSecondaryIndexes") or [])]
    schemas = [body.get("KeySchema") or [], *(index.get("KeySchema") or [] for index in indexes)]
    used = set()
    for schema in schemas:
        kinds = [part["KeyType"] for part in schema]
        if kinds not in (["HASH"], ["HASH", "RANGE"]):
            raise invalid("Invalid KeySchema: The first KeySchemaElement is not a HASH key type")
        names = {part["AttributeName"] for part in schema}
        if len(names) != len(schema):
            raise invalid("Both the Hash Key and the Range Key element in the KeySchema have the same name")
        used |= names
    if not used <= defined:
        raise invalid(
            "One or more parameter values were invalid: Some index key attributes are not defined in "
            f"AttributeDefinitions. Keys: [{', '.join(sorted(used))}], AttributeDefinitions: "
            f"[{', '.join(sorted(defined))}]"
        )
    if used != defined:
        raise invalid(
            "One or more parameter values were invalid: Number of attributes in KeySchema does not exactly match "
            "number of attributes defined in AttributeDefinitions"
        )
    index_names = [index["IndexName"] for index in indexes]
    if len(set(index_names)) != len(index_names):
        raise invalid("One or more parameter values were invalid: Duplicate index name")


def _description(table: Table, count: int, size_bytes: int) -> dict[str, Any]:
    spec = table.spec
    arn = f"arn:aws:dynamodb:local:000000000000:table/{table.name}"
    shown = {
        "TableName": table.name,
        "TableStatus": "ACTIVE",
        "TableArn": arn,
        "TableId": table.relation,
        "KeySchema": spec["KeySchema"],
        "AttributeDefinitions": spec["AttributeDefinitions"],
        "CreationDateTime": spec["CreatedMs"] / 1000,
        "ItemCount": count,
        "TableSizeBytes": size_bytes,
        "BillingModeSummary": {"BillingMode": spec.get("BillingMode", "PROVISIONED")},
        "ProvisionedThroughput": {"ReadCapacityUnits": 0, "WriteCapacityUnits": 0, "NumberOfDecreasesToday": 0},
    }
    for member in ("GlobalSecondaryIndexes", "LocalSecondaryIndexes"):
        if spec.get(member):
            shown[member] = [
                {
                    "IndexName": index["IndexName"],
                    "KeySchema": index["KeySchema"],
                    "Projection": index.get("Projection", {"ProjectionType": "ALL"}),
                    "IndexArn": f"{arn}/index/{index['IndexName']}",
                    **({"IndexStatus": "ACTIVE"} if member.startswith("Global") else {}),
                }
                for index in spec[member]
            ]
    return shown

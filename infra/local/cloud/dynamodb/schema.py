"""A table as it is kept: its keys and indexes, its columns, and the SQL that touches its relation.

A relation has the encoded keys (pk, sk), the item as one JSON text of its wire form, its size, its expiry, and two
columns for each secondary index (g0p, g0s, ...; NULL when the item is not in that index). SQLite keeps the indexes,
so one statement changes item and indexes together.
"""

from collections.abc import Mapping
from typing import Any

from infra.local.cloud.errors import CloudError, constraint, invalid
from infra.local.cloud.items import Item, Value, key_bytes

HASH_BYTES_MAX = 2048
RANGE_BYTES_MAX = 1024
TTL_AGE_MAX_S = 5 * 365 * 86400
Key = tuple[bytes, bytes]


class KeySchema:
    """Names and types of a partition key and perhaps a sort key."""

    def __init__(self, schema: list[dict[str, str]], types: Mapping[str, str]) -> None:
        names = {part["KeyType"]: part["AttributeName"] for part in schema}
        self.hash_name = names["HASH"]
        self.range_name = names.get("RANGE")
        self.types = {name: types[name] for name in names.values()}
        self.hash_type = types[self.hash_name]
        self.range_type = types[self.range_name] if self.range_name else ""

    @property
    def names(self) -> list[str]:
        """The key attributes, partition first."""
        return [*self.types]


class Index(KeySchema):
    """A secondary index; columns are those of its encoded keys."""

    def __init__(self, number: int, spec: dict[str, Any], types: Mapping[str, str], is_local: bool) -> None:
        super().__init__(spec["KeySchema"], types)
        self.name: str = spec["IndexName"]
        self.hash_column = f"g{number}p"
        self.range_column = f"g{number}s"
        self.is_local = is_local
        projection = spec.get("Projection", {})
        self.projection: str = projection.get("ProjectionType", "ALL")
        self.included: list[str] = projection.get("NonKeyAttributes", [])

    def key_of(self, item: Item) -> tuple[bytes | None, bytes | None]:
        """Encode the item's place in this index, (None, None) when it has none."""
        hash_value = item.get(self.hash_name)
        range_value = item.get(self.range_name) if self.range_name else None
        if hash_value is not None:
            self._check(self.hash_name, self.hash_type, hash_value, HASH_BYTES_MAX)
        if range_value is not None and self.range_name:
            self._check(self.range_name, self.range_type, range_value, RANGE_BYTES_MAX)
        if hash_value is None or (self.range_name and range_value is None):
            return None, None
        return key_bytes(hash_value), key_bytes(range_value) if range_value else b""

    def _check(self, name: str, kind: str, value: Value, limit: int) -> None:
        if kind not in value:
            raise invalid(
                f"One or more parameter values were invalid: Type mismatch for Index Key {name} "
                f"Expected: {kind} Actual: {next(iter(value))} IndexName: {self.name}"
            )
        if not value[kind]:
            word = "string" if kind == "S" else "binary"
            raise invalid(
                "One or more parameter values are not valid. A value specified for a secondary index key is not "
                f"supported. The AttributeValue for a key attribute cannot contain an empty {word} value. "
                f"IndexName: {self.name}, IndexKey: {name}"
            )
        if len(value[kind]) * 4 > limit and len(key_bytes(value)) > limit:
            raise invalid(
                "One or more parameter values were invalid: Size of hashkey has exceeded the maximum size limit of "
                f"{limit} bytes"
            )


class Table:
    """One DynamoDB table."""

    def __init__(self, name: str, relation: str, spec: dict[str, Any]) -> None:
        self.name = name
        self.relation = relation
        self.spec = spec
        types = {part["AttributeName"]: part["AttributeType"] for part in spec["AttributeDefinitions"]}
        self.keys = KeySchema(spec["KeySchema"], types)
        self.hash_name, self.hash_type = self.keys.hash_name, self.keys.hash_type
        self.range_name, self.range_type = self.keys.range_name, self.keys.range_type
        self.key_count = len(self.keys.types)
        self.ttl_name: str | None = spec.get("TtlAttribute")
        both = [(index, False) for index in spec.get("GlobalSecondaryIndexes", [])]
        both += [(index, True) for index in spec.get("LocalSecondaryIndexes", [])]
        indexes = [Index(number, index, types, is_local) for number, (index, is_local) in enumerate(both)]
        self.indexes = {index.name: index for index in indexes}
        self.derived = {name for index in indexes for name in index.types} | (
            {self.ttl_name} if self.ttl_name else set()
        )
        self._write_statements(indexes)

    def _write_statements(self, indexes: list[Index]) -> None:
        columns = ["ttl"]
        for index in indexes:
            columns += [index.hash_column, index.range_column]
        self.columns = columns
        values = f"(?, ?, ?, ?, {', '.join('?' * len(columns))})"
        into = f"INTO {self.relation} (pk, sk, item, size, {', '.join(columns)}) VALUES "
        where = "WHERE pk = ? AND sk = ?"
        sets = ", ".join(f"{column} = ?" for column in columns)
        self.row_values = values
        self.sql_get = f"SELECT item, size FROM {self.relation} {where}"
        self.sql_put_head = f"REPLACE {into}"
        self.sql_put = f"REPLACE {into}{values}"
        self.sql_insert = f"INSERT {into}{values} ON CONFLICT DO NOTHING"
        self.sql_swap = f"UPDATE {self.relation} SET item = ?, size = ? {where} AND item = ?"
        self.sql_swap_all = f"UPDATE {self.relation} SET item = ?, size = ?, {sets} {where} AND item = ?"
        self.sql_delete = f"DELETE FROM {self.relation} {where}"
        self.sql_delete_same = f"DELETE FROM {self.relation} {where} AND item = ?"

    def definitions(self) -> list[str]:
        """Write the statements that create the relation and its indexes."""
        keyed = "".join(f", {column} BLOB" for column in self.columns[1:])
        statements = [
            f"CREATE TABLE {self.relation} (pk BLOB, sk BLOB, size INTEGER, ttl INTEGER{keyed}, item BLOB, "
            "PRIMARY KEY (pk, sk)) WITHOUT ROWID"
        ]
        for index in self.indexes.values():
            hash_column, range_column = index.hash_column, index.range_column
            statements.append(
                f"CREATE INDEX {self.relation}_{hash_column} ON {self.relation} "
                f"({hash_column}, {range_column}, pk, sk) WHERE {hash_column} IS NOT NULL"
            )
        return statements

    def key_of(self, key: Any) -> Key:
        """Encode the Key member of a request: exactly the key attributes, of their types, neither empty nor long."""
        if type(key) is not dict:
            raise constraint(None, "key", "not be null")
        if len(key) != self.key_count:
            raise _unlike_schema()
        try:
            hash_value = key[self.hash_name]
            range_value = key[self.range_name] if self.range_name else None
        except KeyError:
            raise _unlike_schema() from None
        if self.hash_type not in hash_value or (range_value is not None and self.range_type not in range_value):
            raise _unlike_schema()
        return self._encode(hash_value, range_value)

    def key_in(self, item: Item) -> Key:
        """Encode the key attributes of a whole item."""
        for name, kind in self.keys.types.items():
            value = item.get(name)
            if value is None:
                raise invalid(f"One or more parameter values were invalid: Missing the key {name} in the item")
            if kind not in value:
                raise invalid(
                    f"One or more parameter values were invalid: Type mismatch for key {name} "
                    f"expected: {kind} actual: {next(iter(value))}"
                )
        return self._encode(item[self.hash_name], item[self.range_name] if self.range_name else None)

    def derived_of(self, item: Item) -> list[Any]:
        """Compute the columns which follow from other attributes: expiry and places in the indexes."""
        columns: list[Any] = [self._expiry(item) if self.ttl_name else None]
        for index in self.indexes.values():
            columns += index.key_of(item)
        return columns

    def _expiry(self, item: Item) -> int | None:
        number = item.get(self.ttl_name or "", {}).get("N")
        return None if number is None else max(-1, min(int(number.partition(".")[0]), 1 << 62))

    def _encode(self, hash_value: Value, range_value: Value | None) -> Key:
        pk = key_bytes(hash_value)
        if not pk:
            raise _empty_key(self.hash_name, self.hash_type)
        if len(pk) > HASH_BYTES_MAX:
            raise invalid(
                "One or more parameter values were invalid: "
                f"Size of hashkey has exceeded the maximum size limit of {HASH_BYTES_MAX} bytes"
            )
        if range_value is None:
            return pk, b""
        sk = key_bytes(range_value)
        if not sk:
            raise _empty_key(self.range_name or "", self.range_type)
        if len(sk) > RANGE_BYTES_MAX:
            raise invalid(
                "One or more parameter values were invalid: "
                f"Aggregated size of all range keys has exceeded the size limit of {RANGE_BYTES_MAX} bytes"
            )
        return pk, sk


def _unlike_schema() -> CloudError:
    return invalid("The provided key element does not match the schema")


def _empty_key(name: str, kind: str) -> CloudError:
    word = "string" if kind == "S" else "binary"
    return invalid(
        "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty "
        f"{word} value. Key: {name}"
    )

"""ReturnConsumedCapacity: read and write units by item size, those of indexes included."""

from typing import Any

from infra.local.cloud.dynamodb.requests import Body
from infra.local.cloud.dynamodb.schema import Table
from infra.local.cloud.dynamodb.writes import Applied

READ_BYTES = 4096
WRITE_BYTES = 1024


def wanted(body: Body) -> bool:
    """Whether the request asks for consumed capacity."""
    return bool(body.get("ReturnConsumedCapacity", "NONE") != "NONE")


def read_units(size_bytes: int, *, consistent: bool) -> float:
    """Say what reading so many bytes costs; eventually consistent reads cost half."""
    units = max(1, -(-size_bytes // READ_BYTES))
    return float(units) if consistent else units / 2


def write_units(table: Table, applied: Applied) -> dict[str, float]:
    """Say what a write cost: under "" for the table, under each index's name for an entry added, moved or removed."""
    units = {"": float(max(1, -(-max(applied.old_size, applied.new_size) // WRITE_BYTES)))}
    for index in table.indexes.values():
        before = index.key_of(applied.old)[0] if applied.old else None
        after = index.key_of(applied.new)[0] if applied.new else None
        if before is None and after is None:
            continue
        moved = (
            before is not None
            and after is not None
            and index.key_of(applied.old or {}) != index.key_of(applied.new or {})
        )
        if moved or before != after or applied.old_text != applied.new_text:
            units[index.name] = units[""] * (2 if moved else 1)
    return units


def shown(body: Body, table_name: str, units: dict[str, float]) -> dict[str, Any]:
    """Write the ConsumedCapacity member."""
    answer: dict[str, Any] = {"TableName": table_name, "CapacityUnits": sum(units.values())}
    if body.get("ReturnConsumedCapacity") == "INDEXES":
        answer["Table"] = {"CapacityUnits": units.get("", 0.0)}
        indexes = {name: {"CapacityUnits": count} for name, count in units.items() if name}
        if indexes:
            answer["GlobalSecondaryIndexes"] = indexes
    return answer

"""Rows and expressions in DynamoDB's wire form, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from chalicelib.storage.expressions import All, AnyOf, Change, Compare, Condition, Exists, Missing, OneOf, Row

_FUNCTIONS = {"begins_with"}
DOC = "doc"


def key(pk: str, sk: str) -> dict[str, Any]:
    """Render a primary key."""
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def encode(row: Row) -> dict[str, Any]:
    """Render a row; None values are left out at the top level."""
    return {name: value(item, name) for name, item in row.items() if item is not None}


def value(item: Any, name: str = "") -> dict[str, Any]:
    """Render one attribute value."""
    if name == DOC:
        return {"S": orjson.dumps(item).decode()}
    if isinstance(item, str):
        return {"S": item}
    if isinstance(item, bool):
        return {"BOOL": item}
    if isinstance(item, int):
        return {"N": str(item)}
    if isinstance(item, float):
        return {"N": repr(item)}
    if item is None:
        return {"NULL": True}
    if isinstance(item, bytes):
        return {"B": item}
    if isinstance(item, Mapping):
        return {"M": {part: value(inner) for part, inner in item.items()}}
    if isinstance(item, list | tuple):
        return {"L": [value(inner) for inner in item]}
    raise TypeError(f"cannot store a {type(item).__name__}")


def decode(item: Mapping[str, Any]) -> Row:
    """Read a row."""
    row = {name: _plain(attribute) for name, attribute in item.items() if name != DOC}
    if DOC in item:
        row[DOC] = orjson.loads(item[DOC]["S"])
    return row


def _plain(attribute: Mapping[str, Any]) -> Any:
    ((kind, content),) = attribute.items()
    match kind:
        case "S" | "BOOL" | "B":
            return content
        case "N":
            return int(content) if content.lstrip("-").isdigit() else float(content)
        case "NULL":
            return None
        case "M":
            return {name: _plain(inner) for name, inner in content.items()}
        case "L":
            return [_plain(inner) for inner in content]
    raise TypeError(f"cannot read a {kind}")


class _Placeholders:
    """Names and values of one request, each given a short placeholder once."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.values: dict[str, Any] = {}

    def name(self, path: str) -> str:
        parts = []
        for part in path.split("."):
            parts.append(self.names.setdefault(part, f"#n{len(self.names)}"))
        return ".".join(parts)

    def value(self, item: Any, name: str = "") -> str:
        placeholder = f":v{len(self.values)}"
        self.values[placeholder] = value(item, name)
        return placeholder

    def request(self) -> dict[str, Any]:
        request: dict[str, Any] = {}
        if self.names:
            request["ExpressionAttributeNames"] = {short: name for name, short in self.names.items()}
        if self.values:
            request["ExpressionAttributeValues"] = self.values
        return request


def guarded(condition: Condition | None, change: Change | None = None) -> dict[str, Any]:
    """Render a condition (which answers the row it failed on) and a change."""
    places, request = _Placeholders(), {}
    if change is not None:
        request["UpdateExpression"] = _change(change, places)
    if condition is not None:
        request["ConditionExpression"] = _condition(condition, places)
        request["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
    return request | places.request()


def key_query(
    pk: str, prefix: str, between: tuple[str, str] | None, index: str, condition: Condition | None
) -> dict[str, Any]:
    """Render the key part of a query and its filter."""
    places = _Placeholders()
    hash_name, range_name = (f"{index}B", f"{index}K") if index else ("pk", "sk")
    text = f"{places.name(hash_name)} = {places.value(pk)}"
    if between is not None:
        low, high = places.value(between[0]), places.value(between[1])
        text += f" AND {places.name(range_name)} BETWEEN {low} AND {high}"
    elif prefix:
        text += f" AND begins_with({places.name(range_name)}, {places.value(prefix)})"
    request = {"KeyConditionExpression": text}
    if condition is not None:
        request["FilterExpression"] = _condition(condition, places)
    return request | places.request()


def _change(change: Change, places: _Placeholders) -> str:
    sets = [f"{places.name(name)} = {places.value(item, name)}" for name, item in change.put.items()]
    for name, item in change.default.items():
        short = places.name(name)
        sets.append(f"{short} = if_not_exists({short}, {places.value(item, name)})")
    for name, items in change.append.items():
        short = places.name(name)
        sets.append(f"{short} = list_append(if_not_exists({short}, {places.value([])}), {places.value(items)})")
    clauses = ["SET " + ", ".join(sets)] if sets else []
    if change.remove:
        clauses.append("REMOVE " + ", ".join(places.name(name) for name in change.remove))
    if change.add:
        clauses.append(
            "ADD " + ", ".join(f"{places.name(n)} {places.value(amount)}" for n, amount in change.add.items())
        )
    return " ".join(clauses)


def _condition(condition: Condition, places: _Placeholders) -> str:
    if isinstance(condition, Compare):
        left, right = places.name(condition.name), places.value(condition.value)
        if condition.operator in _FUNCTIONS:
            return f"{condition.operator}({left}, {right})"
        return f"{left} {condition.operator} {right}"
    if isinstance(condition, Exists):
        return f"attribute_exists({places.name(condition.name)})"
    if isinstance(condition, Missing):
        return f"attribute_not_exists({places.name(condition.name)})"
    if isinstance(condition, OneOf):
        options = ", ".join(places.value(item) for item in condition.values)
        return f"{places.name(condition.name)} IN ({options})"
    if isinstance(condition, All | AnyOf):
        word = " AND " if isinstance(condition, All) else " OR "
        return "(" + word.join(_condition(part, places) for part in condition.parts) + ")"
    raise TypeError(f"no such condition: {condition!r}")

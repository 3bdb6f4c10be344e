"""Conditions and changes as plain data.

State machines say what they want with these; storage/table.py turns it into DynamoDB's language, and a fake table in
the tests can evaluate it directly. Attribute names may be paths: `memo.s3` is the key `s3` inside the map `memo`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Row = dict[str, Any]


class Condition:
    """What must hold for a write to happen. Combine with & and |."""

    def __and__(self, other: Condition) -> Condition:
        return All((self, other))

    def __or__(self, other: Condition) -> Condition:
        return AnyOf((self, other))

    def holds(self, row: Row | None) -> bool:
        """Evaluate against a row as DynamoDB would; None is the absent item."""
        raise NotImplementedError


@dataclass(frozen=True)
class All(Condition):
    """Every part holds."""

    parts: tuple[Condition, ...]

    def holds(self, row: Row | None) -> bool:
        return all(part.holds(row) for part in self.parts)


@dataclass(frozen=True)
class AnyOf(Condition):
    """At least one part holds."""

    parts: tuple[Condition, ...]

    def holds(self, row: Row | None) -> bool:
        return any(part.holds(row) for part in self.parts)


@dataclass(frozen=True)
class Compare(Condition):
    """`name operator value`, false when the attribute is absent. Operators: = <> < <= > >= begins_with."""

    name: str
    operator: str
    value: Any

    def holds(self, row: Row | None) -> bool:
        found, actual = look_up(row, self.name)
        if not found:
            return self.operator == "<>"
        return _compare(actual, self.operator, self.value)


@dataclass(frozen=True)
class Exists(Condition):
    """The attribute is there."""

    name: str

    def holds(self, row: Row | None) -> bool:
        return look_up(row, self.name)[0]


@dataclass(frozen=True)
class Missing(Condition):
    """The attribute is not there; on the partition key it says that the item is absent."""

    name: str

    def holds(self, row: Row | None) -> bool:
        return not look_up(row, self.name)[0]


@dataclass(frozen=True)
class OneOf(Condition):
    """The attribute equals one of the values."""

    name: str
    values: tuple[Any, ...]

    def holds(self, row: Row | None) -> bool:
        found, actual = look_up(row, self.name)
        return found and any(_compare(actual, "=", value) for value in self.values)


def eq(name: str, value: Any) -> Condition:
    """Say that the attribute equals the value."""
    return Compare(name, "=", value)


def lt(name: str, value: Any) -> Condition:
    """Say that the attribute is less than the value."""
    return Compare(name, "<", value)


def le(name: str, value: Any) -> Condition:
    """Say that the attribute is at most the value."""
    return Compare(name, "<=", value)


ABSENT = Missing("pk")
PRESENT = Exists("pk")


@dataclass(frozen=True)
class Change:
    """What one update does: values to set, attributes to remove, numbers to add (absent counts as 0).

    `append` adds elements to the end of a list that may be absent; `default` sets a value only where the attribute
    is absent.
    """

    put: Mapping[str, Any] = field(default_factory=dict)
    remove: tuple[str, ...] = ()
    add: Mapping[str, int] = field(default_factory=dict)
    append: Mapping[str, list[Any]] = field(default_factory=dict)
    default: Mapping[str, Any] = field(default_factory=dict)


def look_up(row: Row | None, name: str) -> tuple[bool, Any]:
    """Find an attribute by its path; answer whether it is there, and its value."""
    value: Any = row
    for part in name.split("."):
        if not isinstance(value, dict) or part not in value:
            return False, None
        value = value[part]
    return True, value


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return "number"
    return "str" if isinstance(value, str) else type(value).__name__


def _compare(actual: Any, operator: str, value: Any) -> bool:
    if _kind(actual) != _kind(value):
        return operator == "<>"
    match operator:
        case "=":
            return bool(actual == value)
        case "<>":
            return bool(actual != value)
        case "<":
            return bool(actual < value)
        case "<=":
            return bool(actual <= value)
        case ">":
            return bool(actual > value)
        case ">=":
            return bool(actual >= value)
        case "begins_with":
            return str(actual).startswith(value)
    raise ValueError(f"no such operator: {operator}")

"""How much work a schema makes of a value, known before the work is done.

References can make a schema of twenty lines visit one value 2^20 times, and the validator cannot be stopped. What
would take longer than a moment is refused instead. A schema without references costs at most its size times the
value's; one with references is walked along the value, step by step, as the validator would.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from chalicelib.core.errors import TooLarge

MAX_PRODUCT = 50_000_000  # half a second of the validator's
MAX_STEPS = 200_000  # of the walk in Python
REFERENCE = "$ref"
_SAME_LISTS = ("allOf", "anyOf", "oneOf")
_SAME = ("not", "if", "then", "else")
_EVERY_ITEM = ("contains", "additionalItems", "unevaluatedItems")
_EVERY_FIELD = ("additionalProperties", "unevaluatedProperties", "propertyNames")


def nodes_in(value: Any, limit: int) -> int:
    """Count the values inside a JSON value, itself included, up to a limit."""
    count, open_values = 0, [value]
    while open_values and count < limit:
        item = open_values.pop()
        count += 1
        if isinstance(item, dict):
            open_values += item.values()
        elif isinstance(item, list):
            open_values += item
    return count


def has_references(schema: Any) -> bool:
    """Say whether a schema refers to parts of itself."""
    open_parts = [schema]
    while open_parts:
        part = open_parts.pop()
        if isinstance(part, dict):
            if isinstance(part.get(REFERENCE), str):
                return True
            open_parts += part.values()
        elif isinstance(part, list):
            open_parts += part
    return False


def check(schema: Any, schema_nodes: int, refers: bool, value: Any, where: str) -> None:
    """Refuse a check that would take too long. Raises TooLarge."""
    limit = MAX_PRODUCT // max(1, schema_nodes) + 1
    is_too_much = schema_nodes * nodes_in(value, limit) > MAX_PRODUCT
    if not is_too_much and refers:
        try:
            _Walk(schema).visit(schema, value)
        except (_TooManySteps, RecursionError):
            is_too_much = True
    if is_too_much:
        raise TooLarge(f"{where}: checking this value against its schema would take too long")


class _TooManySteps(Exception):
    """The walk was given up."""


class _Walk:
    def __init__(self, root: Any) -> None:
        self._root, self._steps = root, 0
        self._open: set[tuple[int, int]] = set()  # what is being visited: a reference back to it ends there

    def visit(self, schema: Any, value: Any) -> None:
        self._steps += 1
        if self._steps > MAX_STEPS:
            raise _TooManySteps
        here = (id(schema), id(value))
        if not isinstance(schema, dict) or here in self._open:
            return
        self._open.add(here)
        self._same_value(schema, value)
        if isinstance(value, dict):
            self._fields(schema, value)
        elif isinstance(value, list):
            self._items(schema, value)
        self._open.discard(here)

    def _same_value(self, schema: dict[str, Any], value: Any) -> None:
        target = schema.get(REFERENCE)
        if isinstance(target, str):
            self.visit(_resolved(self._root, target), value)
        for word in _SAME_LISTS:
            for part in _list(schema.get(word)):
                self.visit(part, value)
        for word in _SAME:
            if word in schema:
                self.visit(schema[word], value)
        for word in ("dependentSchemas", "dependencies"):
            for part in _dict(schema.get(word)).values():
                self.visit(part, value)

    def _fields(self, schema: dict[str, Any], value: dict[str, Any]) -> None:
        for name, part in _dict(schema.get("properties")).items():
            if name in value:
                self.visit(part, value[name])
        every = [*_dict(schema.get("patternProperties")).values(), *(schema.get(word) for word in _EVERY_FIELD)]
        for part in every:
            if isinstance(part, dict):
                for field in value.values():
                    self.visit(part, field)

    def _items(self, schema: dict[str, Any], value: list[Any]) -> None:
        items = schema.get("items")
        for parts in (_list(items), _list(schema.get("prefixItems"))):
            for part, item in zip(parts, value, strict=False):
                self.visit(part, item)
        for part in (items, *(schema.get(word) for word in _EVERY_ITEM)):
            if isinstance(part, dict):
                for item in value:
                    self.visit(part, item)


def _resolved(root: Any, target: str) -> Any:
    """Follow a JSON pointer inside the schema; one that leads nowhere was refused when the schema was saved."""
    found = root
    for step in unquote(target.removeprefix("#")).split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        if isinstance(found, list):
            found = found[int(name)] if name.isdecimal() and int(name) < len(found) else None
        else:
            found = _dict(found).get(name)
    return found


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}

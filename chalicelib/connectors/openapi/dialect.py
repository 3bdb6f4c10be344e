"""Schemas of OpenAPI 3.0 and 3.1 as plain JSON Schema, whole in themselves: references are put in place.

A schema that contains itself is cut where it comes again. One that is too deep or too large is shown to a smaller
depth, which its `$comment` states; what lies below is not checked then.
"""

from __future__ import annotations

from typing import Any

import orjson

from chalicelib.connectors.openapi import references
from chalicelib.connectors.openapi.references import Json

DEPTHS = (8, 6, 5, 4, 3, 2, 1, 0)
MAX_TEXT = 400
MAX_HOPS = 40  # references that lead to references
_TYPES = frozenset({"string", "number", "integer", "boolean", "array", "object", "null"})
_PLAIN = frozenset(
    {
        "format",
        "enum",
        "const",
        "default",
        "minimum",
        "maximum",
        "multipleOf",
        "minLength",
        "maxLength",
        "pattern",
        "minItems",
        "maxItems",
        "uniqueItems",
        "minProperties",
        "maxProperties",
        "deprecated",
        "readOnly",
        "writeOnly",
        "contentEncoding",
        "contentMediaType",
    }
)
_ONE = frozenset({"items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames"})
_LISTS = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
_NAMED = frozenset({"properties", "patternProperties"})


class _TooLarge(Exception):
    """More than may be shown."""


def fitted(root: Json, schema: Any, place: str, max_bytes: int, *, is_30: bool) -> Json:
    """Put a schema into plain JSON Schema of at most so many bytes. Raises InvalidInput for a broken reference."""
    for depth in DEPTHS:
        reader = _Reader(root, place, depth, max_bytes, is_30)
        try:
            made = reader.read(schema, 0, ())
        except _TooLarge:
            continue
        if isinstance(made, bool):
            return {} if made else {"not": {}}
        if len(orjson.dumps(made)) <= max_bytes:
            return made if not reader.is_cut else {**made, "$comment": f"shown to a depth of {depth}"}
    return {**_typed(references.resolve(root, schema, place)), "$comment": "too large to be shown"}


def without_patterns(schema: Any) -> Any:
    """Drop the patterns, for a schema whose patterns need more than a regular language."""
    if isinstance(schema, list):
        return [without_patterns(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        word: without_patterns(part)
        for word, part in schema.items()
        if word != "patternProperties" and not (word == "pattern" and isinstance(part, str))
    }


class _Reader:
    """Reads one schema to one depth."""

    def __init__(self, root: Json, place: str, max_depth: int, max_bytes: int, is_30: bool) -> None:
        self._root, self._place, self._is_30 = root, place, is_30
        self._max_depth, self._left = max_depth, max_bytes
        self.is_cut = False

    def read(self, schema: Any, depth: int, within: tuple[str, ...]) -> Any:
        """Read a schema; `within` are the references it stands in."""
        self._spend(4)
        if not isinstance(schema, dict):
            return schema if isinstance(schema, bool) else {}
        reference = schema.get("$ref")
        if isinstance(reference, str):
            return self._referred(schema, reference, depth, within)
        if depth > self._max_depth:
            self.is_cut = True
            return _typed(schema)
        made = {
            word: read for word, value in schema.items() if (read := self._word(word, value, depth, within)) is not None
        }
        if self._is_30:
            _modernise(schema, made)
        return made

    def _referred(self, schema: Json, reference: str, depth: int, within: tuple[str, ...]) -> Any:
        found = references.target(self._root, reference, self._place)
        if reference in within or len(within) >= MAX_HOPS:
            return {**_typed(found), "description": f"{references.name_of(reference)} again"}
        made = self.read(found, depth, (*within, reference))
        beside = {} if self._is_30 else {word: part for word, part in schema.items() if word != "$ref"}
        if not beside or not isinstance(made, dict):
            return made
        return {**made, **self.read(beside, depth, within)}

    def _word(self, word: str, value: Any, depth: int, within: tuple[str, ...]) -> Any:
        if word in _ONE and isinstance(value, dict | bool):
            made: Any = self.read(value, depth + 1, within)
        elif word in _LISTS and isinstance(value, list) and value:
            made = [self.read(part, depth + 1, within) for part in value]
        elif word in _NAMED and isinstance(value, dict):
            self._spend(sum(map(len, value)))
            made = {name: self.read(part, depth + 1, within) for name, part in value.items()}
        elif word == "description" and isinstance(value, str):
            made = value if len(value) <= MAX_TEXT else value[:MAX_TEXT] + "..."
        elif word == "required" and isinstance(value, list):
            made = list(dict.fromkeys(name for name in value if isinstance(name, str)))
        elif word == "type":
            made = _known_types(value)
        elif word in _PLAIN or (word in ("exclusiveMinimum", "exclusiveMaximum")):
            made = value
        else:
            return None
        self._spend(len(word) + _size(made))
        return made

    def _spend(self, size_bytes: int) -> None:
        self._left -= size_bytes
        if self._left < 0:
            raise _TooLarge


def _typed(schema: Any) -> Json:
    """Keep of a schema only its type."""
    kind = _known_types(schema.get("type")) if isinstance(schema, dict) else None
    return {} if kind is None else {"type": kind}


def _known_types(value: Any) -> Any:
    if isinstance(value, str):
        return value if value in _TYPES else None
    kinds = [kind for kind in value if kind in _TYPES] if isinstance(value, list) else []
    return list(dict.fromkeys(kinds)) or None


def _size(value: Any) -> int:
    if isinstance(value, str):
        return len(value)
    return sum(_size(part) + 3 for part in value if not isinstance(part, dict)) if isinstance(value, list) else 4


def _modernise(schema: Json, made: Json) -> None:
    """Turn what 3.0 says in its own words into JSON Schema's."""
    for exclusive, limit in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        if made.get(exclusive) is True and limit in made:
            made[exclusive] = made.pop(limit)
        elif isinstance(made.get(exclusive), bool):
            del made[exclusive]
    if schema.get("nullable") is not True:
        return
    if isinstance(made.get("type"), str):
        made["type"] = [made["type"], "null"]
        if isinstance(made.get("enum"), list) and None not in made["enum"]:
            made["enum"] = [*made["enum"], None]
    elif any(word in made for word in _LISTS):
        inner = {word: made.pop(word) for word in tuple(made) if word not in ("description", "default")}
        made["anyOf"] = [inner, {"type": "null"}]

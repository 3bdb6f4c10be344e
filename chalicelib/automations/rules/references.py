"""References to earlier data: `{"@type": "reference", "path": [...]}`, and `${steps.a.output.x}` inside texts.

A text that is one reference and nothing else keeps the type of what it names; inside a longer text numbers and texts
stand as they are, anything else as JSON. What is not there is null. `$${` writes `${`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import orjson

from chalicelib.core import references
from chalicelib.core.errors import TooLarge

Lookup = Callable[[list[str]], Any]
_TEMPLATE = re.compile(r"\$\$\{|\$\{([^{}]*)\}")
_PART = re.compile(r"\.?([A-Za-z_$][\w$-]*)|\[(\d{1,9})\]|\[\"((?:[^\"\\]|\\.)*)\"\]|\['([^']*)'\]|\.(\d{1,9})")
MAX_EXPANDED = 1_000_000
_STORABLE, _ROOM = 254, 100  # levels that can be stored; and those that may stand around what a reference puts in
MAX_PUT_IN = 16 * 1024 * 1024  # one big value named many times would not fit into memory


class BadPath(ValueError):
    """A text between `${` and `}` that is not a path."""


def parse(text: str) -> list[str]:
    """Read a path: `steps.a.output.list[0]["odd name"]`. Raises BadPath."""
    text, at, parts = text.strip(), 0, []
    while at < len(text):
        found = _PART.match(text, at)
        if found is None or (at == 0 and found[1] is None):
            raise BadPath(f"not a path: {text[:100]}")
        quoted = _unquoted(found[3]) if found[3] is not None else found[4]
        parts.append(next(part for part in (found[1], found[2], quoted, found[5]) if part is not None))
        at = found.end()
    if not parts:
        raise BadPath("an empty path")
    return parts


def _unquoted(text: str) -> str:
    try:
        read = str(json.loads(f'"{text}"'))
        read.encode()  # half a surrogate pair is no text
        return read
    except ValueError:
        raise BadPath(f"not a text: {text[:100]}") from None


def resolve(value: Any, lookup: Lookup) -> Any:
    """Replace every reference in a value by what it names.

    Raises TooLarge when they put in more than 16 MB, or what is nested too deep to be stored with more around it.
    """
    left_bytes = MAX_PUT_IN

    def counted(path: list[str]) -> Any:
        nonlocal left_bytes
        found = lookup(path)
        if isinstance(found, str | dict | list):
            left_bytes -= len(found) if isinstance(found, str) else _size_of(found)
        if left_bytes < 0:
            raise TooLarge(f"references may put in at most {MAX_PUT_IN // 1024 // 1024} MB")
        return found

    return references.filled(
        value,
        lambda text: _text(text, counted) if "${" in text else text,
        lambda tagged: counted([str(part) for part in tagged["path"]]),
    )


def _size_of(found: Any) -> int:
    for _ in range(_ROOM):
        found = [found]
    try:
        return len(orjson.dumps(found)) - 2 * _ROOM
    except orjson.JSONEncodeError as error:
        raise TooLarge(f"references may name what is nested at most {_STORABLE - _ROOM} deep") from error


def paths_in(value: Any, where: str) -> Iterator[tuple[str, list[str]]]:
    """List the references in a value, each with its place. Raises BadPath naming the place of a bad one."""
    if isinstance(value, str):
        for found in _TEMPLATE.finditer(value):
            if found[1] is not None:
                try:
                    yield where, parse(found[1])
                except BadPath as error:
                    raise BadPath(where) from error
    elif isinstance(value, dict) and value.get(references.TAG) == references.REFERENCE:
        path = value.get("path")
        if not isinstance(path, list) or not path or not all(isinstance(part, str | int) for part in path):
            raise BadPath(f"{where}.path")
        yield f"{where}.path", [str(part) for part in path]
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from paths_in(inner, f"{where}.{name}")
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from paths_in(inner, f"{where}.{number}")


def is_one(text: str) -> bool:
    """Say whether a text is one reference and nothing else."""
    whole = _TEMPLATE.fullmatch(text)
    return whole is not None and whole[1] is not None


def holds_one(text: str) -> bool:
    """Say whether a text holds a reference."""
    return any(found[1] is not None for found in _TEMPLATE.finditer(text))


def look_up(value: Any, path: list[str]) -> Any:
    """Follow a path through JSON data; None where it leads nowhere. Lists and texts have a `length`."""
    if path and path[-1] == "length":
        whole = references.look_up(value, path[:-1])
        if isinstance(whole, list | str):
            return len(whole)
    return references.look_up(value, path)


def _text(text: str, lookup: Lookup) -> Any:
    whole = _TEMPLATE.fullmatch(text)
    if whole is not None and whole[1] is not None:
        return lookup(parse(whole[1]))
    made = _TEMPLATE.sub(lambda found: "${" if found[1] is None else _shown(lookup(parse(found[1]))), text)
    return made[:MAX_EXPANDED]


def _shown(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))

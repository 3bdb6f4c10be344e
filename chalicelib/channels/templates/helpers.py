"""The helpers, each a function of its arguments and its named arguments. All of them also serve as blocks."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from chalicelib.channels.templates.dates import date_format
from chalicelib.channels.templates.texts import is_true, text_of

Params = list[Any]
Named = dict[str, Any]
Helper = Callable[[Params, Named], Any]
_INDEX = re.compile(r"0|[1-9][0-9]{0,8}")
_BEGINS = re.compile(r"\s*[+-]?(?:[0-9]{1,300}(?:\.[0-9]{0,300})?|\.[0-9]{1,300})")


def member(value: Any, name: str) -> Any:
    """Go one step into a value; None where there is nothing."""
    if isinstance(value, dict):
        return value.get(name)
    if isinstance(value, list | tuple):
        if name == "length":
            return len(value)
        return value[int(name)] if name.isdecimal() and int(name) < len(value) else None
    if isinstance(value, str) and name == "length":
        return len(value)
    return None


def loosely_equal(left: Any, right: Any) -> bool:
    """Compare as == of JavaScript does, for what JSON can hold."""
    if left is None or right is None:
        return left is right
    if isinstance(left, str) and isinstance(right, str):
        return left == right
    if isinstance(left, dict | list) or isinstance(right, dict | list):
        return left is right
    numbers = _number(left), _number(right)
    return numbers[0] is not None and numbers[0] == numbers[1]


def strictly_equal(left: Any, right: Any) -> bool:
    """Compare as === of JavaScript does, for what JSON can hold."""
    if isinstance(left, dict | list) or isinstance(right, dict | list):
        return left is right
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    return type(left) is type(right) and left == right if isinstance(left, str) else _same_number(left, right)


def _same_number(left: Any, right: Any) -> bool:
    return not isinstance(right, str) and bool(left == right)


def _number(value: Any) -> float | None:
    if isinstance(value, bool | int | float):
        return float(value)
    if isinstance(value, str):
        try:
            return float(value.strip() or 0)
        except ValueError:
            return None
    return None


def _ordered(params: Params, by: Callable[[Any, Any], bool]) -> bool:
    left, right = ([*params, None, None])[:2]
    if isinstance(left, str) and isinstance(right, str):
        return by(left, right)
    numbers = _number(left), _number(right)
    return None not in numbers and by(*numbers)


def _at(params: Params, position: int) -> Any:
    return params[position] if position < len(params) else None


def _title_case(params: Params, _: Named) -> str:
    words = text_of(_at(params, 0)).split(" ")
    return " ".join(word[:1].upper() + word[1:].lower() for word in words)


def _pluralize(params: Params, _: Named) -> str:
    return text_of(_at(params, 1 if strictly_equal(_at(params, 0), 1) else 2))


def _unique(params: Params, _: Named) -> list[Any]:
    items = params[0] if params and isinstance(params[0], list) else []
    values = [member(item, text_of(params[1])) for item in items] if len(params) > 1 else items
    found: list[Any] = []
    seen: set[Any] = set()
    for value in values:
        name = id(value) if isinstance(value, dict | list) else (isinstance(value, bool), value)
        if value is not None and name not in seen:
            seen.add(name)
            found.append(value)
    return found


def _group_by(params: Params, _: Named) -> list[dict[str, Any]]:
    groups: dict[str, list[Any]] = {}
    for item in params[0] if params and isinstance(params[0], list) else []:
        key = member(item, text_of(_at(params, 1)))
        if is_true(key):
            groups.setdefault(text_of(key), []).append(item)
    numbers = sorted(
        (key for key in groups if _INDEX.fullmatch(key)), key=int
    )  # objects of JavaScript list these first
    names = [key for key in groups if not _INDEX.fullmatch(key)]
    return [{"key": key, "items": groups[key]} for key in [*numbers, *names]]


def _sort_by(params: Params, _: Named) -> list[Any]:
    items = list(params[0]) if params and isinstance(params[0], list) else []
    name = text_of(_at(params, 1))

    def position(item: Any) -> tuple[int, float, str]:
        value = member(item, name) if name else item
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return (0, float(value), "") if is_number else (1, 0.0, text_of(value))

    return sorted(items, key=position)


def _number_format(params: Params, named: Named) -> Any:
    value = _at(params, 0)
    found = _BEGINS.match(value) if isinstance(value, str) else None
    number = float(found[0]) if found else _number(value)
    if number is None or isinstance(value, bool):
        return value
    places = max(0, min(20, int(_number(named.get("decimalLength", 2)) or 0)))
    text = f"{number:,.{places}f}"
    spelt = {",": text_of(named.get("thousandsSep", ",")), ".": text_of(named.get("decimalSep", "."))}
    return "".join(spelt.get(character, character) for character in text)


def cost(params: Params, result: Any) -> int:
    """Say how many steps a call counts for: lists it went through, texts it made."""
    walked = sum(len(param) for param in params if isinstance(param, list)) if isinstance(result, list) else 0
    return walked + (len(result) // 64 if isinstance(result, str) else 0)


INLINE: dict[str, Helper] = {
    "equals": lambda params, _: loosely_equal(_at(params, 0), _at(params, 1)),
    "eq": lambda params, _: strictly_equal(_at(params, 0), _at(params, 1)),
    "ne": lambda params, _: not strictly_equal(_at(params, 0), _at(params, 1)),
    "gt": lambda params, _: _ordered(params, lambda a, b: a > b),
    "gte": lambda params, _: _ordered(params, lambda a, b: a >= b),
    "lt": lambda params, _: _ordered(params, lambda a, b: a < b),
    "lte": lambda params, _: _ordered(params, lambda a, b: a <= b),
    "titlecase": _title_case,
    "uppercase": lambda params, _: text_of(_at(params, 0)).upper(),
    "lowercase": lambda params, _: text_of(_at(params, 0)).lower(),
    "pluralize": _pluralize,
    "dateFormat": lambda params, _: date_format(_at(params, 0), text_of(_at(params, 1))),
    "unique": _unique,
    "groupBy": _group_by,
    "sortBy": _sort_by,
    "numberFormat": _number_format,
    "json": lambda params, _: json.dumps(_at(params, 0), ensure_ascii=False, separators=(",", ":")),
    "lookup": lambda params, _: member(_at(params, 0), text_of(_at(params, 1))),
    "log": lambda params, _: "",
}

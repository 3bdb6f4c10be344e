"""The helpers, each a function of its arguments and its named arguments. All of them also serve as blocks."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from chalicelib.channels.templates.dates import date_format
from chalicelib.channels.templates.texts import is_true, text_of

Params = list[Any]
Named = dict[str, Any]
Helper = Callable[[Params, Named], Any]


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
    number = _at(params, 0)
    return f"{text_of(number)} {text_of(_at(params, 1 if number == 1 else 2))}"


def _unique(params: Params, _: Named) -> list[Any]:
    items = params[0] if params and isinstance(params[0], list) else []
    values = [member(item, text_of(params[1])) for item in items] if len(params) > 1 else items
    found: list[Any] = []
    for value in values:
        if value is not None and value not in found:
            found.append(value)
    return found


def _group_by(params: Params, _: Named) -> list[dict[str, Any]]:
    groups: dict[str, list[Any]] = {}
    for item in params[0] if params and isinstance(params[0], list) else []:
        key = member(item, text_of(_at(params, 1)))
        if is_true(key):
            groups.setdefault(text_of(key), []).append(item)
    return [{"key": key, "items": items} for key, items in groups.items()]


def _sort_by(params: Params, _: Named) -> list[Any]:
    items = list(params[0]) if params and isinstance(params[0], list) else []
    name = text_of(_at(params, 1))

    def position(item: Any) -> tuple[int, float, str]:
        value = member(item, name) if name else item
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return (0, float(value), "") if is_number else (1, 0.0, text_of(value))

    return sorted(items, key=position)


def _number_format(params: Params, named: Named) -> Any:
    number = _number(_at(params, 0))
    if number is None:
        return _at(params, 0)
    places = max(0, min(20, int(_number(named.get("decimalLength", 2)) or 0)))
    text = f"{number:,.{places}f}"
    spelt = {",": text_of(named.get("thousandsSep", ",")), ".": text_of(named.get("decimalSep", "."))}
    return "".join(spelt.get(character, character) for character in text)


INLINE: dict[str, Helper] = {
    "equals": lambda params, _: loosely_equal(_at(params, 0), _at(params, 1)),
    "eq": lambda params, _: loosely_equal(_at(params, 0), _at(params, 1)),
    "ne": lambda params, _: not loosely_equal(_at(params, 0), _at(params, 1)),
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

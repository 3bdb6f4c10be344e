"""What the fields of a definition may hold, each by its kind (language.KINDS says the same as JSON Schema)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from chalicelib.automations.rules import references
from chalicelib.automations.rules.language import (
    IDENTIFIER,
    MAX_ATTEMPTS,
    MAX_CODE_BYTES,
    MAX_EVENT_NAME,
    MAX_EXPRESSION,
    MAX_FACTOR,
    MAX_ITEMS,
    MAX_PARALLEL,
    MAX_WAIT_S,
    OPERATORS,
)
from chalicelib.core.call import usable_text
from chalicelib.core.errors import Fault, InvalidInput

_IDENTIFIER = re.compile(IDENTIFIER.removesuffix("$") + r"\Z")
Faults = Iterator[Fault]


def unknown(given: Any, known: frozenset[str], where: str) -> Faults:
    """Find fields that are not known."""
    for name in given:
        if name not in known:
            yield Fault(f"{where}.{str(name)[:100]}", "is not a field here", "unknown")


def _a(what: type | tuple[type, ...], message: str) -> Callable[[Any, str], Faults]:
    def check(value: Any, where: str) -> Faults:
        if not isinstance(value, what):
            yield Fault(where, message, "type")

    return check


def _text(most: int) -> Callable[[Any, str], Faults]:
    def check(value: Any, where: str) -> Faults:
        if not isinstance(value, str) or not 1 <= len(value) <= most:
            yield Fault(where, f"must be a text of 1 to {most} characters", "type")

    return check


def _identifier(value: Any, where: str) -> Faults:
    if not isinstance(value, str) or not _IDENTIFIER.match(value):
        yield Fault(where, "must begin with a letter and hold letters, digits and _ only, at most 64", "name")


def is_made(value: Any, *, whole: bool = False) -> bool:
    """Say whether a value is made while running: a reference, or a text that holds one (`whole`: is nothing else)."""
    if isinstance(value, dict):
        return value.get("@type") == "reference"
    return isinstance(value, str) and (references.is_one if whole else references.holds_one)(value)


def holds_made(value: Any) -> bool:
    """Say whether a value, or something in it, is made while running."""
    if isinstance(value, list):
        return any(map(holds_made, value))
    return is_made(value) or (isinstance(value, dict) and any(map(holds_made, value.values())))


def _amount(most: int, *, whole: bool = False) -> Callable[[Any, str], Faults]:
    def check(value: Any, where: str) -> Faults:
        if is_made(value, whole=True):
            return
        is_number = isinstance(value, int if whole else int | float) and not isinstance(value, bool)
        if not is_number:
            yield Fault(where, f"must be a {'whole ' if whole else ''}number, or a reference to one", "type")
        elif not 0 <= value <= most:
            yield Fault(where, f"must be from 0 to {most}", "range")

    return check


def _moment(value: Any, where: str) -> Faults:
    if is_made(value):
        return
    if isinstance(value, str):
        try:
            at = datetime.fromisoformat(value)
            if at.year < 1970:
                raise ValueError(at)
        except ValueError:
            yield Fault(where, "must be a time in ISO 8601, or milliseconds since 1970", "format")
    elif not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**47:
        yield Fault(where, "must be a time in ISO 8601, or milliseconds since 1970", "type")


def _code(value: Any, where: str) -> Faults:
    if not isinstance(value, str) or not 1 <= len(value.encode()) <= MAX_CODE_BYTES:
        yield Fault(where, f"must be a text of 1 to {MAX_CODE_BYTES} bytes", "type")


def _items(value: Any, where: str) -> Faults:
    if is_made(value, whole=True):
        return
    if not isinstance(value, list | dict):
        yield Fault(where, "must be a list or an object, or a reference to one", "type")
    elif len(value) > MAX_ITEMS:
        yield Fault(where, f"may have at most {MAX_ITEMS} items", "too_many")


def _object_or_made(value: Any, where: str) -> Faults:
    if value is not None and not isinstance(value, dict) and not is_made(value, whole=True):
        yield Fault(where, "must be an object, or a reference to one", "type")


def _event(value: Any, where: str) -> Faults:
    if is_made(value):
        return
    if not isinstance(value, str) or not 1 <= len(value) <= MAX_EVENT_NAME:
        yield Fault(where, f"must be a text of 1 to {MAX_EVENT_NAME} characters", "type")
        return
    try:
        usable_text(value, where, MAX_EVENT_NAME)
    except InvalidInput as error:
        yield from error.faults


def _match(value: Any, where: str) -> Faults:
    if not isinstance(value, dict):
        yield Fault(where, "must be an object", "type")
        return
    for path in () if is_made(value) else value:
        try:
            references.parse(path)
        except references.BadPath:
            yield Fault(f"{where}.{path[:100]}", "is not a path in the payload", "reference")


def _among(*values: Any) -> Callable[[Any, str], Faults]:
    def check(value: Any, where: str) -> Faults:
        if value not in values:
            yield Fault(where, f"must be one of: {', '.join(map(str, values))}", "enum")

    return check


def _whole(low: int, high: int) -> Callable[[Any, str], Faults]:
    def check(value: Any, where: str) -> Faults:
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            yield Fault(where, f"must be a whole number from {low} to {high}", "range")

    return check


def _condition(value: Any, where: str) -> Faults:
    if isinstance(value, str):
        yield from _text(MAX_EXPRESSION)(value, where)
        return
    if not isinstance(value, dict):
        yield Fault(where, "must be a JavaScript expression or {left, operator, right}", "type")
        return
    joined = [word for word in ("all", "any", "not") if word in value]
    if len(joined) == 1 and len(value) == 1:
        parts = [value["not"]] if joined == ["not"] else value[joined[0]]
        if not isinstance(parts, list) or not parts or not all(isinstance(part, dict) for part in parts):
            yield Fault(f"{where}.{joined[0]}", "must hold conditions of the form {left, operator, right}", "type")
            return
        for number, part in enumerate(parts):
            yield from _condition(part, f"{where}.{joined[0]}" + ("" if joined == ["not"] else f".{number}"))
        return
    yield from unknown(value, frozenset({"left", "operator", "right"}), where)
    yield from _among(*OPERATORS)(value.get("operator"), f"{where}.operator")


def _branch_list(part: str) -> Callable[[Any, str], Faults]:
    def check(value: Any, where: str) -> Faults:
        if not isinstance(value, list) or not value:
            yield Fault(where, "must be a list of at least one branch", "type")
            return
        for number, branch in enumerate(value):
            place = f"{where}.{number}"
            if not isinstance(branch, dict):
                yield Fault(place, "must be an object", "type")
                continue
            yield from unknown(branch, frozenset({part, "steps"}), place)
            if part not in branch:
                yield Fault(f"{place}.{part}", "is required", "missing")
            elif part == "condition":
                yield from _condition(branch[part], f"{place}.{part}")

    return check


def _retry(value: Any, where: str) -> Faults:
    if not isinstance(value, dict):
        yield Fault(where, "must be an object", "type")
        return
    yield from unknown(value, frozenset({"maxAttempts", "backoff"}), where)
    yield from _whole(1, MAX_ATTEMPTS)(value.get("maxAttempts"), f"{where}.maxAttempts")
    backoff = value.get("backoff", {})
    if not isinstance(backoff, dict):
        yield Fault(f"{where}.backoff", "must be an object: seconds, factor, maxSeconds", "type")
        return
    yield from unknown(backoff, frozenset({"seconds", "factor", "maxSeconds"}), f"{where}.backoff")
    for name, amount in backoff.items():
        low, high = (1, MAX_FACTOR) if name == "factor" else (0, 86_400)
        if not isinstance(amount, int | float) or isinstance(amount, bool) or not low <= amount <= high:
            yield Fault(f"{where}.backoff.{str(name)[:100]}", f"must be a number from {low} to {high}", "range")


def _on_error(value: Any, where: str) -> Faults:
    if isinstance(value, dict) and set(value) == {"goto"}:
        yield from _identifier(value["goto"], f"{where}.goto")
    elif value not in ("fail", "continue"):
        yield Fault(where, 'must be "fail", "continue" or {"goto": step}', "enum")


def _nothing(_value: Any, _where: str) -> Faults:
    return iter(())


CHECKS: dict[str, Callable[[Any, str], Faults]] = {
    "text": _text(10_000),
    "code": _code,
    "identifier": _identifier,
    "type": _nothing,
    "any": _nothing,
    "object": _a(dict, "must be an object"),
    "object_or_made": _object_or_made,
    "items": _items,
    "event": _event,
    "match": _match,
    "flag": _a(bool, "must be true or false"),
    "count": _amount(MAX_ITEMS, whole=True),
    "seconds": _amount(MAX_WAIT_S),
    "moment": _moment,
    "parallelism": _whole(1, MAX_PARALLEL),
    "item_errors": _among("fail", "collect"),
    "steps": _nothing,
    "condition": _condition,
    "branches": _branch_list("condition"),
    "value_branches": _branch_list("equals"),
    "retry": _retry,
    "on_error": _on_error,
}

"""Reading JSON that strangers sent: bounded, finite, and read the same way by every reader.

Refused, with the reason: more than the size allowed, nesting beyond 64, NaN and infinities, numbers beyond a double or
38 digits, lone surrogates, duplicate names, and the names that would reach a JavaScript prototype. Whole numbers
beyond 64 bits, which nothing behind the edge can keep, are treated as `integers` says.
"""

from __future__ import annotations

import json
import math
import re
from enum import Enum
from typing import Any

from chalicelib.core.errors import InvalidInput, TooLarge

MAX_BYTES = 1_048_576
MAX_DEPTH = 64
_MAX_DIGITS = 38
_REFUSED_NAMES = frozenset({"__proto__", "constructor", "prototype"})
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"?', re.DOTALL)
_BRACKET = re.compile(rb"[\[\]{}]")
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


class Integers(Enum):
    """What becomes of whole numbers beyond 64 bits."""

    KEPT = "kept"
    REFUSED = "refused"
    DOUBLES = "doubles"  # as JavaScript reads them


def read(raw: bytes, *, where: str = "body", max_bytes: int = MAX_BYTES, integers: Integers = Integers.KEPT) -> Any:
    """Parse JSON text. Raises TooLarge or InvalidInput saying what is wrong and where."""
    if len(raw) > max_bytes:
        raise TooLarge(f"the {where} is larger than {max_bytes} bytes")
    _check_depth(raw, where)
    try:
        value = _DECODERS[integers].decode(raw.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise InvalidInput.at(where, "is not UTF-8", "encoding") from error
    except _Refused as error:
        raise InvalidInput.at(where, str(error), "json") from None
    except json.JSONDecodeError as error:
        raise InvalidInput.at(
            where, f"is not JSON: {error.msg} at line {error.lineno}, column {error.colno}", "json"
        ) from None
    if _SURROGATE.search(raw) and not _is_encodable(value):
        raise InvalidInput.at(where, "holds half of a surrogate pair", "encoding")
    return value


def depth_of(value: Any) -> int:
    """Measure the nesting of a value that is already parsed."""
    deepest, open_values = 0, [(value, 1)]
    while open_values:
        item, depth = open_values.pop()
        deepest = max(deepest, depth)
        if isinstance(item, dict):
            open_values += [(inner, depth + 1) for inner in item.values()]
        elif isinstance(item, list):
            open_values += [(inner, depth + 1) for inner in item]
    return deepest


class _Refused(ValueError):
    """Why a value is not taken."""


def _check_depth(raw: bytes, where: str) -> None:
    if raw.count(b"[") + raw.count(b"{") <= MAX_DEPTH:
        return
    depth = 0
    for bracket in _BRACKET.findall(_STRING.sub(b"", raw)):
        depth += 1 if bracket in b"[{" else -1
        if depth > MAX_DEPTH:
            raise InvalidInput.at(where, f"is nested deeper than {MAX_DEPTH}", "depth")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise _Refused("holds the same name twice in one object")
    if not _REFUSED_NAMES.isdisjoint(made):
        raise _Refused(f"holds the refused name {sorted(_REFUSED_NAMES & made.keys())[0]}")
    return made


def _float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise _Refused("holds a number too large")
    return number


def _int(text: str) -> int:
    if len(text.lstrip("-")) > _MAX_DIGITS:
        raise _Refused(f"holds a number of more than {_MAX_DIGITS} digits")
    return int(text)


def _int_of_64_bits(text: str) -> int:
    number = _int(text)
    if not _is_kept(number):
        raise _Refused("holds a whole number beyond 64 bits")
    return number


def _int_or_double(text: str) -> int | float:
    number = _int(text)
    return number if _is_kept(number) else float(number)


def _is_kept(number: int) -> bool:
    return -(2**63) <= number < 2**64


def _constant(text: str) -> Any:
    raise _Refused(f"holds {text}, which is not JSON")


def _is_encodable(value: Any) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


_READERS = {Integers.KEPT: _int, Integers.REFUSED: _int_of_64_bits, Integers.DOUBLES: _int_or_double}
_DECODERS = {
    integers: json.JSONDecoder(object_pairs_hook=_object, parse_float=_float, parse_int=reads, parse_constant=_constant)
    for integers, reads in _READERS.items()
}

"""DynamoDB attribute values in their wire form ({"S": "x"}): validity, size, equality, order.

Equality is plain == because `measure` brings every value it meets into one form: numbers canonical, sets sorted.
"""

from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from typing import Any

from infra.local.cloud import numbers
from infra.local.cloud.errors import CloudError, invalid

Value = dict[str, Any]
Item = dict[str, Value]

ITEM_BYTES_MAX = 400 * 1024
DEPTH_MAX = 32
TYPE_NAMES = {
    "S": "STRING",
    "N": "NUMBER",
    "B": "BINARY",
    "BOOL": "BOOLEAN",
    "NULL": "NULL",
    "L": "LIST",
    "M": "MAP",
    "SS": "STRING_SET",
    "NS": "NUMBER_SET",
    "BS": "BINARY_SET",
}


def measure(value: Any, depth: int = 0) -> int:
    """Validate a value, bring it into its one form in place, and say how many bytes it counts for."""
    try:
        [(kind, content)] = value.items()
    except (ValueError, AttributeError):
        raise _malformed(value) from None
    if kind == "S":
        if type(content) is not str:
            raise _unserializable("S", content)
        return len(content) if content.isascii() else len(content.encode())
    if kind == "N":
        if type(content) is not str:
            raise _unserializable("N", content)
        text = value["N"] = numbers.canonical(content)
        return numbers.size(text)
    if kind == "BOOL" or kind == "NULL":
        if content is not True and (kind == "NULL" or content is not False):
            raise invalid(
                "One or more parameter values were invalid: Null attribute value types must have the value of true"
            )
        return 1
    if kind == "M":
        return _measure_map(content, depth + 1)
    if kind == "L":
        return _measure_list(content, depth + 1)
    if kind == "B":
        return len(binary(content))
    if kind in ("SS", "NS", "BS"):
        return _measure_set(value, kind, content)
    raise _malformed(value)


def measure_item(item: Any) -> int:
    """Validate a whole item and say its size, names counted."""
    if type(item) is not dict:
        raise _unserializable("item", item)
    size = 0
    for name, value in item.items():
        size += name_size(name) + measure(value)
    return size


def name_size(name: str) -> int:
    """Say how many bytes an attribute's name counts for."""
    return len(name) if name.isascii() else len(name.encode())


def binary(content: Any) -> bytes:
    """Decode the wire form of binary data."""
    if type(content) is not str:
        raise _unserializable("B", content)
    try:
        return b64decode(content, validate=True)
    except (Base64Error, ValueError):
        raise CloudError("SerializationException", "Base64 content is invalid") from None


def sort_key(value: Value) -> Any:
    """Give what orders a string, number or binary value among others of its type."""
    [(kind, content)] = value.items()
    if kind == "S":
        return content  # Python orders by code point, which is the order of the UTF-8 bytes
    return numbers.comparable(content) if kind == "N" else binary(content)


def key_bytes(value: Value) -> bytes:
    """Encode a key attribute so that bytes sort as DynamoDB sorts keys of that type."""
    [(kind, content)] = value.items()
    if kind == "S":
        return content.encode()  # type: ignore[no-any-return]
    return numbers.sortable(content) if kind == "N" else binary(content)


def _measure_map(content: Any, depth: int) -> int:
    if type(content) is not dict:
        raise _unserializable("M", content)
    _check_depth(depth)
    size = 3
    for name, value in content.items():
        size += name_size(name) + 1 + measure(value, depth)
    return size


def _measure_list(content: Any, depth: int) -> int:
    if type(content) is not list:
        raise _unserializable("L", content)
    _check_depth(depth)
    size = 3
    for value in content:
        size += 1 + measure(value, depth)
    return size


def _measure_set(value: Value, kind: str, content: Any) -> int:
    if type(content) is not list:
        raise _unserializable(kind, content)
    if not content:
        word = {"SS": "string", "NS": "number", "BS": "binary"}[kind]
        raise invalid(f"One or more parameter values were invalid: An {word} set  may not be empty")
    sizes = []
    members = []
    for member in content:
        single = {kind[0]: member}
        sizes.append(measure(single))
        members.append(single[kind[0]])
    if len(set(members)) != len(members):
        shown = ", ".join(members)
        raise invalid(f"One or more parameter values were invalid: Input collection [{shown}] contains duplicates.")
    value[kind] = sorted_members(kind, members)
    return sum(sizes)


def sorted_members(kind: str, members: list[str]) -> list[str]:
    """Order the members of a set, so that equal sets are equal lists."""
    if kind == "NS":
        return sorted(members, key=numbers.comparable)
    if kind == "BS":
        return [b64encode(raw).decode() for raw in sorted(map(binary, members))]
    return sorted(members)


def _check_depth(depth: int) -> None:
    if depth > DEPTH_MAX:
        raise invalid("Nesting Levels have exceeded supported limits")


def _malformed(value: Any) -> CloudError:
    if type(value) is dict and len(value) > 1:
        return invalid(
            "Supplied AttributeValue has more than one datatypes set, "
            "must contain exactly one of the supported datatypes"
        )
    return invalid("Supplied AttributeValue is empty, must contain exactly one of the supported datatypes")


def _unserializable(kind: str, content: Any) -> CloudError:
    return CloudError("SerializationException", f"Unexpected value of type {type(content).__name__} for {kind}")
